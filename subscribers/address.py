"""Address: an e-mail address as it was typed, and the form by which two of them are the same."""

import re
import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from subscribers.errors import BadAddress, shown

# Wide enough for every key: case folding can treble the letters of a local part.
KEY_LENGTH = 512

# Most addresses are plain ASCII, and the validator takes 56 us for each. What this accepts the
# validator accepts too (a test holds that); what it does not is left to the validator.
_ATOM = r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?P<domain>(?:{_LABEL}\.)+(?!..--)[A-Za-z]{{2,63}})")
_PLAIN_LENGTH = 254
_RESERVED = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address; two with the same `key` are the same mailbox to us.

    `as_typed` lacks only outer spaces and the root dot of the domain, with which no mail server
    takes it. The key is NFC, case-folded before the @, the lower-case A-label domain after it.
    Source: RFC 5321, 2.4 (a local part may be case sensitive, so it is never sent folded).
    """

    as_typed: str
    key: str

    def __str__(self) -> str:
        return self.as_typed

    @property
    def envelope(self) -> str:
        """The form for RCPT TO: the local part as typed, the domain as A-labels (RFC 5891)."""
        return f"{self.as_typed.rpartition('@')[0]}@{self.key.rpartition('@')[2]}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a relay that offers SMTPUTF8 can take it (RFC 6531)."""
        return not self.envelope.isascii()


def reachable(address: Address, *, smtputf8: bool) -> Address:
    """The address, if mail can be sent to it: one with other letters than a to z before the @
    needs a relay that offers SMTPUTF8. BadAddress, by its form alone, if not."""
    if address.needs_smtputf8 and not smtputf8:
        raise BadAddress(
            f"{shown(address.as_typed, 80)} has other letters than a to z before the @, and mail "
            "cannot be sent there from here: give another address"
        )
    return address


def parse(text: str) -> Address:
    """The address that `text` is; BadAddress, with the reason, if no mail could reach it."""
    typed = text.strip()
    if typed.endswith(".") and not typed.endswith(".."):
        typed = typed[:-1]
    if not typed:
        raise BadAddress("the e-mail address is empty")
    return Address(typed, _plain_key(typed) or _checked_key(typed))


def _plain_key(typed: str) -> str | None:
    match = _PLAIN.fullmatch(typed) if len(typed) <= _PLAIN_LENGTH else None
    if match is None:
        return None
    key = typed.lower()
    return None if f".{match['domain'].lower()}".endswith(_RESERVED) else key


def _checked_key(typed: str) -> str:
    try:
        found = validate_email(typed, check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress(f"{shown(typed, 80)} is no e-mail address: {error}") from error
    return f"{_folded(found.local_part)}@{found.ascii_domain.lower()}"


def _folded(local: str) -> str:
    """Folded twice: the fold of a decomposed letter may itself be one that folds."""
    for _ in range(2):
        local = unicodedata.normalize("NFC", unicodedata.normalize("NFD", local).casefold())
    return local
