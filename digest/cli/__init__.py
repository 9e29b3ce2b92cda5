"""The command line: read input, call one story, show the answer."""

import gc
import os
import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main() -> None:
    """Run `digest`. The program is loaded inside, so that Ctrl-C is answered in words even then."""
    _make_ready()
    try:
        from digest.cli.program import run

        run()
    except KeyboardInterrupt:
        _say_interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _say_interrupted()
        raise


def _make_ready() -> None:
    """What must be so before the first library is loaded.

    numpy's threads only cost us: our matrices are small, and senders are processes. A collector of
    garbage that runs every 700 objects takes a fifth of the time that loading takes.
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    gc.set_threshold(20_000)


def _say_interrupted() -> None:
    sys.stderr.write("interrupted: what was done is kept; the same command again does the rest\n")
    # An interrupt that passed through an exec of text, as named tuples are made by, is never
    # forgotten: the interpreter would end by SIGINT after all. The next exec forgets it.
    exec("")  # noqa: S102
    sys.exit(INTERRUPTED)
