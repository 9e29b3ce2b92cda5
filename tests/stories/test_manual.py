"""A send by hand: ordered once, held, undone or let go; marks on papers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest import manual, pipeline, sender
from digest.app import App
from digest.core.delivery import State
from digest.core.wish import Whom, Wish
from digest.errors import SendError
from digest.selection import Selector
from digest.store import deliveries, history, marks, runs, sends
from digest.store.sends import SendState
from subscribers import roster
from tests.stories.test_send import DAY, listing, mails, reader

TITLES = ["Robots that fold towels", "Whale song decoded", "A tea ceremony"]
NEXT = date(2026, 5, 8)


@pytest.fixture
def ready(app: App, home: Path) -> App:
    """Three papers of one day, and three readers."""
    pipeline.collect(app, [listing(home, DAY, TITLES)])
    for name in ("rob", "wal", "tea"):
        reader(app, f"{name}@example.org", interests=["robots that fold", "whale song"])
    return app


def outcomes(app: App, run_id: int | None) -> dict[State, int]:
    with app.read() as session:
        found = runs.get(session, run_id or 0)
    return found.outcomes if found else {}


def test_an_order_is_held_then_let_go_and_carried_out_once(ready: App, home: Path) -> None:
    send, is_new = manual.order(ready, Wish(DAY), key="a", by="ada", count=3)
    assert (is_new, send.state, send.audience) == (True, SendState.HELD, 3)
    assert manual.release(ready) == [] and manual.orphans(ready) == []
    assert sender.send(ready, DAY).audience == 0  # no other send takes it out of the hold
    with ready.begin() as session:
        session.get_one(sends.SendRow, send.id).go_at = send.at
    assert manual.release(ready) == [send.run_id]
    manual.carry_out(ready, send.id)
    manual.carry_out(ready, send.id)
    assert outcomes(ready, send.run_id) == {State.SENT: 3}
    assert len(mails(home)) == 3
    with ready.read() as session:
        ended = sends.get(session, send.id)
    assert ended is not None and ended.state is SendState.ENDED


def test_one_key_is_one_send_however_many_ask_at_once(ready: App) -> None:
    def ask(_: int) -> tuple[int, bool]:
        send, is_new = manual.order(ready, Wish(DAY), key="same", by="ada")
        return send.id, is_new

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(ask, range(12)))
    assert len({number for number, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1


def test_a_key_is_not_taken_for_another_wish(ready: App) -> None:
    manual.order(ready, Wish(DAY), key="same", by="ada")
    with pytest.raises(SendError, match="another send"):
        manual.order(ready, Wish(DAY, whom=Whom.ONE, text="rob@example.org"), key="same", by="ada")


def test_a_count_that_is_not_true_any_more_orders_nothing(ready: App) -> None:
    with pytest.raises(SendError, match="it would go to 3 now, not to 4"):
        manual.order(ready, Wish(DAY), key="a", by="ada", count=4)
    assert manual.foresee(ready, Wish(DAY)).count == 3
    assert not manual.is_ordered(ready, "a")


def test_what_was_undone_can_be_sent_and_what_went_cannot_be_undone(ready: App) -> None:
    send, _ = manual.order(ready, Wish(DAY), key="a", by="ada")
    manual.undo(ready, send.id, by="ada")
    assert outcomes(ready, send.run_id) == {State.CANCELLED: 3}
    again, _ = manual.order(ready, Wish(DAY), key="b", by="ada", hold=timedelta())
    assert manual.release(ready) == [again.run_id]
    with pytest.raises(SendError, match="no longer held"):
        manual.undo(ready, again.id, by="ada")


WRONG = [
    (Wish(date(2999, 1, 1)), "still to come"),
    (Wish(DAY, days=8), "1 to 7 days"),
    (Wish(DAY, whom=Whom.SEARCH), "say which readers"),
    (Wish(DAY, whom=Whom.ONE, text="nobody@example.org"), "nobody here"),
    (Wish(DAY, whom=Whom.LIST, text="not an address"), "nobody here"),
]


@pytest.mark.parametrize(("wish", "told"), WRONG)
def test_a_wish_that_cannot_be_is_told_why(ready: App, wish: Wish, told: str) -> None:
    for act in (manual.foresee, lambda a, w: manual.order(a, w, key="x", by="ada")):
        with pytest.raises(SendError, match=told):
            act(ready, wish)


def test_a_forecast_says_why_others_are_left_out(ready: App) -> None:
    with ready.read() as session:
        [first, *_] = roster.search(session, "rob@")
    sender.send(ready, DAY, [first.id])
    text = "rob@example.org\nwal@example.org, stranger@example.org"
    seen = manual.foresee(ready, Wish(DAY, whom=Whom.LIST, text=text))
    assert seen.count == 1
    assert seen.left_out == (("had it already, or may have", 1), ("unknown addresses", 1))


def test_the_last_days_are_looked_at_again_but_no_paper_comes_twice(ready: App, home: Path) -> None:
    sender.send(ready, DAY)
    late = listing(home, NEXT, ["A new robot that folds", "Whale song again"])
    pipeline.collect(ready, [late])
    pipeline.collect(ready, [listing(home, DAY, [*TITLES, "Robots that fold late"])])
    send, _ = manual.order(ready, Wish(NEXT, days=2), key="a", by="ada", hold=timedelta())
    manual.release(ready)
    manual.carry_out(ready, send.id)
    with ready.read() as session:
        picked = deliveries.sent_papers(session, [1], DAY)[1]
        both = [deliveries.digest_of(session, 1, day) for day in (DAY, NEXT)]
    papers = [pick.paper_id for one in both if one for pick in one.picks]
    assert len(papers) == len(set(papers)) == len(picked)
    assert outcomes(ready, send.run_id) == {State.SENT: 3}


def test_a_hidden_paper_is_picked_for_nobody_and_a_pinned_one_comes_first(ready: App) -> None:
    with ready.begin() as session:
        named = {one.paper.title: one.id for one in history.search(session, day=DAY)}
        marks.hide(session, named[TITLES[0]], "", by="ada", at=ready.clock())
        marks.pin(session, named[TITLES[2]], DAY, "Have you seen it?", by="ada", at=ready.clock())
    with ready.read() as session:
        chosen = Selector(DAY, ready.rising).choose(session, list(roster.page(session)))
    for one in chosen:
        ids = [pick.paper_id for pick in one.digest.picks]
        assert ids[0] == named[TITLES[2]]
        assert named[TITLES[0]] not in ids
        assert one.digest.notes[0] == f"{TITLES[2]}: Have you seen it?"
    with ready.begin() as session:
        marks.lift(session, [named[TITLES[0]]], marks.HIDE)
        marks.lift(session, [named[TITLES[2]]], marks.PIN, DAY)
        assert marks.of_day(session, DAY) == marks.Marks()


def test_who_had_a_pinned_paper_does_not_get_it_again(ready: App, home: Path) -> None:
    sender.send(ready, DAY)
    pipeline.collect(ready, [listing(home, NEXT, ["A new robot that folds"])])
    with ready.begin() as session:
        [got] = [one.id for one in history.search(session, text=TITLES[0])]
        marks.pin(session, got, NEXT, "", by="ada", at=ready.clock())
    with ready.read() as session:
        chosen = Selector(NEXT, ready.rising).choose(session, list(roster.page(session)))
    assert chosen and all(one.digest.picks for one in chosen)
    assert got not in {pick.paper_id for one in chosen for pick in one.digest.picks}
