"""The command line: read input, call one story, show the answer."""

import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main() -> None:
    """Run `digest`. The program is loaded inside, so that Ctrl-C is answered in words even then."""
    try:
        from digest.cli.program import run

        run()
    except KeyboardInterrupt:
        _say_interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _say_interrupted()
        raise


def _say_interrupted() -> None:
    sys.stderr.write("interrupted: what was done is kept; the same command again does the rest\n")
    sys.exit(INTERRUPTED)
