"""`digest` as it is, but for two numbers: `python -m tests.torture.launch CREW_FROM send ...`.

A crew comes for fewer readers, and a ledger that cannot be written is waited for no longer than
PATIENCE_S, so that a short test has seen both.
"""

import sys

from digest import handover, sender
from digest.cli import main

PATIENCE_S = 2.0

if __name__ == "__main__":
    sender.CREW_FROM = int(sys.argv.pop(1))
    handover.PATIENCE_S = PATIENCE_S
    main()
