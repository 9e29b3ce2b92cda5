"""Story: watch. what is in trouble -> the operator is told once -> and once when it is over.

A source that is late by some hours, or quiet on a holiday, is no trouble; one that fails again and
again for an hour, or let its day pass, is. All sends that are paused by one outage are one trouble.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from email.utils import parseaddr

from sqlalchemy.orm import Session

from digest import outlook
from digest.app import App
from digest.core.announcing import SourceState
from digest.core.breaker import BY_COMMAND, without_addresses
from digest.core.delivery import State as Outcome
from digest.core.message import Message
from digest.mail.alert import alert
from digest.store import jobs, open_runs, troubles
from digest.store.states import State
from digest.store.troubles import Trouble
from digest.ways_out import TransportFactory, lanes_of

log = logging.getLogger(__name__)

OFTEN, LONG = 3, timedelta(hours=1)
SENDING = "sending"
# What an operator paused, or ordered a minute ago, is no trouble.
_MEANT = (BY_COMMAND, "held until ")


def watch(app: App, transports: TransportFactory | None = None) -> list[Trouble]:
    """Find out what is in trouble, and tell the operator what is new; what there was to tell."""
    now = app.clock()
    with app.read() as session:
        found = _troubles(app, session, now)
        known = {one.about for one in troubles.current(session)}
    if found.keys() != known:
        with app.begin() as session:
            troubles.meet(session, found, now=now)
    with app.read() as session:
        news = troubles.untold(session)
    for one in news:
        _tell(app, one, transports)
    return news


def _troubles(app: App, session: Session, now: datetime) -> dict[str, str]:
    known = {one.about: one.what for one in troubles.current(session)}
    found = {}
    for state in outlook.standings(session, app.settings.sources, now):
        about = f"source {state.source}"
        if why := _of_source(state, now, was=about in known):
            found[about] = why
    every = jobs.every(session)
    for job in every:
        if job.failures >= OFTEN:
            found[f"job {job.name}"] = f"it failed {job.failures} times in a row: {job.error}"
    if any(job.name == "send" and job.owner for job in every):  # it is trying: wait for the end
        return found | ({SENDING: known[SENDING]} if SENDING in known else {})
    return found | _of_sending(session, now)


def _of_source(state: State, now: datetime, *, was: bool) -> str:
    """Why a source is in trouble; one that was stays so until it shows what is due."""
    if state.state is SourceState.FAILED:
        lasting = state.failures >= OFTEN and now - state.since >= LONG
        return f"it cannot be read: {state.error}" if lasting or was else ""
    if state.state is SourceState.STALLED or (was and state.state is SourceState.WAITING):
        what = ", ".join(outlook.late_parts(state)).strip(", ")
        return f"nothing new came for {state.day}" + (f" in {what}" if what else "")
    return ""


def _of_sending(session: Session, now: datetime) -> dict[str, str]:
    paused = [
        run
        for run, _ in open_runs.to_drain(session, now=now)
        if run.state == "paused" and not run.note.startswith(_MEANT)
    ]
    if not paused:
        return {}
    numbers = ", ".join(str(run.id) for run in paused[:5])
    return {SENDING: f"{len(paused)} paused (run {numbers}): {paused[0].note}"}


def _tell(app: App, one: Trouble, transports: TransportFactory | None) -> None:
    """Write to the operator; what could not be handed over is tried again at the next watch.

    Without an operator's address the log has it.
    """
    to = parseaddr(app.settings.operator)[1]
    log.warning("trouble is over" if one.is_told else "trouble", extra={"about": one.about})
    if not to or asyncio.run(_hand_over(app, _message(app, one, to), transports)):
        with app.begin() as session:
            troubles.told(session, one, now=app.clock())


def _message(app: App, one: Trouble, to: str) -> Message:
    site = app.site
    began = f"{one.began_at:%Y-%m-%d %H:%M} UTC"
    what = without_addresses(one.what)
    if one.is_told and one.ended_at is not None:
        subject = f"[{site.name}] Well again: {one.about}"
        text = f"{one.about} is well again since {one.ended_at:%Y-%m-%d %H:%M} UTC.\n\n"
        text += f"It was in trouble since {began}: {what}\n"
    else:
        subject = f"[{site.name}] In trouble: {one.about}"
        text = f"{one.about} is in trouble since {began}:\n\n{what}\n\n"
        text += (
            "You will hear again when it is over. `digest doctor` and `digest runs` tell more.\n"
        )
    key = f"trouble.{one.id}.{'over' if one.is_told else 'begun'}"
    message = alert(site, to, key=key, subject=subject, text=text, at=app.clock())
    return app.signed(message)


async def _hand_over(app: App, message: Message, transports: TransportFactory | None) -> bool:
    lane = lanes_of(app, 1, transports)[0].make()
    async with lane:
        outcome = await lane.hand_over(message)
    if outcome.state is not Outcome.SENT:
        log.warning("the operator was not told", extra={"reply": without_addresses(outcome.reply)})
    return outcome.state is Outcome.SENT
