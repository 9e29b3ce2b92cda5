"""Personal links: whose a token is, and the way to the settings."""

from sqlalchemy.orm import Session

from digest.app import App
from subscribers import roster, tokens
from subscribers.errors import BadToken
from subscribers.person import Subscriber
from subscribers.tokens import Purpose


def reader_of(
    session: Session, app: App, token: str, purpose: Purpose, *, about: str = ""
) -> Subscriber:
    """Whose link it is. BadToken if it is forged, for another purpose, was revoked by a change of
    address, or its person was erased."""
    link = tokens.read(token, purpose, key=app.secret, now=app.clock(), about=about)
    reader = roster.by_ids(session, [link.subscriber_id]).get(link.subscriber_id)
    if reader is None:
        raise BadToken("this link is for nobody here any more")
    if link.version != reader.token_version & 0xFFFF:
        raise BadToken("this link was replaced: take one from a newer mail")
    return reader


def settings_path(app: App, reader: Subscriber) -> str:
    """The path of a reader's own settings."""
    made = tokens.make(
        Purpose.SETTINGS, reader.id, key=app.secret, version=reader.token_version, now=app.clock()
    )
    return f"/settings/{made}"
