"""Letters: messages that are no digest, each from subject.txt, body.txt and body.html.

They are few and short, so each is made the ordinary way, by Jinja2, premailer and EmailMessage.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from functools import partial
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.core.message import Message, message_id
from digest.mail import headers
from digest.mail.language import Language
from digest.mail.plain import Unbroken
from digest.mail.render import inline, sandbox
from digest.mail.site import Site


def _policy(*, utf8: bool) -> "EmailPolicy[Any]":
    registry = HeaderRegistry()
    registry.map_to_type("list-unsubscribe", Unbroken)  # type: ignore[arg-type]
    return SMTP.clone(header_factory=registry, utf8=utf8)


class Letters:
    """The letters of one installation; `folder` holds one folder of templates a kind."""

    def __init__(self, folder: Path, site: Site) -> None:
        self._folder, self._site = folder, site
        self._environments: dict[str, ImmutableSandboxedEnvironment] = {}

    def compose(
        self,
        kind: str,
        language: Language,
        *,
        key: str,
        to: str,
        values: Mapping[str, object],
        at: datetime,
        more: Sequence[tuple[str, str]] = (),
    ) -> Message:
        """The letter of this kind to one address, with `more` headers; the same arguments give the
        same bytes."""
        render = partial(self._render, language)
        subject = " ".join(render(f"{kind}/subject.txt", values).split())
        known = {**values, "subject": subject}
        text = render(f"{kind}/body.txt", known)
        html = inline(render(f"{kind}/body.html", known))
        number = message_id(key, self._site.secret, self._site.domain)
        address = headers.wire_address(to)
        message = EmailMessage(_policy(utf8=not address.isascii()))
        for name, value in [*self._headers(subject, address, number, at), *more]:
            message[name] = value
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        for part in message.iter_parts():
            del part["MIME-Version"]  # it is the whole message's. Source: RFC 2045, 4
        message.set_boundary("=_papers-digest")
        return Message(
            number, headers.envelope_sender(self._site, key), address, subject, message.as_bytes()
        )

    def _render(self, language: Language, name: str, values: Mapping[str, object]) -> str:
        if language.code not in self._environments:
            room = sandbox(self._folder, language, site=self._site)
            self._environments[language.code] = room
        return self._environments[language.code].get_template(name).render(values)

    def _headers(
        self, subject: str, to: str, number: str, at: datetime
    ) -> list[tuple[str, str | datetime | Address]]:
        site = self._site
        sender = Address(headers.sender_name(site), addr_spec=headers.wire_address(site.address))
        return [
            ("From", sender),
            ("To", to),
            ("Date", at),
            ("Message-ID", number),
            ("Subject", subject),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ]
