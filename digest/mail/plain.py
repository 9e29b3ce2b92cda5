"""The plain composer: the same message made the ordinary way, for one reader, from the start.

Jinja2 for every block, premailer over the whole, EmailMessage around it: some milliseconds a
message, and the reference that the fast composer is tested against.
"""

from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from typing import Any

from markupsafe import Markup

from digest.core.edition import Digest, topic
from digest.core.message import Message, Recipient, message_id
from digest.mail import headers
from digest.mail.compose import fit, link, wrapped_why
from digest.mail.layout import Block, Words, blocks, values, words
from digest.mail.render import Parts, inline, subject
from digest.mail.why import why
from digest.mail.wording import clean, wrap


class Unbroken(UnstructuredHeader):
    """How a header is never folded: EmailMessage would turn a long URL into encoded words."""

    name: str

    def fold(self, *, policy: "Policy[Any]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy(*, utf8: bool) -> "EmailPolicy[Any]":
    registry = HeaderRegistry()
    for name in ("list-unsubscribe", "feedback-id", "message-id"):
        registry.map_to_type(name, Unbroken)  # type: ignore[arg-type]
    return SMTP.clone(header_factory=registry, utf8=utf8)


def compose_plain(parts: Parts, digest: Digest, recipient: Recipient, now: datetime) -> Message:
    """What compose returns, equal in headers and in decoded parts; slow."""
    around = words(digest, recipient, parts.cards, parts.language)
    title = subject(parts.templates, {"title": around.subject_title, "more": max(around.more, 0)})
    shown = [block for block, _ in fit(parts, blocks(digest, parts.language), recipient)]
    site = parts.site
    key = message_id(recipient.delivery_key, site.secret, site.domain)
    to = headers.wire_address(recipient.address)
    message = EmailMessage(_policy(utf8=not to.isascii()))
    message["From"] = Address(
        headers.sender_name(site), addr_spec=headers.wire_address(site.address)
    )
    message["To"] = to
    message["Date"] = now
    message["Message-ID"] = key
    message["Subject"] = title
    for name, value in headers.fixed(site) + headers.personal(site, recipient, parts.day):
        message[name] = value
    frame = _frame(around, recipient, title)
    for kind in ("txt",) if recipient.plain_only else ("txt", "html"):
        body = _body(parts, kind, shown, frame)
        add = message.set_content if kind == "txt" else message.add_alternative
        add(body, subtype="plain" if kind == "txt" else "html", cte="quoted-printable")
    sender = headers.envelope_sender(site, recipient.delivery_key)
    return Message(key, sender, to, title, message.as_bytes())


def _frame(around: Words, recipient: Recipient, title: str) -> dict[str, str]:
    return {
        "subject": title,
        "preheader": around.preheader,
        "line": around.line,
        "because": around.because,
        "settings_url": link(recipient.settings_url),
        "unsubscribe_url": link(recipient.unsubscribe_url),
        "feedback": link(recipient.feedback_url),
    }


def _body(parts: Parts, kind: str, shown: list[Block], frame: dict[str, str]) -> str:
    content = Markup("").join(Markup(_block(parts, kind, block, frame)) for block in shown)  # noqa: S704
    if kind == "html":
        return inline(parts.templates.render("body.html", frame | {"content": content}))
    wrapped = {name: wrap(frame[name]) for name in ("line", "because")}
    return parts.templates.render("body.txt", frame | wrapped | {"content": str(content)})


def _block(parts: Parts, kind: str, block: Block, frame: dict[str, str]) -> str:
    render = parts.templates.render
    if block.kind in ("card", "row"):
        known = {
            "card": parts.cards[block.paper_id],
            "why": _why(parts, kind, block),
            "feedback": frame["feedback"],
            "mute": _mute(parts, kind, block, frame),
        }
        return render(f"{block.kind}.{kind}", known)
    own = values(block) if kind == "txt" else {block.kind: block.text}
    return render(f"{block.kind}.{kind}", own)


def _mute(parts: Parts, kind: str, block: Block, frame: dict[str, str]) -> str:
    named = topic(block.reasons)
    if not named or kind == "txt":
        return ""
    own = {"feedback": frame["feedback"], "number": block.paper_id, "topic": clean(named)}
    return parts.templates.render("mute.html", own)


def _why(parts: Parts, kind: str, block: Block) -> str:
    bits = why(block.reasons, parts.language)
    if not bits:
        return ""
    line = parts.templates.render(f"why.{kind}", {"why": bits})
    return wrapped_why(line) if kind == "txt" else line
