"""Story: plan. who is due -> wait for a late source -> freeze each due's audience as a run.

Doing it every minute costs what is due. A reader's next due is moved on in the transaction that
promises the digest, so of two who plan at once one finds nobody left, and a machine that slept
plans once what it missed, within the deadline.
"""

import logging
from datetime import datetime, timedelta

from digest import outlook
from digest.app import App
from digest.core.announcing import SourceState
from digest.core.schedule import Due
from digest.sender import mind_complaints
from digest.store import due, freezing, runs
from digest.store.states import State

log = logging.getLogger(__name__)

# A source that could not be read for so long is not waited for any more.
_GIVEN_UP = timedelta(hours=24)


def plan(app: App) -> list[runs.Run]:
    """Promise all digests that are due; the runs that hold them."""
    now = app.clock()
    with app.read() as session:
        behind = due.is_behind(session, now=now)
    if behind:
        _reckon(app, now)
    with app.read() as session:
        coming = list(due.passed(session, now=now))
        stand = outlook.standings(session, app.settings.sources, now) if coming else []
    late = [state for state in stand if _is_late(state, now)]
    found = []
    for one in coming:
        if not _waits(app, one, late, now):
            found += _freeze(app, one, now)
    return found


def _reckon(app: App, now: datetime) -> None:
    """Bring the dues of all readers up to date, a page a transaction."""
    while True:
        with app.begin() as session:
            if due.reckon(session, now=now) < due.PAGE:
                break
    with app.begin() as session:
        due.catch_up(session, now=now, late=_deadline(app))


def _deadline(app: App) -> timedelta:
    return timedelta(hours=app.settings.deadline_hours)


def _is_late(state: State, now: datetime) -> bool:
    """Whether papers of today may still come from a source that owes them."""
    if state.state is SourceState.WAITING:
        return True
    lately = state.good_at is not None and now - state.good_at < _GIVEN_UP
    return state.state is SourceState.FAILED and state.day is not None and lately


def _waits(app: App, one: Due, late: list[State], now: datetime) -> bool:
    """Whether a digest had better wait; not for what belongs to a later day than its own."""
    patience = timedelta(hours=app.settings.wait_hours)
    owed = any(state.day is not None and state.day <= one.day for state in late)
    return owed and now < one.at + patience


def _freeze(app: App, one: Due, now: datetime) -> list[runs.Run]:
    """The runs of a due, a portion of its readers each; the dues of all of them move on."""
    found: list[runs.Run] = []
    while True:
        with app.begin() as session:
            upto = due.portion(session, one)
            if upto is None:
                return found
            left = one.at + _deadline(app) - now
            run = None
            if left > timedelta(0):
                run = freezing.freeze(
                    session, freezing.Plan(one.day, now, left, due_at=one.at, upto=upto)
                )
                mind_complaints(app, session, run)
            due.advance(session, one, upto)
        if run is not None:
            log.info("planned", extra={"run": run.id, "day": f"{one.day}", "count": run.audience})
            found.append(run)
