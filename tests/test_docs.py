"""What the papers say is so: settings, commands with their options, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from digest.cli.commands import Later
from digest.cli.program import cli
from digest.settings import PREFIX, Settings, names
from tests.given import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("seeds/*.md")])
ENV = (ROOT / "deploy" / "env.example").read_text("utf-8")
CONSOLE = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
PROGRAM: TyperGroup = get_command(cli)  # type: ignore[assignment]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def described() -> dict[str, str]:
    """The settings of env.example with the values that stand there."""
    return dict(re.findall(rf'^{PREFIX}(\w+)="(.*)"$', ENV, re.MULTILINE))


def test_env_example_has_every_setting_and_no_other() -> None:
    assert sorted(described()) == sorted(name.upper() for name in names())


def test_env_example_shows_the_true_defaults() -> None:
    shown = described()
    for name, field in zip(names(), Settings.model_fields.values(), strict=True):
        default = field.default
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        if isinstance(default, tuple):
            default = " ".join(default)
        told = "" if default is None else str(default)
        assert shown[name.upper()].lower() == told.lower(), name


def test_every_setting_of_env_example_has_a_comment() -> None:
    lines = ENV.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(PREFIX):
            assert lines[number - 1].startswith("# "), line


def whole(group: TyperGroup, name: str) -> TyperCommand | TyperGroup:
    """A command of a group, with its options; KeyError if it has none of this name."""
    found = group.commands[name]
    return found.whole if isinstance(found, Later) else found  # type: ignore[return-value]


def commands() -> Iterator[str]:
    """Every command a user can type, as "subscribers add"."""
    for name in PROGRAM.commands:
        inner = getattr(whole(PROGRAM, name), "commands", None)
        yield from (f"{name} {each}" for each in inner) if inner else (name,)


@pytest.mark.parametrize("command", list(commands()))
def test_the_readme_names_the_command(command: str) -> None:
    rows = (ROOT / "README.md").read_text("utf-8").splitlines()
    group, _, name = f"digest {command}".rpartition(" ")
    table = [row for row in rows if row.startswith(f"| `{group} ")]
    assert any(f"`{name}`" in row or f"{group} {name}`" in row for row in table), command


def typed() -> Iterator[tuple[str, str]]:
    """Every `digest ...` in a block of commands, with the page it stands on."""
    for page in PAGES:
        for block in CONSOLE.findall(page.read_text("utf-8")):
            for line in block.splitlines():
                bare = line.removeprefix("$ ").partition(" #")[0]
                for part in bare.split(" && "):
                    if part.startswith("digest "):
                        yield name_of(page), part


@pytest.mark.parametrize(("page", "line"), list(typed()))
def test_a_shown_command_has_a_right_name_arguments_and_options(page: str, line: str) -> None:
    command: TyperCommand | TyperGroup = PROGRAM
    words = shlex.split(line)[1:]
    while isinstance(command, TyperGroup) and words and words[0][0] != "-":
        command = whole(command, words.pop(0))
    command.make_context(line, words)  # raises a usage error for what it does not know


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    for one in LINK.findall(page.read_text("utf-8")):
        target = one[0] or one[1]
        if not target.startswith(("https://", "http://", "mailto:", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    known = {name.upper() for name in names()}
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)\b", page.read_text("utf-8")))
    assert named <= known


def test_the_makefile_has_the_documented_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        for block in CONSOLE.findall(page.read_text("utf-8")):
            assert set(re.findall(r"^\$ make (\w+)", block, re.MULTILINE)) <= targets
