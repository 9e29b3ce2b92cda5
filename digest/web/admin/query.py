"""What stands behind the ? of a page's address; whatever is wrong there is as if it were not."""

from datetime import UTC, date

from digest.web.admin.gate import Call

_MOST_DIGITS = 18


def day_in(call: Call, name: str = "day") -> date:
    """A day; today if there is none."""
    try:
        return date.fromisoformat(call.request.query_params.get(name, ""))
    except ValueError:
        return call.app.clock().astimezone(UTC).date()


def number_in(call: Call, name: str, default: int = 0) -> int:
    """A number that a row can have."""
    text = call.request.query_params.get(name, "")
    fits = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if fits else default


def text_in(call: Call, name: str, most: int = 200) -> str:
    """Printable text."""
    text = call.request.query_params.get(name, "")[:most]
    return "".join(char for char in text if char.isprintable()).strip()
