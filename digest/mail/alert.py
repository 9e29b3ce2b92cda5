"""Alerts: the plain mails that tell the operator what is in trouble, and when it is over."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from digest.core.message import Message, message_id
from digest.mail import headers
from digest.mail.site import Site


def alert(site: Site, to: str, *, key: str, subject: str, text: str, at: datetime) -> Message:
    """A message to the operator; the same key and words give the same bytes."""
    number = message_id(key, site.secret, site.domain)
    address = headers.wire_address(to)
    message = EmailMessage(SMTP.clone(utf8=not address.isascii()))
    sender = Address(headers.sender_name(site), addr_spec=headers.wire_address(site.address))
    message["From"] = sender
    message["To"] = address
    message["Date"] = at
    message["Message-ID"] = number
    message["Subject"] = " ".join(subject.split())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    data = message.as_bytes()
    return Message(number, headers.envelope_sender(site, key), address, subject, data)
