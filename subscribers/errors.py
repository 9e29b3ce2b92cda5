"""What can go wrong about a person.

SubscriberError
├── BadAddress        no e-mail address that mail could reach
├── BadToken          a link that is forged, expired or of another purpose
└── BadProfile        a profile, hour, zone or cadence that cannot be kept
"""


class SubscriberError(Exception):
    """The root."""


class BadAddress(SubscriberError):
    """The text is no e-mail address that mail could reach; the message says why."""


class BadToken(SubscriberError):
    """A link is forged, expired or of another purpose."""


class BadProfile(SubscriberError):
    """A profile, hour, zone or cadence cannot be kept; the message names the field."""
