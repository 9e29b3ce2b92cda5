"""A run sent by a process of its own, as the clock does with large ones."""

import time
from pathlib import Path

import pytest

from digest import apart, pipeline
from digest.app import App
from digest.core.delivery import State
from digest.sender import plan_of
from digest.store import freezing, runs
from tests.stories.test_send import DAY, listing, mails, reader

TITLES = ["Robots that fold towels", "Whale song decoded", "A tea ceremony"]


@pytest.fixture
def run_id(app: App, home: Path) -> int:
    """A run of forty readers, frozen."""
    pipeline.collect(app, [listing(home, DAY, TITLES)])
    for number in range(40):
        reader(app, f"r{number}@example.org", interests=["robots that fold"])
    with app.begin() as session:
        run = freezing.freeze(session, plan_of(app, DAY))
    assert run is not None
    return run.id


def outcomes(app: App, run_id: int) -> dict[State, int]:
    with app.read() as session:
        run = runs.get(session, run_id)
    return run.outcomes if run else {}


def test_a_process_of_its_own_sends_it_all_once(app: App, home: Path, run_id: int) -> None:
    apart.resume(app.settings, run_id, lambda: False)
    apart.resume(app.settings, run_id, lambda: False)
    assert outcomes(app, run_id) == {State.SENT: 40}
    assert len(mails(home)) == 40


def test_asked_to_stop_it_ends_soon_and_the_next_goes_on(app: App, home: Path, run_id: int) -> None:
    begun = time.monotonic()
    apart.resume(app.settings, run_id, lambda: True)
    assert time.monotonic() - begun < 30
    found = outcomes(app, run_id)
    assert found.keys() <= {State.PLANNED, State.SENT}
    apart.resume(app.settings, run_id, lambda: False)
    assert outcomes(app, run_id) == {State.SENT: 40}
    assert len(mails(home)) == 40
