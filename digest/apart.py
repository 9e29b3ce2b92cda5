"""Apart: a run sent on all cores by a process of its own, for programs that have threads: those
must not be forked, as a crew is.
"""

import logging
import multiprocessing
import signal
from collections.abc import Callable

from digest import logs, sender
from digest.app import build
from digest.errors import DigestError
from digest.settings import Settings

log = logging.getLogger(__name__)

_LOOK_S = 0.5


def resume(settings: Settings, run_id: int, asked: Callable[[], bool]) -> None:
    """Go on with a run until it is sent, paused, or `asked` says stop: then what is under way
    ends, and the rest waits. What a process that dies leaves behind is found by the next."""
    context = multiprocessing.get_context("spawn")
    hand = context.Process(target=_resume, args=(settings, run_id), name=f"run {run_id}")
    hand.start()
    was_asked = False
    while hand.is_alive():
        hand.join(_LOOK_S)
        if asked() and not was_asked:
            was_asked = True
            hand.terminate()
    if hand.exitcode:
        log.warning("a sender died", extra={"run": run_id, "status": hand.exitcode})


def _resume(settings: Settings, run_id: int) -> None:
    """The life of that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when, by SIGTERM
    logs.configure(logging.INFO)
    try:
        sender.resume(build(settings), run_id)
    except DigestError as error:
        log.error("a run stopped", extra={"run": run_id, "reason": str(error)})
