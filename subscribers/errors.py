"""What can go wrong about a person.

SubscriberError
├── BadAddress        no e-mail address that mail could reach
├── BadToken          a link that is forged, expired or of another purpose
├── BadProfile        a profile, hour, zone or cadence that cannot be kept
├── BadImport         a file of readers that cannot be read as a whole
├── UnknownPerson     nobody has that address or id
└── BadStep           a change of status that does not follow from where a person stands
"""


class SubscriberError(Exception):
    """The root."""


class BadAddress(SubscriberError):
    """The text is no e-mail address that mail could reach; the message says why."""


class BadToken(SubscriberError):
    """A link is forged, expired or of another purpose."""


class BadProfile(SubscriberError):
    """A profile, hour, zone or cadence cannot be kept; the message names the field."""


class BadImport(SubscriberError):
    """A file of readers cannot be read at all; the message names what its head lacks."""


class UnknownPerson(SubscriberError):
    """Nobody is subscribed with that address or id."""


class BadStep(SubscriberError):
    """A step (pause, resume ...) does not follow from a person's status."""


def shown(text: str, most: int = 40) -> str:
    """A stranger's text as it may stand in a message: quoted, on one line, cut after `most`."""
    safe = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return f'"{safe[:most]}…"' if len(safe) > most else f'"{safe}"'
