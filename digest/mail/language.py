"""Languages: what the mail says in its own words, in the reader's language.

One gettext catalogue a language, templates/languages/CODE.po, read as it stands when a reader
first needs it: there is no compiling, and a new file is a new language. English is what the
templates and the code hold.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from gettext import c2py
from pathlib import Path
from typing import TYPE_CHECKING

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from digest.errors import SettingsError
from digest.shipped import shipped

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

SUFFIX = ".po"
HOLE = re.compile(r"%\((\w+)\)s")
COUNT = "count"
# Babel's plain English writes dates as in the United States; these mails never did.
_FORMATS = {"en": "en_GB"}
_DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """The translations of each English text, one for each plural form; and which form a number
    asks for."""

    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Callable[[int], int] = lambda number: int(number != 1)


class Language:
    """One language: its words, plurals, numbers and dates."""

    def __init__(self, code: str, read: Callable[[], Words] = Words) -> None:
        """`read` gives the words; it is called once, when the first of them is needed."""
        self._locale = Locale.parse(code)
        self.code = code
        self.tag = code.replace("_", "-")
        self._read = read
        self._formats = _FORMATS.get(code, code)

    @cached_property
    def _words(self) -> Words:
        return self._read()

    @property
    def direction(self) -> str:
        """How it is written: "ltr" or "rtl"."""
        return self._locale.text_direction

    @property
    def name(self) -> str:
        """Deutsch, Français, 中文: as its readers know it."""
        name = self._locale.get_display_name(self._locale) or self.code
        return f"{name[:1].upper()}{name[1:]}"

    def gettext(self, text: str, **values: object) -> str:
        """`text` in this language, English where it has none, with its %(name)s filled in."""
        found = self._words.said.get(text)
        return filled(found[0] if found else text, values)

    def ngettext(self, one: str, many: str, number: int, **values: object) -> str:
        """The form of a text that `number` asks for; %(count)s is the number, unless given."""
        forms = self._words.said.get(one)
        text = forms[self._words.plural(number)] if forms else one if number == 1 else many
        return filled(text, {COUNT: self.number(number), **values})

    def number(self, number: int) -> str:
        """1,200 in English, 1.200 in German."""
        return _number(self._formats, number)

    def long_date(self, day: date) -> str:
        """Saturday, 21 November 2026."""
        return _date(self._formats, day, "full")

    def plain_date(self, day: date) -> str:
        """21 November 2026."""
        return _date(self._formats, day, "long")

    def since(self, then: date, today: date) -> str:
        """A recent day as people say it: "since Monday", or before that "since 3 March"."""
        if 0 < (today - then).days < 7:
            weekday = _date(self._formats, then, "EEEE")
            return self.gettext("since %(weekday)s", weekday=weekday)
        return self.gettext("since %(date)s", date=_date(self._formats, then, "MMMMd"))


ENGLISH = Language(_DEFAULT)


class Languages:
    """The languages of one installation; English is always among them."""

    def __init__(self, found: Sequence[Language]) -> None:
        self._known = {one.code: one for one in (ENGLISH, *found)}

    @property
    def offered(self) -> tuple[Language, ...]:
        """All of them, English first, the others by code."""
        return tuple(self._known.values())

    def of(self, code: str) -> Language:
        """The language with this code, else the nearest above it (pt_BR: pt), else English."""
        while code and code not in self._known:
            code = code.rpartition("_")[0]
        return self._known[code or _DEFAULT]

    def check(self) -> None:
        """Read the words of all, as whoever is about to use them does first: SettingsError names
        the file, the line and what is wrong with it."""
        for one in self._known.values():
            one.gettext("")

    def wanted(self, header: str) -> Language:
        """The language a browser wants most, by its Accept-Language header.

        Source: RFC 9110, 12.5.4.
        """
        for tag in _by_weight(header):
            if (found := self.of(tag)).code == _DEFAULT and tag.partition("_")[0] != _DEFAULT:
                continue
            return found
        return ENGLISH


@cache
def load(templates: Path) -> Languages:
    """The languages in the folder `languages` of the templates, or the shipped ones if it has
    none. SettingsError names a file that is no language, at once; or, with the line, what cannot
    be used in one, when its words are first needed."""
    folder = templates / "languages"
    folder = folder if folder.is_dir() else shipped("templates") / "languages"
    return Languages([_language(file) for file in sorted(folder.glob(f"*{SUFFIX}"))])


def _language(file: Path) -> Language:
    try:
        return Language(file.stem, partial(_read, file))
    except (ValueError, UnknownLocaleError) as error:
        raise _unusable(file, error) from error


def _read(file: Path) -> Words:
    # Loaded only here: English readers need no catalogue.
    from babel.messages.pofile import PoFileError, read_po

    try:
        with file.open("rb") as lines:
            catalog = read_po(lines, locale=file.stem, abort_invalid=True)
        return _words(file, catalog)
    except (OSError, ValueError, PoFileError) as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> SettingsError:
    return SettingsError(f"{file}: no catalogue of a language: {error}")


def _words(file: Path, catalog: "Catalog") -> Words:
    words = {}
    for message in catalog:
        one, *many = _texts(message.id)
        said = _texts(message.string)
        if one and all(said) and not message.fuzzy:
            _check(file, message, (one, *many), said, catalog.num_plurals)
            words[one] = said
    return Words(words, c2py(catalog.plural_expr))


def _check(
    file: Path, message: "Message", original: Sequence[str], said: Sequence[str], plurals: int
) -> None:
    """A text without its placeholders would lose a link or a number: SettingsError."""
    holes = set(HOLE.findall(original[-1])) | {COUNT}
    wrong = [text for text in said if set(HOLE.findall(text)) | {COUNT} != holes]
    if wrong or len(said) != (plurals if len(original) > 1 else 1):
        reason = f"other placeholders than in {original[0]!r}" if wrong else "too few plural forms"
        raise SettingsError(f"{file}, line {message.lineno}: {reason}")


def _texts(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(map(str, text))  # type: ignore[call-overload]


def filled(text: str, values: Mapping[str, object]) -> str:
    """`text` with each %(name)s replaced by its value; one that has none stays."""
    return HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), text) if values else text


def _by_weight(header: str) -> list[str]:
    """The tags of an Accept-Language header, most wanted first; those with q=0 are not wanted."""
    found = []
    for place, part in enumerate(header[:1000].split(",")):
        tag, _, weight = part.partition(";")
        number = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight) if weight else None
        wanted = float(number[1]) if number else 1.0
        if wanted > 0 and (code := _code(tag)):
            found.append((-wanted, place, code))
    return [code for *_, code in sorted(found)]


def _code(tag: str) -> str:
    try:
        return str(Locale.parse(tag.strip().replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        return ""


@lru_cache(4096)  # a day's readers share few dates
def _date(locale: str, day: date, form: str) -> str:
    if form == "MMMMd":
        return format_skeleton(form, day, locale=locale)
    return format_date(day, form, locale=locale)


@lru_cache(4096)
def _number(locale: str, number: int) -> str:
    return format_decimal(number, locale=locale)
