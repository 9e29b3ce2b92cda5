"""Delivery status notifications of RFC 3464: fields about each recipient, for machines."""

import re
from dataclasses import dataclass

from digest.core.bounce import mime
from digest.core.bounce.classify import classify, status_in
from digest.core.bounce.mime import Mail
from digest.core.bounce.phrases import DELAYED, GIVEN_UP
from digest.core.bounce.report import Kind

_GRAVEST = (Kind.HARD, Kind.SOFT, Kind.POLICY, Kind.AUTO_REPLY)
_STATUS = re.compile(r"(?<!\d)([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_ADDRESS = re.compile(r"[^\s<>;,()\"]{1,200}@[^\s<>;,()\"]{1,255}")
_OK = ("delivered", "relayed", "expanded")


@dataclass(frozen=True, slots=True)
class Failure:
    """What one group of fields, or a notice in words, says about its recipients."""

    kind: Kind
    recipients: tuple[str, ...]
    status: str
    words: str
    final: bool = True


def failure(status_parts: list[Mail], notice: str) -> Failure | None:
    """The gravest of what the groups say; None if no group speaks of a recipient.

    `notice` is the part for people: some servers put the reason there alone.
    """
    groups = [block for part in status_parts for block in mime.blocks(part)]
    found = [one for block in groups if (one := _of(block, notice)) is not None]
    if not found:
        return None
    worst = min(found, key=lambda one: (_GRAVEST.index(one.kind), not one.final))
    alike = [one for one in found if (one.kind, one.final) == (worst.kind, worst.final)]
    addresses = dict.fromkeys(address for one in alike for address in one.recipients)
    return Failure(worst.kind, tuple(addresses), worst.status, worst.words, worst.final)


def _of(block: Mail, notice: str) -> Failure | None:
    action = mime.header(block, "action").lower()
    recipients = _recipients(block)
    if not action and not recipients:
        return None  # the group about the message as a whole
    status = _status(block)
    words = mime.header(block, "diagnostic-code")
    if action.startswith(_OK) or (status.startswith("2") and not action.startswith("fail")):
        return Failure(Kind.AUTO_REPLY, recipients, status, action)
    if action.startswith("delay"):
        return Failure(_delayed(status, words), recipients, status, words or action, final=False)
    # The reason for people is asked only where the fields leave it open: it may quote anything.
    open_ = status in ("", "5.0.0", "4.0.0") and not words
    kind = classify(status, f"{words} {notice[:1500]}" if open_ else words)
    return Failure(kind, recipients, status or status_in(words), words or action)


def _delayed(status: str, words: str) -> Kind:
    return Kind.POLICY if classify(status, words) is Kind.POLICY else Kind.SOFT


def _status(block: Mail) -> str:
    found = _STATUS.search(mime.header(block, "status"))
    return found[1] if found else ""


def _recipients(block: Mail) -> tuple[str, ...]:
    """The address as we wrote it, where the server kept it (RFC 3461, ORCPT), else the last."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        found = _ADDRESS.search(_after_type(mime.header(block, name)))
        if found:
            return (found[0],)
    return ()


def _after_type(value: str) -> str:
    kind, semicolon, rest = value.partition(";")
    if not semicolon:
        return value
    return rest if kind.strip().lower() in ("rfc822", "utf-8") else ""


def is_warning(subject: str, notice: str) -> bool:
    """Whether a notice in words only warns of a delay."""
    text = f"{subject}\n{notice[:3000]}"
    return bool(DELAYED.search(text)) and not GIVEN_UP.search(text)
