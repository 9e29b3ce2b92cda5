"""Owner: which process holds a shard, by a name that tells others whether it still lives.

A name is HOST:PID:MARK. The mark is of the machine's start and the process's own, so a process
number that was given out again is not taken for the old process.
"""

import os
import socket
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

_HOST = 40
_PROC = Path("/proc")


def me() -> str:
    """The name of this process."""
    return _named(os.getpid())


@cache
def _named(pid: int) -> str:
    """By number: a process that was forked is another."""
    return f"{_here()}:{pid}:{_mark(pid)}"


def is_gone(owner: str) -> bool:
    """Whether a process of this machine certainly ended; of another machine nobody knows here."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    mark = owner.rpartition(":")[2]
    if host != _here() or not rest.isdigit():
        return False
    return _mark(int(rest)) != mark


def _here() -> str:
    return socket.gethostname()[:_HOST].replace(":", "-")


def _mark(pid: int) -> str:
    """A few letters that no other process of this machine, before or after, has with this pid.

    "" for a process that is not there. Source: proc(5), /proc/PID/stat field 22 (starttime).
    """
    with suppress(OSError, IndexError):
        stat = (_PROC / str(pid) / "stat").read_text()
        state, *fields = stat.rpartition(")")[2].split()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        told = f"{boot} {fields[18]}".encode()
        return "" if state in "ZX" else blake2b(told, digest_size=5).hexdigest()
    return "alive" if not _PROC.is_dir() and _answers(pid) else ""


def _answers(pid: int) -> bool:
    """Whether there is a process of this number, where there is no /proc to ask."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
