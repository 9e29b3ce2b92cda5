"""Breaker: when a run of sends must pause, because the trouble is ours and not single readers'.

It hears each outcome in order and remembers the last thousand. Pure; one for each run and worker.
"""

import re
from collections import deque
from dataclasses import dataclass

from digest.core.bounce import Kind, of_reply
from digest.core.bounce.classify import status_in
from digest.core.delivery import Outcome, Phase, State
from digest.errors import SettingsError

BY_COMMAND = "paused by command"
EXAMPLE = "temporary=5 permanent=1 complaints=0.1"
WINDOW, ENOUGH = 1000, 200
POLICY_SHARE = 2.0
# So many refusals of us among the last so many outcomes; and so many answers that never came: more
# than one relay that starts again takes with it.
_BURSTS = ((3, 3), (10, 50))
_LOST_BURST = (25, 50)
# No TLS, no log-in: it is the same for every message. Source: RFC 4954, 6; RFC 3207, 4.
_LOG_IN = frozenset({432, 454, 530, 534, 535, 538})
_SECURITY = re.compile(r"[45]\.7\.\d+")
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]*@[^\s<>()\[\]\"',;]*")
_WORDS = 200
_LEAST_COMPLAINTS, _LEAST_SENT = 3, 1000
_PER_CENT = re.compile(r"(?P<name>[a-z]+)=(?:(?P<limit>\d{1,3}(?:\.\d{1,4})?)%?|off)")

