"""The live line of a send: how many of how many, how fast, what went wrong, how long still."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, TextColumn

from digest.cli.terminal import err
from digest.core.delivery import State
from digest.sender import Progress as Hears
from digest.sender import Tally

_WINDOW_S = 10.0
_SHOWN = (State.DEFERRED, State.BOUNCED, State.IN_DOUBT, State.SUPPRESSED, State.EMPTY,
          State.EXPIRED)  # fmt: skip


@contextmanager
def sending() -> Iterator[Hears]:
    """A line on a terminal, gone when it is done; silent anywhere else.

    It is drawn when it is told something, without a thread: sending makes processes.
    """
    bar = Progress(
        TextColumn("sending"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}"),
        console=err,
        transient=True,
        auto_refresh=False,
        disable=not err.is_terminal,
    )
    speed = Speed()
    with bar:
        task = bar.add_task("", total=None, told="")

        def hear(tally: Tally) -> None:
            speed.note(time.monotonic(), tally.done)
            total = tally.total or None
            bar.update(task, completed=tally.done, total=total, told=line(tally, speed))
            bar.refresh()

        yield hear


@dataclass(slots=True)
class Speed:
    """How many a second, by the last few seconds."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, at: float, done: int) -> None:
        """At an instant so many were done, in all."""
        self.seen.append((at, done))
        while self.seen[-1][0] - self.seen[0][0] > _WINDOW_S:
            self.seen.popleft()

    @property
    def per_s(self) -> float:
        (begun, before), (at, done) = self.seen[0], self.seen[-1]
        return (done - before) / (at - begun) if at > begun else 0.0


def line(tally: Tally, speed: Speed) -> str:
    """What is told beside the bar: "1,200/20,000 · 2,310/s · 3 deferred · 0:08 left"."""
    rate = speed.per_s
    parts = [f"{tally.done:,}/{tally.total:,}"]
    if rate:
        parts.append(f"{rate:,.0f}/s" if rate >= 1 else f"{rate * 60:,.0f}/min")
    parts += [f"{tally.ended[state]:,} {state.replace('_', ' ')}"
              for state in _SHOWN if tally.ended[state]]  # fmt: skip
    if rate and (left := tally.total - tally.done) > 0:
        minutes, seconds = divmod(round(left / rate), 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02}:{seconds:02} left" if hours else
                     f"{minutes}:{seconds:02} left")  # fmt: skip
    return " · ".join(parts)
