"""Maildir: messages as files in a mailbox on this machine.

A message's file name comes from its Message-ID, and the file appears by a link that fails where
the name is taken: handing over the same message twice leaves one. Line ends are the machine's
("\\n"), as local mailboxes keep them. Source: https://cr.yp.to/proto/maildir.html
"""

import asyncio
import os
from hashlib import blake2b
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.lane import Ended, Still, Take, one_by_one

_FOLDERS = ("tmp", "new", "cur")


class Maildir:
    """A transport into the Maildir at `path`, which is made where it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers = count()
        self._read: frozenset[str] = frozenset()
        self._read_at = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def hand_over(self, message: Message) -> Outcome:
        """Store `message`, safe on disk before this returns; SENT also if it was there already."""
        try:
            reply = await asyncio.to_thread(self._store, message)
        except OSError as error:
            return Outcome(State.DEFERRED, f"{self.path}: {error}", ours=True)
        return Outcome(State.SENT, reply, phase=Phase.DOT)

    async def drain(self, take: Take, ended: Ended, still: Still) -> None:
        """Transport.drain; nothing is taken ahead."""
        await one_by_one(self, take, ended, still)

    def _store(self, message: Message) -> str:
        for folder in _FOLDERS:
            (self.path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        name = file_name(message.message_id)
        if name in self._in_cur():
            return f"already in {self.path}/cur"
        draft = self.path / "tmp" / f"{name}.{os.getpid()}.{next(self._numbers)}"
        try:
            _write(draft, message.data.replace(b"\r\n", b"\n"))
            return self._publish(draft, self.path / "new" / name)
        finally:
            draft.unlink(missing_ok=True)

    def _publish(self, draft: Path, final: Path) -> str:
        try:
            final.hardlink_to(draft)
        except FileExistsError:
            return f"already in {final}"
        _sync(final.parent)
        return f"stored as {final}"

    def _in_cur(self) -> frozenset[str]:
        """The names in cur without their flags, read anew only when the folder has changed."""
        cur = self.path / "cur"
        changed = cur.stat().st_mtime_ns
        if changed != self._read_at:
            self._read = frozenset(file.name.partition(":")[0] for file in cur.iterdir())
            self._read_at = changed
        return self._read


def file_name(message_id: str) -> str:
    """The name under which a message is kept; it tells nothing and never changes."""
    return f"{blake2b(message_id.encode(), digest_size=20).hexdigest()}.digest"


def _write(file: Path, data: bytes) -> None:
    with file.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
