"""What a server may do wrong at each step, and what becomes of a message then."""

from digest.core.delivery import Phase, State
from digest.core.message import Message
from digest.mail.options import Options, Patience
from tests.smtpd import ABORT, DROP, REPLIES, SILENCE

QUICK = Options(patience=Patience(0.6, 0.6, 0.6), helo="client.example.org")
PATIENT = Options(patience=Patience(5, 5, 5), helo="client.example.org")
DATA = b"From: a@example.org\r\nSubject: x\r\n\r\nhello\r\n"

C, M, R, D, P = Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT
DEFERRED, BOUNCED, IN_DOUBT = State.DEFERRED, State.BOUNCED, State.IN_DOUBT
LOSSES = (DROP, ABORT, SILENCE, "421 4.3.2 closing", "nonsense")

# step, what happens there, and then: state, last finished phase, whether it is our fault
FAULTS: list[tuple[str, str, State, Phase, bool]] = [
    *[(step, what, DEFERRED, C, True) for step in ("CONNECT", "EHLO", "MAIL") for what in
      (*LOSSES, "451 4.3.0 later", "550 5.1.0 no")
      if not (step == "EHLO" and what == "550 5.1.0 no")],
    *[("RCPT", what, DEFERRED, M, False) for what in LOSSES],
    ("RCPT", "450 4.2.0 greylisted", DEFERRED, M, False),
    ("RCPT", "550 5.1.1 no such user", BOUNCED, M, False),
    ("RCPT", "550 5.7.26 unauthenticated", DEFERRED, M, True),
    ("RCPT", "530 5.7.0 log in first", DEFERRED, M, True),
    *[("DATA", what, DEFERRED, R, False) for what in LOSSES],
    ("DATA", "451 4.3.0 later", DEFERRED, R, False),
    ("DATA", "250 2.0.0 too early", DEFERRED, R, False),
    ("DATA", "554 5.5.1 no", BOUNCED, R, False),
    ("DATA", "550 5.7.515 access denied", DEFERRED, R, True),
    *[("DOT", what, IN_DOUBT, P, False) for what in LOSSES if what[:3] != "421"],
    ("DOT", "354 more, please", IN_DOUBT, P, False),
    ("DOT", "421 4.3.2 closing", DEFERRED, P, False),
    ("DOT", "451 4.3.0 later", DEFERRED, P, False),
    ("DOT", "554 5.6.0 no", BOUNCED, P, False),
    ("DOT", "550 5.7.1 policy", DEFERRED, P, True),
]  # fmt: skip


def message(number: int = 1, to: str = "", data: bytes = DATA) -> Message:
    to = to or f"reader{number}@example.net"
    return Message(f"<{number}@example.org>", "papers@example.org", to, "x", data)


def second(step: str, what: str) -> dict[str, list[str]]:
    """A script in which the first message goes well, and the second meets `what` at `step`."""
    return {step: [REPLIES[step], what]}
