"""digest bounces, as an operator or Postfix runs it."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests import reports
from tests.cli.conftest import Digest


def test_a_mail_in_a_file_is_told_in_one_line(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(reports.dsn())
    told = digest("bounces", "a.eml")
    assert told.stdout == "1 read: 1 hard (1 about no message of ours)\n"
    assert digest("bounces", "a.eml").stdout == "1 read: nothing new, 1 read before\n"


def test_a_pipe_is_read_and_told_as_json(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    data = reports.dsn(status="5.7.1", diagnostic="")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    told = json.loads(digest("bounces", "-", "--json").stdout)
    assert told == {
        "read": 1, "kinds": {"policy": 1}, "again": 0, "unmatched": 1, "suppressed": 0,
        "unsubscribed": 0, "left": [], "failed": [],
    }  # fmt: skip


def test_what_could_not_be_read_is_named_and_the_status_says_so(
    digest: Digest, tmp_path: Path
) -> None:
    (tmp_path / "mails" / "a.eml").mkdir(parents=True)
    (tmp_path / "mails" / "b.eml").write_bytes(reports.dsn())
    told = digest("bounces", "mails", status=1)
    assert "a.eml: " in told.stderr
    assert told.stdout.startswith("1 read: 1 hard")
    failed = json.loads(digest("bounces", "mails", "--json", status=1).stdout)["failed"]
    assert [one["mail"] for one in failed] == ["mails/a.eml"]


def test_a_source_that_is_not_there_is_one_line(digest: Digest) -> None:
    told = digest("bounces", "nowhere", status=1)
    assert told.stderr.startswith("nowhere: there is no such file or folder")
    assert told.stderr.count("\n") == 1


def test_without_a_source_the_settings_mailbox_is_read(digest: Digest) -> None:
    told = digest("bounces", status=1, DIGEST_BOUNCES_URL="imap://ada:sesame@127.0.0.1:1/INBOX")
    assert told.stderr.startswith("the mailbox at 127.0.0.1:1: ")
    assert "sesame" not in told.stderr


@pytest.mark.parametrize(
    ("files", "holds"),
    [(["__init__.py", "a.eml"], "holds __init__.py"), (["b.pyc"], "holds b.pyc"), ([], "is empty")],
    ids=["code and a mail", "code", "nothing"],
)
def test_a_folder_of_anything_else_is_told_so_in_one_line_and_nothing_is_read(
    digest: Digest, tmp_path: Path, files: list[str], holds: str
) -> None:
    (tmp_path / "some").mkdir()
    for name in files:
        (tmp_path / "some" / name).write_bytes(reports.dsn())
    told = digest("bounces", "some", status=1)
    assert told.stdout == ""
    assert told.stderr.startswith(f"some {holds}: a folder must be a Maildir, or hold .eml files")
    assert told.stderr.count("\n") == 1


def test_a_folder_of_mails_alone_is_read_whatever_is_hidden_in_it(
    digest: Digest, tmp_path: Path
) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / ".DS_Store").write_bytes(b"x")
    for name, status in (("a.eml", "5.1.1"), ("b.EML", "4.2.2")):
        (tmp_path / "some" / name).write_bytes(reports.dsn(status=status, diagnostic=""))
    told = digest("bounces", "some")
    assert told.stdout.startswith("2 read: 1 hard, 1 soft")
