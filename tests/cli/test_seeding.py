"""digest subscribers seed: files, standard input and author ids, and how it says what is wrong."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Digest

ADA = "ada@example.org"


@pytest.fixture
def reader(digest: Digest) -> str:
    """A reader in a fresh database."""
    digest("subscribers", "add", ADA, "--interest", "tides")
    return ADA


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_list_from_standard_input_is_taken_once(
    digest: Digest, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = b"# mine\n2401.00001v2 https://arxiv.org/abs/2401.00002\nhep-th/9901001\nno paper\n"
    stdin(monkeypatch, ids)
    told = json.loads(digest("subscribers", "seed", reader, "-", "--json").stdout)
    assert {name: told[name] for name in ("added", "asked", "broken", "liked", "waiting")} == {
        "added": 3, "asked": 3, "broken": 1, "liked": 3, "waiting": 3,
    }  # fmt: skip
    stdin(monkeypatch, ids)
    again = json.loads(digest("subscribers", "seed", reader, "-", "--json").stdout)
    assert (again["added"], again["before"], again["liked"], again["waiting"]) == (0, 3, 3, 3)


def test_an_author_may_be_named_in_place_of_a_file(digest: Digest, reader: str) -> None:
    told = digest("subscribers", "seed", reader, "0000-0002-7970-7855").stdout
    assert "arXiv is asked for the papers of 0000-0002-7970-7855" in told


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("gone.bib", None, "gone.bib cannot be read: No such file or directory"),
        ("hello.txt", b"hello", "the file is no BibTeX (.bib), RIS (.ris)"),
        ("deep.json", b"[" * 100_000, "the file is no whole JSON"),
        ("large.bib", b"@" * 5_000_001, "the file is larger than 5 MB"),
        ("x.opml", b"<opml><body>", "the OPML file breaks off in line 1"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_changes_nothing(
    digest: Digest, reader: str, tmp_path: Path, name: str, data: bytes | None, told: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = digest("subscribers", "seed", reader, name, status=1)
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1
    shown = json.loads(digest("subscribers", "show", reader, "--json").stdout)
    assert (shown.get("liked"), shown["profile_version"]) == (None, 1)


def test_nobody_is_no_reader(digest: Digest, reader: str) -> None:
    done = digest("subscribers", "seed", "eve@example.org", "warner_s_1", status=1)
    assert done.stderr == "nobody subscribed as eve@example.org\n"


def test_a_liked_paper_of_a_new_reader_is_looked_up_too(digest: Digest) -> None:
    digest("subscribers", "add", ADA, "--liked", "arxiv:2401.00001")
    told = json.loads(digest("subscribers", "seed", ADA, "warner_s_1", "--json").stdout)
    assert (told["liked"], told["waiting"]) == (1, 2)
