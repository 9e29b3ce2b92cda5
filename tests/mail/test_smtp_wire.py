"""What left this machine when a write stuck half-way, and what form DATA is in."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.mail.options import Patience
from digest.mail.wire import Lost, Wire
from digest.mail.wireform import wire_form

CONTENT = b"Subject: x\r\n\r\nhello\r\n"
BEHIND = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
WHOLE = len(CONTENT) + 3


class Stuck(asyncio.Transport):
    """A connection whose kernel takes so many octets at first; asyncio's rules for the rest."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self.takes, self.left, self.low, self.paused = takes, 0, 0, False
        self.wire: Wire | None = None

    def is_closing(self) -> bool:
        return False

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.left += sum(map(len, list_of_data))
        self.take(self.takes)

    def get_write_buffer_size(self) -> int:
        return self.left

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high is not None and low is not None
        self.low = low
        self.paused = self.left > high

    def take(self, octets: int) -> None:
        self.left -= min(octets, self.left)
        if self.paused and self.left <= self.low:
            self.paused = False
            assert self.wire is not None
            self.wire.resume_writing()

    def abort(self) -> None:
        self.left = 0


async def lost_after(first: int, later: int, behind: bytes) -> bool:
    """Whether the dot has left when the kernel took `first` octets, then `later` more."""
    transport = Stuck(first)
    wire = transport.wire = Wire(transport, Patience(1, 1, 1))
    wire.send_content(CONTENT, behind, 3 if behind else 0)
    transport.take(later)
    wire.connection_lost(ConnectionResetError("reset"))
    with pytest.raises(Lost):
        await wire.dot_reply()
    return wire.dot_gone


@pytest.mark.parametrize("behind", [b"", BEHIND])
def test_a_stuck_write_tells_whether_the_final_dot_was_in_it(behind: bytes) -> None:
    for first in range(WHOLE + len(behind) + 1):
        gone = asyncio.run(lost_after(first, 0, behind))
        assert gone or first < WHOLE  # what has left is never called safe
        assert not gone or first >= WHOLE - 1  # its last octet alone may be called gone


@pytest.mark.parametrize("behind", [b"", BEHIND])
@pytest.mark.parametrize("first", [0, 5, WHOLE - 3])
def test_a_dot_that_leaves_later_is_noticed(behind: bytes, first: int) -> None:
    for later in range(WHOLE + len(behind) - first + 1):
        gone = asyncio.run(lost_after(first, later, behind))
        assert gone or first + later < WHOLE
        assert not gone or first + later >= WHOLE - 1


def plain_wire_form(data: bytes) -> bytes:
    """What RFC 5321, 2.3.8 and 4.5.2 ask, said slowly."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"" and len(lines) > 1:
        lines.pop()
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b".."])).map(b"".join))
@example(b"")
@example(b"a\r\n.\r\n")
@example(b"\r\r\n")
@example(b"a\r\n\r")
@example(b"a\n\r\n")
def test_data_is_in_wire_form_whatever_it_was(data: bytes) -> None:
    assert wire_form(data) == plain_wire_form(data)


@pytest.mark.parametrize("data", [CONTENT, b"\r\n", b"a.b\r\n" * 3])
def test_data_in_wire_form_is_not_touched(data: bytes) -> None:
    assert wire_form(data) is data
