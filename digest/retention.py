"""Story: what nobody needs any more goes: sign-ups never confirmed, old logs, spent counters."""

from datetime import timedelta

from digest.app import App
from digest.store import budgets, deliveries, feeds, lookups, pacing, troubles
from subscribers import erasure

# Who did not press the button by then never wanted it; the link died long before.
UNCONFIRMED = timedelta(days=30)
LOGS = timedelta(days=400)
_PAGE = 500


def tidy(app: App) -> int:
    """Delete what is past its time; how many sign-ups were."""
    now = app.clock()
    dropped = 0
    while True:
        with app.begin() as session:
            ids = erasure.drop_unconfirmed(session, before=now - UNCONFIRMED, limit=_PAGE)
            for subscriber_id in ids:
                deliveries.forget_reader(session, subscriber_id)
                lookups.forget_reader(session, subscriber_id)
        dropped += len(ids)
        if len(ids) < _PAGE:
            break
    with app.begin() as session:
        feeds.forget_collections(session, before=now - LOGS)
        troubles.forget(session, now - LOGS)
        budgets.sweep(session, now=now)
        pacing.sweep(session, app.lease_now(session))
    if dropped:
        app.database.settle()
    return dropped
