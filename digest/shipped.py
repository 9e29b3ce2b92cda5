"""Where the files that travel with the program lie: in the wheel, or in the source tree."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """The folder `name` ("templates", "seeds"): the wheel's copy, else the source tree's."""
    packed = PACKAGE / "_shipped" / name
    return packed if packed.is_dir() else PACKAGE.parent / name
