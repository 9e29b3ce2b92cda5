"""Real IMAP and POP3 servers on loopback, as far as a client that reads and marks needs them.

`drop_at` names a command (RETR 2, UID STORE ...) at which the connection is cut; every command
is kept in `commands`.
"""

import re
import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

USER, PASSWORD = "bo@example.org", "pa ss\"w'ord"


@dataclass
class Mailbox:
    """The mails by their lasting numbers, what is seen, and the server that shows them."""

    mails: dict[int, bytes]
    seen: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    drop_at: str = ""
    protocol: str = "imap"
    port: int = 0

    def __enter__(self) -> Self:
        handler = {"imap": _Imap, "pop3": _Pop3}[self.protocol]
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.box = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        user, password = USER.replace("@", "%40"), PASSWORD.replace(" ", "%20")
        return f"{self.protocol}://{user}:{password}@127.0.0.1:{self.port}/INBOX"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: Mailbox


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def lines(self):
        box = self.server.box
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            box.commands.append(line)
            if box.drop_at and box.drop_at in line:
                return
            yield line


class _Imap(_Talk):
    def handle(self) -> None:
        box = self.server.box
        self.say("* OK [CAPABILITY IMAP4rev1] ready")
        for line in self.lines():
            tag, _, rest = line.partition(" ")
            verb = rest.upper()
            if verb.startswith("CAPABILITY"):
                self.say("* CAPABILITY IMAP4rev1")
            elif verb.startswith("LOGIN"):
                quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
                if rest != f'LOGIN "{USER}" "{quoted}"':
                    self.say(f"{tag} NO [AUTHENTICATIONFAILED] wrong user or password")
                    continue
            elif verb.startswith("SELECT"):
                if '"INBOX"' not in verb:
                    self.say(f"{tag} NO [NONEXISTENT] no such folder")
                    continue
                self.say(f"* {len(box.mails)} EXISTS")
            elif verb.startswith("UID SEARCH UNSEEN"):
                left = [str(n) for n in sorted(box.mails) if n not in box.seen]
                self.say(" ".join(["* SEARCH", *left]))
            elif verb.startswith("UID FETCH"):
                self.fetch(int(rest.split()[2]))
            elif verb.startswith("UID STORE"):
                box.seen.add(int(rest.split()[2]))
            elif verb.startswith("LOGOUT"):
                self.say("* BYE")
                self.say(f"{tag} OK done")
                return
            self.say(f"{tag} OK done")

    def fetch(self, number: int) -> None:
        data = self.server.box.mails.get(number)
        if data is not None:
            self.say(f"* 1 FETCH (UID {number} BODY[]<0> {{{len(data)}}}")
            self.wfile.write(data)
            self.say(")")


class _Pop3(_Talk):
    def handle(self) -> None:
        box = self.server.box
        shown = sorted(box.mails)
        gone: set[int] = set()
        user = ""
        self.say("+OK ready")
        for line in self.lines():
            verb, _, rest = line.partition(" ")
            if verb == "USER":
                user = rest
            elif verb == "PASS" and (user, rest) != (USER, PASSWORD):
                self.say("-ERR wrong user or password")
                continue
            elif verb == "UIDL":
                self.say("+OK")
                for place, number in enumerate(shown, 1):
                    self.say(f"{place} uid-{number}")
                self.say(".")
                continue
            elif verb == "RETR":
                data = box.mails[shown[int(rest) - 1]]
                self.say("+OK")
                text = re.sub(rb"\r?\n", b"\r\n", data)
                self.wfile.write(re.sub(rb"(?m)^\.", b"..", text) + b"\r\n.\r\n")
                continue
            elif verb == "DELE":
                gone.add(shown[int(rest) - 1])
            elif verb == "QUIT":
                for number in gone:
                    del box.mails[number]
                self.say("+OK bye")
                return
            self.say("+OK")
