"""A reader's language through the commands: added, shown, previewed; addresses the relay takes."""

import json
import shutil
from pathlib import Path

from digest.shipped import shipped
from tests.cli.conftest import Digest

LISTING = shipped("seeds") / "listings" / "2026-05-06.huggingface.json"
ADD = ("subscribers", "add", "ada@example.org", "--interest", "language model agents")


def test_the_preview_is_in_the_readers_language(digest: Digest) -> None:
    digest("collect", str(LISTING))
    told = json.loads(digest(*ADD, "--language", "de-DE", "--json").stdout)
    assert told["language"] == "de_DE"
    assert json.loads(digest("subscribers", "show", "ada@example.org", "--json").stdout)[
        "language"
    ] == "de_DE"  # fmt: skip
    shown = digest("preview", "ada@example.org", "--day", "2026-05-06").stdout
    assert "Mittwoch, 6. Mai 2026" in shown
    assert "Deine Einstellungen, oder eine Pause:" in shown


def test_a_language_that_does_not_exist_is_one_line(digest: Digest) -> None:
    done = digest(*ADD, "--language", "klingon", status=1)
    assert 'language "klingon" is no code of a language' in " ".join(done.stderr.split())


def test_an_address_that_needs_smtputf8_is_added_only_where_the_relay_takes_it(
    digest: Digest,
) -> None:
    done = digest("subscribers", "add", "jörg@example.org", status=1)
    assert "other letters than a to z before the @" in " ".join(done.stderr.split())
    digest("subscribers", "add", "jörg@example.org", DIGEST_SMTPUTF8="true")


def test_a_catalogue_that_cannot_be_used_is_told_before_anything_is_promised(
    digest: Digest, tmp_path: Path
) -> None:
    digest("collect", str(LISTING))
    digest(*ADD)
    templates = tmp_path / "ours"
    shutil.copytree(shipped("templates"), templates)
    (templates / "languages" / "de.po").write_text("this is no catalogue\n")
    send = ("send", "--day", "2026-05-06", "--yes")
    told = " ".join(digest(*send, status=1, DIGEST_TEMPLATES=str(templates)).stderr.split())
    assert "de.po: no catalogue of a language" in told
    assert digest("runs").stdout.startswith("no run yet")
    digest(*send)
