"""The examples of docs/json.md, run in their order: each command prints the keys shown there."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from digest.shipped import shipped
from tests.cli.conftest import Digest
from tests.given import ROOT

PAGE = (ROOT / "docs" / "json.md").read_text("utf-8")
EXAMPLE = re.compile(r"```console\n\$ digest (.*?)\n```\n```json\n(.*?)\n```", re.DOTALL)
XML = re.compile(r"```xml\n(.*?)```", re.DOTALL)
CSV = re.compile(r"```csv\n(.*?)```", re.DOTALL)
FAILING = ("subscribers import",)  # the example shows a bad row


def differences(shown: Any, printed: Any, where: str = "") -> list[str]:
    """Where the shown document has other keys or other kinds of values than the printed one."""
    if isinstance(shown, dict) and isinstance(printed, dict):
        other = [f"{where}.{key}" for key in shown.keys() ^ printed.keys()]
        both = shown.keys() & printed.keys()
        return other + [d for k in both for d in differences(shown[k], printed[k], f"{where}.{k}")]
    if isinstance(shown, list) and isinstance(printed, list):
        if bool(shown) != bool(printed):
            return [f"{where}: {len(printed)} printed, {len(shown)} shown"]
        return [d for s, p in zip(shown, printed, strict=False) for d in differences(s, p, where)]
    return [] if type(shown) is type(printed) else [f"{where}: {printed!r}, not {shown!r}"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the examples are run on."""
    shutil.copytree(shipped("seeds"), tmp_path / "seeds")
    table = CSV.search(PAGE)
    assert table is not None
    (tmp_path / "readers.csv").write_text(table[1])
    feeds = XML.search(PAGE)
    assert feeds is not None
    (tmp_path / "feeds.opml").write_text(feeds[1])
    return tmp_path


def test_each_example_is_what_its_command_prints(digest: Digest, folder: Path) -> None:
    examples = EXAMPLE.findall(PAGE)
    for line, shown in examples:
        done = digest(*shlex.split(line), status=int(line.startswith(FAILING)))
        assert differences(json.loads(shown), json.loads(done.stdout)) == [], line
    assert len(examples) == PAGE.count("```json")


def test_every_command_with_json_has_an_example(digest: Digest) -> None:
    shown = " ".join(line for line, _ in EXAMPLE.findall(PAGE)) + PAGE
    named = "collect papers preview send why replay deliveries runs demo"
    for command in named.split():
        assert "--json" in digest(command, "--help").stdout
        assert f"digest {command} " in shown
    for command in ("show", "pause", "resume", "cancel", "decide"):
        assert "--json" in digest("runs", command, "--help").stdout
        assert f"`{command}`" in PAGE or f"digest runs {command} " in PAGE
    for command in ("add", "seed", "show", "import", "export"):
        assert "--json" in digest("subscribers", command, "--help").stdout
        assert f"digest subscribers {command} " in shown


@pytest.mark.parametrize(
    ("shown", "printed"),
    [({"a": 1}, {}), ({}, {"a": 1}), ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}), ({"a": 1}, {"a": ""})],
)
def test_a_difference_is_seen(shown: Any, printed: Any) -> None:
    assert differences(shown, printed)
