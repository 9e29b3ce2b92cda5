"""The command line: read input, call one story, show the answer."""

from digest.cli.program import main

__all__ = ["main"]
