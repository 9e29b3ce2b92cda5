"""The commands of the program: what each is for, and the module that says the rest of it.

A module is loaded when one of its commands is called: together they load the ranking, the
renderer, the mail and the web, and none needs all of that.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

# Name, module and purpose, in the order of the help. A purpose is the first sentences of what the
# module says of the command itself.
COMMANDS = (
    ("init", "listings",
     "Create the database, or bring it up to this version. Doing it again changes nothing."),
    ("collect", "listings", "Fetch or read listings of papers, and keep what is new in them."),
    ("papers", "listings",
     "What the history holds: all of it or one day's papers, most votes first."),
    ("preview", "sending",
     "The exact mail a reader would get: as text here, or as files with --out."),
    ("send", "sending", "Send a day's digest to every active reader who has not had it."),
    ("deliveries", "deliveries",
     "Every message promised to a reader, oldest first: its state and each try."),
    ("why", "show", "Why a paper was in a reader's digest of a day, or why it was not."),
    ("replay", "replaying",
     "Stored days ranked anew, and how that agrees with what readers said of them."),
    ("demo", "show",
     "Three sample days to six sample readers, into a mailbox you can open. Nothing leaves here."),
    ("run", "running",
     "Everything in one process: collect, send to each reader at their hour, the pages."),
    ("web", "web",
     "The pages: subscribe, confirm, settings, unsubscribe; and the letters these send."),
    ("bounces", "bounces", "Take bounces, complaints and mails of readers who leave."),
    ("subscribers", "parting",
     "The readers: add, show, list, import, export, suppress, erase."),
    ("keys", "keys", "Keys of the HTTP API: add, list, revoke."),
    ("admins", "admins", "Who may log in at /admin: add, list, reset, remove."),
    ("doctor", "doctor", "What keeps mail from arriving, and how to mend it."),
    ("runs", "runs", "The sends as runs: how they stand; pause, resume, cancel, decide."),
)  # fmt: skip


class Later(TyperCommand):
    """A command, or a group of them, by its name and purpose; `whole` is it as its module has it.

    Whoever calls or completes it makes a context first, and that is the whole one's.
    """

    def __init__(self, name: str, module: str, purpose: str) -> None:
        super().__init__(name, help=purpose)
        self.module = f"digest.cli.{module}"

    @cached_property
    def siblings(self) -> Mapping[str, Any]:
        """All commands of its module, by name."""
        holder = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
        import_module(self.module).register(holder)
        return get_group(holder).commands

    @property
    def whole(self) -> TyperCommand | TyperGroup:
        found: TyperCommand | TyperGroup = self.siblings[str(self.name)]
        return found

    def make_context(self, *given: Any, **named: Any) -> Any:
        return self.whole.make_context(*given, **named)


class Program(TyperGroup):
    """All commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for each in COMMANDS:
            self.add_command(Later(*each))
