"""No sequence of events sends mail to whom it must not go (tests/stories/life.py tells how).

`DIGEST_LIVES=500 pytest tests/stories/test_life.py` drives more lives, longer ones.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from subscribers.consent import Status
from tests.stories.life import DAYS, NOON, SENT, Life, collect_day

LIVES = int(os.environ.get("DIGEST_LIVES", "100" if os.environ.get("CI") else "20"))
STEPS = 20 if LIVES <= 20 else 40


@pytest.fixture
def template(migrated_file: Path, tmp_path: Path) -> Path:
    """A history of three days, copied for every life."""
    file = Path(shutil.copy(migrated_file, tmp_path / "template.db"))
    life = Life(file)
    for day in DAYS:
        collect_day(life.app, tmp_path, day)
    with life.app.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'full.db'}'")
    life.close()
    return tmp_path / "full.db"


@pytest.mark.timeout(1500)
def test_no_sequence_of_events_sends_mail_to_whom_it_must_not_go(template: Path) -> None:
    run_state_machine_as_test(
        lambda: Life(template),  # type: ignore[arg-type] # any maker of one will do
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def life(template: Path) -> Iterator[Life]:
    alive = Life(template)
    yield alive
    alive.teardown()  # sends everything to everybody, and judges it


ADA, CY = "ada@example.org", "cy@example.org"


def test_an_old_confirmation_link_does_not_lift_a_complaint_or_the_operators_bar(
    life: Life,
) -> None:
    life.ask(ADA, shout=False)
    life.post(SENT)
    life.suppress(ADA)
    life.click(0)


def test_who_left_is_not_brought_back_by_a_stranger_and_an_old_file(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    life.step(0, "unsubscribe")
    life.clock_jumps(25)
    life.ask(ADA, shout=True)
    life.post(SENT)
    life.import_row(ADA, 100)


def test_a_request_that_waits_does_not_outlive_an_erasure(life: Life) -> None:
    life.join(ADA)
    life.clock_jumps(25)
    life.ask(ADA, shout=True)
    life.erase(ADA)


def test_the_judge_sees_a_digest_to_who_left(life: Life) -> None:
    life.join(ADA)
    life.owner(ADA).leave(NOON)
    with pytest.raises(AssertionError, match="a digest of 2026-05-07 to ada"):
        life.send(DAYS[0], SENT)


def moved(life: Life) -> None:
    """Ada moves to Cy's mailbox."""
    life.ask_to_move(0, CY)
    life.post(SENT)
    life.move(0)
    life.post(SENT)
    assert [name for name, _ in life.standing().values()] == ["cy"]


def test_who_left_comes_back_by_undo_and_gets_the_next_digest(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    life.step(0, "unsubscribe")
    life.undo(0)
    assert [status for _, status in life.standing().values()] == [Status.ACTIVE]
    life.send(DAYS[1], SENT)
    assert len(life.mails) == 4  # a confirmation, a welcome, two digests


def test_undo_does_not_outlive_a_complaint(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    life.report(0, "complaint")
    life.undo(0)


def test_what_was_agreed_moves_and_the_former_mailbox_can_only_leave(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    moved(life)
    life.send(DAYS[1], SENT)
    assert life.mails[-1].to == CY
    life.step(0, "unsubscribe")
    former = [link for link in life.links if link.to == "ada"]
    life.links = former
    life.undo(0)
    life.click(len(former) - 1)
    assert [status for _, status in life.standing().values()] == [Status.UNSUBSCRIBED]


def test_who_complained_or_was_barred_hears_nothing_of_a_move(life: Life) -> None:
    life.join(ADA)
    life.send(DAYS[0], SENT)
    life.ask_to_move(0, CY)
    life.post(SENT)
    life.suppress(ADA)
    life.suppress(CY)
    life.move(0)


def test_a_confirmation_link_dies_when_its_reader_moves(life: Life) -> None:
    life.join(ADA)
    life.clock_jumps(2)
    life.ask(ADA, shout=False)
    life.post(SENT)
    old = life.links[-1]
    moved(life)
    life.links = [old]
    life.click(0)
    assert life.press(old.path).status_code == 400
