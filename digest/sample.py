"""Story: any mail as a reader would get it, to look at; or sent to oneself, as a test.

A test is no delivery: it stands in no ledger, has a Message-ID of its own, and says in its subject
what it is. Its links are the reader's own.
"""

import asyncio
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid

from digest import explain
from digest.app import App
from digest.core.delivery import Outcome
from digest.core.message import Message
from digest.errors import SendError
from digest.selection import Selector
from digest.store.letters import Letter
from digest.ways_out import lanes_of
from digest.writing import LIVES, LetterComposer
from subscribers import suppression
from subscribers.address import Address
from subscribers.person import Subscriber

DIGEST = "digest"
KINDS = (DIGEST, *LIVES)
# About the reader's own mailbox in its own right: a test shows no way to leave by one click.
_PERSONAL = ("List-Unsubscribe", "List-Unsubscribe-Post", "DKIM-Signature", "To", "Subject",
             "Message-ID")  # fmt: skip


def message(
    app: App, kind: str, reader: Subscriber, day: date, selector: Selector | None = None
) -> Message | None:
    """The mail of a kind for a reader; None where they would get none. SendError for no kind."""
    if kind == DIGEST:
        return explain.preview(app, reader.address, day, selector).message
    if kind not in LIVES:
        raise SendError(f"there is no mail called {kind!r}: {', '.join(KINDS)}")
    expires_at = app.clock() + LIVES[kind]
    letter = Letter(0, kind, reader.id, reader.address.as_typed, expires_at)
    return LetterComposer(app).message(letter, reader)


def send_test(app: App, made: Message, to: Address) -> Outcome:
    """Hand a test to the relay, and say what it answered; SendError for a suppressed address."""
    with app.read() as session:
        if suppression.reason_for(session, to, key=app.secret) is not None:
            raise SendError("this address is suppressed: it is never written to")
    return asyncio.run(_hand_over(app, _as_test(app, made, to)))


def _as_test(app: App, made: Message, to: Address) -> Message:
    parsed = message_from_bytes(made.data, EmailMessage, policy=policy.SMTP)
    for name in _PERSONAL:
        del parsed[name]
    subject, number = f"[Test] {made.subject}", make_msgid(domain=app.site.domain)
    parsed["To"], parsed["Subject"], parsed["Message-ID"] = to.as_typed, subject, number
    data = parsed.as_bytes(policy=policy.SMTP.clone(cte_type="7bit"))
    plain = replace(made, message_id=number, to=to.as_typed, subject=subject,
                    data=data.replace(b"\r\n.", b"\r\n=2E"), is_wired=False)  # fmt: skip
    return app.signed(plain)


async def _hand_over(app: App, message: Message) -> Outcome:
    [lanes, *_] = lanes_of(app, 1)
    async with lanes.make() as lane:
        return await lane.hand_over(message)
