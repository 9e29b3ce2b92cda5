"""Charts as SVG, drawn here: bars of one number a day, with a second one below the line."""

from dataclasses import dataclass
from datetime import date, timedelta

from digest.overview import Series

WIDTH, HEIGHT = 300.0, 64.0
_GAP = 0.24  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the coordinates of the chart; `kind` is its class."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws, and says to who does not see it."""

    name: str
    latest: str
    other: str
    said: str
    bars: tuple[Bar, ...]
    zero: float
    first_day: str
    width: float = WIDTH
    height: float = HEIGHT


def chart(series: Series, today: date) -> Chart:
    """The chart of a series that ends today."""
    up, down = max(series.numbers, default=0), max(series.other, default=0)
    zero = HEIGHT if not down else HEIGHT * max(up, 1) / (max(up, 1) + down)
    zero = min(max(zero, HEIGHT * 0.3), HEIGHT if not down else HEIGHT * 0.8)
    days = [today - timedelta(days=back) for back in reversed(range(len(series.numbers)))]
    bars = [
        *_bars(series.numbers, days, series.name, zero, up, "bar"),
        *_bars(series.other, days, series.other_name, zero, down, "bar below"),
    ]
    return Chart(
        name=series.name,
        latest=f"{series.numbers[-1]:,}" if series.numbers else "0",
        other=f"{series.other[-1]:,} {series.other_name}" if series.other else "",
        said=_said(series),
        bars=tuple(bars),
        zero=round(zero, 2),
        first_day=f"{days[0]:%-d %b}" if days else "",
    )


def _bars(
    numbers: tuple[int, ...], days: list[date], name: str, zero: float, most: int, kind: str
) -> list[Bar]:
    place = WIDTH / max(len(days), 1)
    room = HEIGHT - zero if "below" in kind else zero
    return [
        Bar(
            x=round(at * place + place * _GAP / 2, 2),
            y=round(zero if "below" in kind else zero - _height(number, most, room), 2),
            width=round(place * (1 - _GAP), 2),
            height=round(_height(number, most, room), 2),
            kind=kind,
            title=f"{day:%-d %B}: {number:,} {name.lower()}",
        )
        for at, (day, number) in enumerate(zip(days, numbers, strict=bool(numbers)))
        if number
    ]


def _height(number: int, most: int, room: float) -> float:
    """At least a hair for what is not nothing."""
    return max(room * number / most, 1.5) if most else 0.0


def _said(series: Series) -> str:
    """The chart in words."""
    numbers = series.numbers or (0,)
    told = (
        f"{series.name} in the last {len(numbers)} days: {sum(numbers):,} in all, "
        f"at most {max(numbers):,} on a day, {numbers[-1]:,} today"
    )
    return f"{told}; {sum(series.other):,} {series.other_name}" if series.other else told
