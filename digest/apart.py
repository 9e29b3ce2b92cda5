"""Apart: sending by a process of its own, for programs that have threads: those must not be forked,
as a crew is, and what composes keeps a core busy.

Such a process is ended by SIGTERM, which drains; what one that dies leaves behind, the next finds.
"""

import logging
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.context import SpawnProcess

from digest import logs, sender
from digest.app import App, build
from digest.errors import DigestError
from digest.settings import Settings

log = logging.getLogger(__name__)

_LOOK_S = 0.5


def start(work: Callable[[App, int], object], settings: Settings, number: int) -> SpawnProcess:
    """A process that does `work`, a function of a module, with an app of its own and a number."""
    context = multiprocessing.get_context("spawn")
    name = f"{work.__name__} {number}"
    hand = context.Process(target=_live, args=(work, settings, number, name), name=name)
    hand.start()
    return hand


def resume(settings: Settings, run_id: int, asked: Callable[[], bool]) -> None:
    """Go on with a run, on all cores, until it is sent, paused, or `asked` says stop: then what is
    under way ends, and the rest waits."""
    hand = start(sender.resume, settings, run_id)
    was_asked = False
    while hand.is_alive():
        hand.join(_LOOK_S)
        if asked() and not was_asked:
            was_asked = True
            hand.terminate()
    if hand.exitcode:
        log.warning("a sender died", extra={"run": run_id, "status": hand.exitcode})


def _live(work: Callable[[App, int], object], settings: Settings, number: int, name: str) -> None:
    """The life of that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when, by SIGTERM
    logs.configure(logging.INFO)
    try:
        work(build(settings), number)
    except DigestError as error:
        log.error("a sender stopped", extra={"work": name, "reason": str(error)})
