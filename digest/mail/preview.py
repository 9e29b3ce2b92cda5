"""A message's bytes -> what a reader sees of it."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from digest.core.message import Message


@dataclass(frozen=True, slots=True)
class Parts:
    """The two bodies of a message, decoded."""

    html: str
    text: str


def parts_of(message: Message) -> Parts:
    """The HTML and the text that the bytes to be sent hold."""
    parsed = message_from_bytes(message.data, policy=policy.default)
    return Parts(_body(parsed, "html"), _body(parsed, "plain"))


def _body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
