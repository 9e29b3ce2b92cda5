"""What can go wrong, as one tree; a message is one line that names thing, place and mend.

DigestError
├── SettingsError        a setting is missing or wrong
├── SourceError          a source gave no listing
│   ├── SourceFormatError    its bytes are no listing of the expected kind
│   ├── UnknownSource        no source has that name
│   └── FetchError           its bytes could not be had
├── StoreError           the database cannot be used
├── MailboxError         a mailbox of incoming mail cannot be read
├── DnsError             the DNS could not be asked, or gave no answer
├── EncoderError         the sentence encoder or what it needs is missing
├── UnknownPaper, UnknownSubscriber, UnknownDelivery, UnknownRun
├── ApiKeyError          a key of the HTTP API cannot be made or found
├── AdminError           an admin cannot be made or found
│   └── NotAdmitted          a log-in was refused
├── SendError            a send cannot be ordered so
├── BadMark              a paper cannot be hidden or pinned so
├── IllegalTransition    a delivery or a run was asked to take a step that does not follow
└── LostClaim            another sender took over this shard
"""


class DigestError(Exception):
    """The root: catching it catches every expected failure of ours."""


class SettingsError(DigestError):
    """A setting is missing or wrong; the message names it and an example that works."""


class SourceError(DigestError):
    """A source gave no listing."""


class SourceFormatError(SourceError):
    """The bytes are no listing of the expected kind; the message says where reading stopped."""


class UnknownSource(SourceError):
    """No source has that name."""


class FetchError(SourceError):
    """The bytes of a URL could not be had; `status` is the HTTP status where there was one, and
    `body` the start of what the server said with it."""

    def __init__(
        self, message: str, *, url: str, status: int | None = None, body: bytes = b""
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.body = body


class StoreError(DigestError):
    """The database cannot be used: missing, older or newer than this program, or locked."""


class MailboxError(DigestError):
    """A mailbox of incoming mail cannot be read; the message names it, never its password."""


class DnsError(DigestError):
    """The DNS could not be asked, or gave no answer; the message names what was asked."""


class EncoderError(DigestError):
    """The sentence encoder cannot be used: its extra or its model is missing, or is no model."""


class UnknownPaper(DigestError):
    """The history holds no such paper."""


class UnknownSubscriber(DigestError):
    """Nobody subscribed with that address."""


class UnknownDelivery(DigestError):
    """The ledger has no such delivery."""


class UnknownRun(DigestError):
    """The ledger has no such run."""


class ApiKeyError(DigestError):
    """A key of the HTTP API cannot be made or found; the message says why."""


class AdminError(DigestError):
    """An admin cannot be made or found; the message says why."""


class NotAdmitted(AdminError):
    """A log-in was refused; `wait_s` is how long to wait before the next try, 0 if not at all."""

    def __init__(self, message: str, *, wait_s: int = 0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class SendError(DigestError):
    """A send cannot be ordered so; the message says what to change."""


class BadMark(DigestError):
    """A paper cannot be hidden or pinned so; the message says why."""


class IllegalTransition(DigestError):
    """A delivery or a run was asked to take a step that does not follow from its state."""


class LostClaim(DigestError):
    """Another sender took over this shard; whoever gets this must stop writing."""
