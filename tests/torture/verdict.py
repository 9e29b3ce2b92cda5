"""The verdict on a run: the relay's log against the ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from digest.app import App
from digest.core.delivery import FINAL, State
from digest.handover import GROUP
from digest.store import runs
from digest.store.tables import AttemptRow, DeliveryRow, RunRow
from subscribers.tables import SubscriberRow


@dataclass(slots=True)
class Verdict:
    """What is wrong, in words; and the counts: how often each reader was written to, the states of
    all promises, and of those in doubt how many the relay has."""

    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    doubtful_taken: int = 0

    def mind(self, what: str, found: object) -> None:
        """Note something that should not be there at all."""
        if found:
            self.wrong.append(f"{what}: {found}")


def judge(app: App, log: Path, senders_killed: int) -> Verdict:
    """Compare the log and the ledger of a run that was sent to its end."""
    told = Verdict()
    lines = [line.split() for line in log.read_text().splitlines()]
    times = Counter(line[0] for line in lines)
    told.taken = len(lines)
    told.mind("written to twice", {one: n for one, n in times.items() if n > 1})
    told.mind("Message-IDs used twice", len(lines) - len({line[1] for line in lines}))
    with app.read() as session:
        rows = session.execute(
            select(SubscriberRow.address, DeliveryRow.state, DeliveryRow.id, DeliveryRow.reason,
                   DeliveryRow.attempts)
            .outerjoin(DeliveryRow, DeliveryRow.subscriber_id == SubscriberRow.id)
        ).all()  # fmt: skip
        sent = Counter(
            session.scalars(select(AttemptRow.delivery_id).where(AttemptRow.state == State.SENT))
        )
        found = [runs.get(session, number) for number in session.scalars(select(RunRow.id))]
    told.states = Counter(str(row.state) for row in rows)
    known = {row.address: row for row in rows}
    told.mind("taken for nobody we know", times.keys() - known.keys())
    told.mind("not ended", [tuple(row) for row in rows if row.state not in FINAL])
    told.mind("lost", [one for one, row in known.items() if row.state is None])
    in_log = {one for one in times if one in known}
    told.mind(
        "called sent and never taken",
        [one for one, row in known.items() if row.state == State.SENT and one not in in_log],
    )
    told.mind(
        "taken and called otherwise",
        [(one, known[one].state) for one in in_log
         if known[one].state not in (State.SENT, State.IN_DOUBT)],
    )  # fmt: skip
    doubtful = [row for row in rows if row.state == State.IN_DOUBT]
    told.doubtful_taken = sum(row.address in in_log for row in doubtful)
    told.mind("in doubt without a word", [row.id for row in doubtful if not row.reason])
    told.mind("in doubt, never begun", [row.id for row in doubtful if row.attempts < 1])
    if len(doubtful) > GROUP * senders_killed:
        told.wrong.append(f"{len(doubtful)} in doubt after {senders_killed} killed senders")
    told.mind(
        "sent without one attempt that says so",
        [row.id for row in rows if row.state == State.SENT and sent[row.id] != 1],
    )
    told.wrong += _accounted(found, len(rows), told.states)
    return told


def _accounted(found: Sequence[runs.Run | None], readers: int, states: Counter[str]) -> list[str]:
    """One run, done, with an account that is what the ledger says."""
    if len(found) != 1 or found[0] is None:
        return [f"{len(found)} runs"]
    run = found[0]
    outcomes = {state.value: count for state, count in run.outcomes.items()}
    if run.state == "done" and run.audience == readers and outcomes == states:
        return []
    return [f"{run.state}, for {run.audience} of {readers}: {outcomes} and not {dict(states)}"]
