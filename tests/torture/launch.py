"""`digest`, with a crew for fewer readers: `python -m tests.torture.launch CREW_FROM send ...`."""

import sys

from digest import sender
from digest.cli import main

if __name__ == "__main__":
    sender.CREW_FROM = int(sys.argv.pop(1))
    main()
