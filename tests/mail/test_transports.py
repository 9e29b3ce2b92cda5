"""The contract that every transport keeps, and which one a URL opens."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.errors import SettingsError
from digest.mail.compose import compose
from digest.mail.maildir import Maildir
from digest.mail.smtp import Smtp
from digest.mail.transport import Options, Patience, Transport, open_transport
from tests.fakes import Outbox
from tests.given import needs
from tests.mail import given
from tests.sink import free_port, smtp_sink
from tests.smtpd import Smtpd

Stored = Callable[[], list[bytes]]
Session = Callable[[Transport], Awaitable[list[Outcome]]]


class MaildirCase:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, session: Session) -> tuple[list[Outcome], list[bytes]]:
        async def talk() -> list[Outcome]:
            async with open_transport(f"maildir:{self.folder}") as transport:
                return await session(transport)

        outcomes = asyncio.run(talk())
        files = [*(self.folder / "new").iterdir(), *(self.folder / "cur").iterdir()]
        return outcomes, [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


async def over(url: str, session: Session) -> list[Outcome]:
    options = Options(patience=Patience(5, 5, 5), helo="client.example.org")
    async with open_transport(url, options) as transport:
        return await session(transport)


class SmtpCase:
    def __init__(self, extensions: tuple[str, ...]) -> None:
        self.extensions = extensions

    def run(self, session: Session) -> tuple[list[Outcome], list[bytes]]:
        server = Smtpd(extensions=self.extensions)

        async def talk() -> list[Outcome]:
            async with server:
                return await over(f"smtp://127.0.0.1:{server.port}", session)

        outcomes = asyncio.run(talk())
        return outcomes, [message.data for message in server.messages]


class SinkCase:
    """smtp-sink, which writes each message to a file, below headers of its own."""

    def run(self, session: Session) -> tuple[list[Outcome], list[bytes]]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)
            with smtp_sink("-d", f"{folder}/m.") as port:
                outcomes = asyncio.run(over(f"smtp://127.0.0.1:{port}", session))
            dumps = [file.read_bytes() for file in Path(folder).iterdir()]
        bodies = [dump.partition(b"(UTC)\n")[2].removesuffix(b"\n") for dump in dumps]
        return outcomes, [body.replace(b"\n", b"\r\n") for body in bodies]


class AiosmtpdCase:
    """aiosmtpd, which offers SIZE, 8BITMIME and SMTPUTF8, and no PIPELINING."""

    def run(self, session: Session) -> tuple[list[Outcome], list[bytes]]:
        needs("aiosmtpd")
        from aiosmtpd.controller import Controller

        got: list[bytes] = []

        class Handler:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
                got.append(envelope.original_content)
                return "250 2.0.0 taken"

        controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
        controller.start()
        try:
            outcomes = asyncio.run(over(f"smtp://127.0.0.1:{controller.port}", session))
        finally:
            controller.stop()
        return outcomes, got


class FakeCase:
    """The outbox of the tests that have no server."""

    def run(self, session: Session) -> tuple[list[Outcome], list[bytes]]:
        outbox = Outbox()

        async def talk() -> list[Outcome]:
            async with outbox as transport:
                return await session(transport)

        return asyncio.run(talk()), [message.data for message in outbox.messages]


Case = MaildirCase | SmtpCase | SinkCase | AiosmtpdCase | FakeCase
CASES = ["maildir", "smtp", "pipelined", "smtp-sink", "aiosmtpd", "fake"]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return {
        "maildir": lambda: MaildirCase(tmp_path / "box"),
        "smtp": lambda: SmtpCase(("SIZE 1000000", "8BITMIME")),
        "pipelined": lambda: SmtpCase(("PIPELINING", "DSN")),
        "smtp-sink": SinkCase,
        "aiosmtpd": AiosmtpdCase,
        "fake": FakeCase,
    }[request.param]()


def message(key: str = "7") -> Message:
    reader = given.reader(delivery_key=key)
    return compose(given.parts(), given.digest(), reader, given.NOW)


def test_a_message_arrives_byte_equal(case: Case) -> None:
    async def session(transport: Transport) -> list[Outcome]:
        return [await transport.hand_over(message())]

    outcomes, stored = case.run(session)
    assert [(each.state, each.phase) for each in outcomes] == [(State.SENT, Phase.DOT)]
    assert stored == [message().data]


def test_ten_messages_at_once_all_arrive_once(case: Case) -> None:
    messages = [message(str(number)) for number in range(10)]

    async def session(transport: Transport) -> list[Outcome]:
        return await asyncio.gather(*map(transport.hand_over, messages))

    outcomes, stored = case.run(session)
    assert {each.state for each in outcomes} == {State.SENT}
    assert sorted(stored) == sorted(each.data for each in messages)


def test_a_drained_queue_arrives_in_its_order_each_message_told_of_once(case: Case) -> None:
    messages = [message(str(number)) for number in range(10)]
    heard: list[Message] = []

    async def session(transport: Transport) -> list[Outcome]:
        queue, outcomes = iter(messages), list[Outcome]()

        def ended(message: Message, outcome: Outcome) -> None:
            heard.append(message)
            outcomes.append(outcome)

        await transport.drain(lambda: next(queue, None), ended, lambda _: True)
        return outcomes

    outcomes, stored = case.run(session)
    assert heard == messages
    assert [(each.state, each.phase) for each in outcomes] == [(State.SENT, Phase.DOT)] * 10
    assert sorted(stored) == sorted(each.data for each in messages)


def test_of_a_drained_queue_what_is_not_wanted_any_more_is_handed_back(case: Case) -> None:
    messages = [message(str(number)) for number in range(4)]

    async def session(transport: Transport) -> list[Outcome]:
        queue, outcomes = iter(messages), list[Outcome]()
        await transport.drain(
            lambda: next(queue, None),
            lambda _, outcome: outcomes.append(outcome),
            lambda one: one is not messages[1],
        )
        return outcomes

    outcomes, stored = case.run(session)
    assert [each.state for each in outcomes] == [
        State.PLANNED if number == 1 else State.SENT for number in range(4)
    ]
    assert sorted(stored) == sorted(each.data for each in messages if each is not messages[1])


def test_a_transport_opens_again_after_it_was_closed(case: Case) -> None:
    async def session(transport: Transport) -> list[Outcome]:
        first = await transport.hand_over(message("1"))
        await transport.__aexit__(None, None, None)
        return [first, await transport.hand_over(message("2"))]

    outcomes, stored = case.run(session)
    assert {each.state for each in outcomes} == {State.SENT}
    assert len(stored) == 2


def into(folder: Path, *messages: Message) -> list[Outcome]:
    async def talk() -> list[Outcome]:
        async with Maildir(folder) as transport:
            return [await transport.hand_over(each) for each in messages]

    return asyncio.run(talk())


def test_a_maildir_holds_the_same_message_once(tmp_path: Path) -> None:
    outcomes = into(tmp_path, message(), message())
    assert {each.state for each in outcomes} == {State.SENT}
    assert "already" in outcomes[1].reply
    assert len(list((tmp_path / "new").iterdir())) == 1


@pytest.mark.parametrize("flags", ["", ":2,", ":2,RS"])
def test_a_message_that_was_read_is_not_delivered_again(tmp_path: Path, flags: str) -> None:
    into(tmp_path, message())
    [file] = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "cur" / f"{file.name}{flags}")
    assert "already" in into(tmp_path, message())[0].reply
    assert list((tmp_path / "new").iterdir()) == []


def test_a_maildir_notices_what_is_read_while_it_is_open(tmp_path: Path) -> None:
    async def talk() -> Outcome:
        async with Maildir(tmp_path) as transport:
            await transport.hand_over(message())
            [file] = (tmp_path / "new").iterdir()
            file.rename(tmp_path / "cur" / f"{file.name}:2,S")
            return await transport.hand_over(message())

    assert "already" in asyncio.run(talk()).reply


def test_a_maildir_leaves_nothing_in_tmp_and_keeps_local_line_ends(tmp_path: Path) -> None:
    into(tmp_path, message("1"), message("2"), message("1"))
    assert list((tmp_path / "tmp").iterdir()) == []
    for file in (tmp_path / "new").iterdir():
        assert b"\r" not in file.read_bytes()
        assert "reader" not in file.name


def test_a_maildir_that_cannot_be_written_is_deferred_by_our_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    [outcome] = into(blocked, message())
    assert (outcome.state, outcome.ours) == (State.DEFERRED, True)
    assert str(blocked) in outcome.reply


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("maildir:outbox", Maildir),
        ("maildir:/var/mail/box", Maildir),
        ("smtp://localhost", Smtp),
        ("smtp://user:p%40ss@mail.example.org:2525", Smtp),
        ("smtp+starttls://mail.example.org", Smtp),
        ("smtps://user:password@[::1]:465", Smtp),
    ],
)
def test_a_url_opens_its_transport(url: str, kind: type) -> None:
    assert isinstance(open_transport(url), kind)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "outbox",
        "maildir:",
        "http://example.org",
        "smtp:",
        "smtp://",
        "smtp://host:0",
        "smtp://host:notaport",
        "smtp://host:99999",
        "smtp://user@host",
        "smtp://:hunter2@host",
        "smtp://user:hunter2/3@host",
        "smtp://user:hunter2@host:25/path",
        "smtp://[::1",
    ],
)
def test_a_wrong_url_is_one_line_that_names_the_setting_and_no_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_transport(url)
    line = str(caught.value)
    assert line.startswith("DIGEST_SMTP_URL: ")
    assert "maildir:outbox" in line
    assert "hunter2" not in line
    assert "\n" not in line