_POLICY, _TEMPORARY, _PERMANENT, _LOST = "policy", "temporary", "permanent", "lost"
_CALLED = {
    _TEMPORARY: "were put off",
    _PERMANENT: "were refused for good",
}
_MEND = {
    _POLICY: "mend what they name (SPF, DKIM, DMARC, the sender, the relay's rules)",
    _TEMPORARY: "give the server time, or lower DIGEST_PACE or DIGEST_CONNECTIONS",
    _PERMANENT: "find out where those addresses came from",
    _LOST: "look into the relay's log for what it took, and mend it",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares in per cent that pause a run when they are passed; None: never."""

    temporary: float | None = 5.0
    permanent: float | None = 1.0
    complaints: float | None = 0.1


def parse(text: str) -> Limits:
    """DIGEST_BREAKER, "NAME=PERCENT ..." with "off" for none; what is not named keeps its default.

    SettingsError names the word that is wrong.
    """
    found: dict[str, float | None] = {}
    for word in text.split():
        match = _PER_CENT.fullmatch(word)
        if match is None or match["name"] not in Limits.__slots__ or match["name"] in found:
            raise _wrong(word, "is no temporary=, permanent= or complaints=, each once")
        limit = None if match["limit"] is None else float(match["limit"])
        if limit is not None and not 0 < limit <= 100:
            raise _wrong(word, "is not over 0 and at most 100 per cent; `off` turns one off")
        found[match["name"]] = limit
    return Limits(**found)


def _wrong(word: str, reason: str) -> SettingsError:
    return SettingsError(f"DIGEST_BREAKER: {word[:80]!r} {reason}; for example {EXAMPLE}")


class Breaker:
    """Closed until `note` gives a reason to pause; then open for good, with that reason."""

    def __init__(self, limits: Limits, run_id: int) -> None:
        self._limits, self._run_id = limits, run_id
        self._all = _Window(WINDOW)
        self._latest = [(least, _Window(size)) for least, size in _BURSTS]
        self._answers = _Window(_LOST_BURST[1])
        self._said: dict[str, str] = {}
        self.reason = ""

    def note(self, outcome: Outcome) -> str:
        """Hear of one outcome; "" or, in one line without addresses, why the run must pause.

        What was only handed back counts as nothing. A refusal of us over a policy counts, so that
        one reader's own does not stop a run; one of our connection or log-in opens at once.
        """
        if not self.reason and outcome.state is not State.PLANNED:
            self.reason = self._shut_out(outcome) or self._count(outcome)
        return self.reason

    def _shut_out(self, outcome: Outcome) -> str:
        if not is_shut_out(outcome):
            return ""
        what = f"the relay takes nothing from us: {without_addresses(_in_full(outcome))}"
        mend = "mend DIGEST_SMTP_URL or the relay"
        return f"{what}; {mend}, then `digest send` or `digest runs resume {self._run_id}` goes on"

    def _count(self, outcome: Outcome) -> str:
        marks = _marks(outcome)
        self._all.add(marks)
        for window in (*[window for _, window in self._latest], self._answers):
            window.add(marks)
        for mark in marks:
            self._said[mark] = _in_full(outcome)
        if not any(self._all.count.values()):
            return ""
        return (
            self._refused()
            or self._unanswered()
            or self._passed(_TEMPORARY)
            or self._passed(_PERMANENT)
        )

    def _unanswered(self) -> str:
        """Whether answers keep being lost: each leaves a reader in doubt, which only a person can
        settle."""
        if self._answers.count[_LOST] < _LOST_BURST[0]:
            return ""
        return self._pause(_LOST, self._answers, "never got their answer, and are in doubt")

    def _refused(self) -> str:
        """Whether we are refused, many times in a short while or too often in a long one."""
        full = [window for least, window in self._latest if window.count[_POLICY] >= least]
        if not full and self._all.share(_POLICY) > POLICY_SHARE:
            full = [self._all]
        called = "were refused for what we are or send, not for their readers"
        return self._pause(_POLICY, full[0], called) if full else ""

    def _passed(self, mark: str) -> str:
        limit: float | None = getattr(self._limits, mark)
        share = self._all.share(mark)
        if limit is None or share <= limit:
            return ""
        return self._pause(mark, self._all, f"{_CALLED[mark]} ({share:.1f} %, over {limit:g} %)")

    def _pause(self, mark: str, window: "_Window", called: str) -> str:
        counts = f"{window.count[mark]} of the last {len(window):,} {called}"
        words = without_addresses(self._said[mark])
        return _paused(f"{counts}; the server's last words: {words}", _MEND[mark], self._run_id)


def complained(limits: Limits, readers: int, sent: int, run_id: int) -> str:
    """Why a run must not start after so many readers' complaints of so many mails; "" if it may.

    To be asked before a new run, not when one is resumed: the person who resumed it has decided.
    """
    limit = limits.complaints
    if limit is None or readers < _LEAST_COMPLAINTS or sent < _LEAST_SENT:
        return ""
    share = 100 * readers / sent
    if share <= limit:
        return ""
    what = f"{readers:,} complaints about {sent:,} mails of late ({share:.2f} %, over {limit:g} %)"
    return _paused(what, "find out who did not ask for this mail", run_id)


def is_shut_out(outcome: Outcome) -> bool:
    """Whether no message of ours could get any further: no connection, no TLS, no log-in."""
    if not outcome.ours:
        return False
    return outcome.code in _LOG_IN or (outcome.code is None and outcome.phase is Phase.CONNECT)


def is_policy(outcome: Outcome) -> bool:
    """Whether a server refused us, or what we send, rather than the recipient."""
    if outcome.state not in (State.DEFERRED, State.BOUNCED) or outcome.code is None:
        return False
    if outcome.ours or _SECURITY.fullmatch(status_in(outcome.reply)):
        return True
    return outcome.code >= 500 and of_reply(outcome.reply, outcome.code) is Kind.POLICY


def without_addresses(text: str) -> str:
    """A server's words as an operator may be shown them: printable, on one line, not too long."""
    text = _ADDRESS.sub("…", " ".join(text.split()))
    text = "".join(letter for letter in text if letter.isprintable()).strip()
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _marks(outcome: Outcome) -> tuple[str, ...]:
    """What an outcome counts as. One whose answer was lost is put off, at the best."""
    if outcome.state is State.SENT:
        return ()
    if outcome.state is State.IN_DOUBT:
        return _LOST, _TEMPORARY
    policy = (_POLICY,) if is_policy(outcome) else ()
    return (*policy, _PERMANENT if outcome.state is State.BOUNCED else _TEMPORARY)


def _in_full(outcome: Outcome) -> str:
    return outcome.reply if outcome.code is None else f"{outcome.code} {outcome.reply}"


def _paused(what: str, mend: str, run_id: int) -> str:
    return f"{what}; {mend}, then `digest runs resume {run_id}` goes on"


def awaits_a_person(note: str) -> bool:
    """Whether a run with this note goes on only when somebody says so, not with the next send."""
    return note == BY_COMMAND or ", then `digest runs resume " in note


class _Window:
    """The marks of the last outcomes, and how many of each there are."""

    def __init__(self, size: int) -> None:
        self._marks: deque[tuple[str, ...]] = deque(maxlen=size)
        self.count = dict.fromkeys((_POLICY, _TEMPORARY, _PERMANENT, _LOST), 0)

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, marks: tuple[str, ...]) -> None:
        if len(self._marks) == self._marks.maxlen:
            for mark in self._marks[0]:
                self.count[mark] -= 1
        self._marks.append(marks)
        for mark in marks:
            self.count[mark] += 1

    def share(self, mark: str) -> float:
        """Per cent of the outcomes; 0 while they are too few to tell."""
        return 100 * self.count[mark] / len(self._marks) if len(self._marks) >= ENOUGH else 0.0
