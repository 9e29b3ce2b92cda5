"""Runs newest first, and the rows of one, page by page."""

from sqlalchemy import delete, insert, update

from digest.core.delivery import Phase, State
from digest.store import account, freezing, runs
from digest.store.database import Database
from digest.store.tables import AttemptRow, DeliveryRow
from subscribers.tables import SubscriberRow
from tests import given
from tests.given import at, day, plan


def frozen(database: Database, number: int = 0) -> int:
    with database.begin() as session:
        run = freezing.freeze(session, plan(number))
    assert run is not None
    return run.id


def readers(database: Database, count: int) -> list[int]:
    with database.begin() as session:
        return given.subscribers(session, count)


def set_state(database: Database, who: int, state: State, reason: str = "") -> None:
    with database.begin() as session:
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.subscriber_id == who)
            .values(state=state, reason=reason)
        )


def test_runs_are_told_newest_first_with_their_accounts(database: Database) -> None:
    ids = readers(database, 2)
    done = frozen(database, 0)
    for who in ids:
        set_state(database, who, State.SENT)
    with database.begin() as session:
        assert runs.finish(session, done)
    now = [frozen(database, number) for number in (1, 2)]
    with database.read() as session:
        found = account.recent(session, limit=9)
        assert [run.id for run in found] == [now[1], now[0], done]
        assert [run.outcomes for run in found] == [
            {State.PLANNED: 2}, {State.PLANNED: 2}, {State.SENT: 2}]  # fmt: skip
        assert [run.id for run in account.recent(session, limit=1)] == [now[1]]
        assert [run.id for run in account.recent(session, day=day(1), limit=9)] == [now[0]]
        assert account.number_of_runs(session) == 3
        assert account.number_of_runs(session, day=day(0)) == 1
        assert account.recent(session, day=day(7), limit=9) == []


def test_pages_hold_every_row_once(database: Database) -> None:
    ids = readers(database, 7)
    run, _ = frozen(database), frozen(database, 1)
    seen: list[int] = []
    after = 0
    with database.read() as session:
        while page := account.entries(session, run, limit=3, after=after):
            seen += [one.subscriber_id for one in page]
            after = page[-1].id
            assert account.remaining(session, run, after=after) == 7 - len(seen)
    assert seen == ids


def test_a_row_says_who_and_the_last_words(database: Database) -> None:
    ids = readers(database, 3)
    run = frozen(database)
    set_state(database, ids[1], State.IN_DOUBT, "no answer")
    with database.begin() as session:
        [(doubtful,)] = session.query(DeliveryRow.id).filter_by(subscriber_id=ids[1])
        tries = [(1, "deferred", "451 later"), (2, "in_doubt", "no answer")]
        session.execute(
            insert(AttemptRow),
            [{"delivery_id": doubtful, "number": number, "at": at(0, 8), "state": state,
              "phase": "dot", "code": None, "reply": reply} for number, state, reply in tries],
        )  # fmt: skip
        session.execute(delete(SubscriberRow).where(SubscriberRow.id == ids[2]))
    with database.read() as session:
        first, second, third = account.entries(session, run, limit=9)
        [only] = account.entries(session, run, limit=9, state=State.IN_DOUBT)
        assert account.remaining(session, run, state=State.IN_DOUBT) == 1
    assert (first.email, first.last, first.key) == (
        "reader0@example.org", None, f"digest.{day(0)}.{ids[0]}")  # fmt: skip
    assert second == only
    assert (second.state, second.reason) == (State.IN_DOUBT, "no answer")
    assert second.last is not None
    assert (second.last.number, second.last.phase) == (2, Phase.DOT)
    assert third.email is None
