"""Mail that comes in: from a file, a pipe, a folder, a Maildir or a mailbox on a server.

A mailbox is told what became of each mail only after that is committed: whoever stops in between
reads the mail again, and a report read twice counts once.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, Self
from urllib.parse import urlsplit

from digest.errors import MailboxError
from digest.mail.imap import Imap
from digest.mail.incoming import MOST_OCTETS, Incoming
from digest.mail.pop3 import Pop3
from digest.mail.server import server

EXAMPLES = "a file, a Maildir, - or imaps://user:password@host/INBOX"
# A new message in an mbox file begins behind an empty line; "From " in a text is quoted there.
_NEXT = re.compile(rb"(?<=\n\n)(?=From \S+.{0,40}\d\d:\d\d.{0,40}\d{4}\r?\n)")
_UNREAD = re.compile(r":2,[A-RT-Za-z]*$")


class Inbox(Protocol):
    """Mail to be read, each followed by `done` once what it says is kept."""

    def __iter__(self) -> Iterator[Incoming]: ...

    def done(self, mail: Incoming) -> None:
        """This one is dealt with: it is not to be read again."""


def open_inbox(source: str, stdin: BinaryIO) -> AbstractContextManager[Inbox]:
    """The mail that `source` names: "-", a path, or a URL of an IMAP or POP3 mailbox.

    MailboxError if it is not there or cannot be opened.
    """
    scheme = source.partition("://")[0].lower() if "://" in source else ""
    if scheme in ("imap", "imaps"):
        return Imap(server(source, {"imap": 143, "imaps": 993}))
    if scheme in ("pop3", "pop3s"):
        return Pop3(server(source, {"pop3": 110, "pop3s": 995}))
    if scheme:
        raise MailboxError(f"{urlsplit(source).scheme}: no mailbox of that kind; give {EXAMPLES}")
    if source == "-":
        return Files("standard input", lambda: [("standard input", stdin.read)])
    return _path(Path(source))


def _path(path: Path) -> AbstractContextManager[Inbox]:
    if path.is_dir():
        if (path / "new").is_dir() or (path / "cur").is_dir():
            return MaildirInbox(path)
        mails = _mails_in(path)
        return Files(str(path), lambda: [(str(file), file.read_bytes) for file in mails])
    if not path.exists():
        raise MailboxError(f"{path}: there is no such file or folder; give {EXAMPLES}")
    return Files(str(path), lambda: [(str(path), path.read_bytes)])


def _mails_in(folder: Path) -> list[Path]:
    """The .eml files of a folder that, hidden files aside, holds nothing else: in any other folder
    nobody can tell what is a mail."""
    try:
        found = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise MailboxError(f"{folder} cannot be read: {error.strerror}") from error
    other = next((file.name for file in found if file.suffix.lower() != ".eml"), "")
    if found and not other:
        return found
    holds = f"holds {other}" if other else "is empty"
    raise MailboxError(
        f"{folder} {holds}: a folder must be a Maildir, or hold .eml files only; give {EXAMPLES}"
    )


class Files:
    """Mails in files, one each or as an mbox; they stay as they are."""

    def __init__(
        self, name: str, readers: Callable[[], list[tuple[str, Callable[[], bytes]]]]
    ) -> None:
        self._name, self._readers = name, readers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[Incoming]:
        try:
            found = self._readers()
        except OSError as error:
            raise MailboxError(f"{self._name} cannot be read: {error.strerror}") from error
        for name, read in found:
            try:
                data = read()
            except OSError as error:
                yield Incoming(name, problem=error.strerror or str(error))
                continue
            yield from _messages(name, data)

    def done(self, mail: Incoming) -> None:
        """Nothing is changed."""


def _messages(name: str, data: bytes) -> Iterator[Incoming]:
    if not data.strip():
        yield Incoming(name, problem="it is empty")
        return
    parts = _NEXT.split(data) if data.startswith(b"From ") else [data]
    for number, part in enumerate(parts, 1):
        yield Incoming(f"{name}, message {number}" if len(parts) > 1 else name, part[:MOST_OCTETS])


class MaildirInbox:
    """The unseen mails of a Maildir; what is done is moved to cur, marked as seen.

    Source: https://cr.yp.to/proto/maildir.html
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[Incoming]:
        for file in self._unseen():
            try:
                with file.open("rb") as opened:
                    yield Incoming(str(file), opened.read(MOST_OCTETS), place=file)
            except FileNotFoundError:  # another reader of the same mailbox was faster
                continue
            except OSError as error:
                yield Incoming(str(file), problem=error.strerror or str(error))

    def _unseen(self) -> list[Path]:
        try:
            new = sorted((self._path / "new").iterdir()) if (self._path / "new").is_dir() else []
            cur = sorted((self._path / "cur").iterdir()) if (self._path / "cur").is_dir() else []
        except OSError as error:
            raise MailboxError(f"{self._path} cannot be read: {error.strerror}") from error
        left = [file for file in cur if ":2," not in file.name or _UNREAD.search(file.name)]
        return [file for file in new + left if not file.name.startswith(".")]

    def done(self, mail: Incoming) -> None:
        """Move it to cur, as seen."""
        if not isinstance(mail.place, Path):
            return
        base, _, flags = mail.place.name.partition(":2,")
        target = self._path / "cur" / f"{base}:2,{''.join(sorted({*flags, 'S'}))}"
        try:
            target.parent.mkdir(exist_ok=True)
            mail.place.replace(target)
        except FileNotFoundError:
            return
        except OSError as error:
            raise MailboxError(f"{mail.name} cannot be moved: {error.strerror}") from error
