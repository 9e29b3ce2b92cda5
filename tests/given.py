"""Builds the data of tests, so that a test states only what matters to it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def shared(path: str) -> Path:
    """A file or folder of the recorded inputs beside the project; skips the test where absent."""
    found = ROOT.parent / "shared" / path
    if not found.exists():
        pytest.skip(f"recorded input ../shared/{path} is not here")
    return found
