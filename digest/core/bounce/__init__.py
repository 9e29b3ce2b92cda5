"""Bounces: the bytes of a mail that came back -> what it says. Pure; believes nobody.

A report names candidates (signed tags, links, a Message-ID). Whether they are genuine only the
holder of the key can tell, so the story over it decides; an address alone never counts, since
anyone can write one into a mail.
"""

from digest.core.bounce.classify import classify, of_reply
from digest.core.bounce.read import fingerprint, read_report
from digest.core.bounce.report import BounceReport, Kind, Original
from digest.core.bounce.score import Score

__all__ = [
    "BounceReport",
    "Kind",
    "Original",
    "Score",
    "classify",
    "fingerprint",
    "of_reply",
    "read_report",
]
