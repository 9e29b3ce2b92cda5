"""The mail in other languages: whole catalogues, and what a reader of each sees."""

from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from lxml import html as lxml_html

from digest.core.edition import Change, Digest, Reason, ReasonKind, Section
from digest.errors import SettingsError
from digest.mail import language as languages
from digest.mail import notes
from digest.mail.compose import compose
from digest.mail.language import ENGLISH, HOLE, Language
from digest.mail.layout import blocks
from digest.mail.preview import parts_of
from digest.mail.render import render
from digest.mail.why import why
from digest.mail.wording import COLUMNS, width, wrap
from digest.shipped import shipped
from tests.mail import given

TEMPLATES = shipped("templates")
ALL = languages.load(TEMPLATES)
FILES = sorted((TEMPLATES / "languages").glob("*.po"))
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
CODE = Path(languages.__file__).parent


def spoken() -> dict[str, tuple[str, ...]]:
    """Every text that the code and the templates say, with its plural."""
    found = {}
    for folder, method in (
        (CODE, [("**.py", "python")]),
        (TEMPLATES / "mail", [("**.*", "jinja2.ext:babel_extract")]),
    ):
        told = extract_from_dir(folder, method, {"**.*": {"encoding": "utf-8"}}, KEYWORDS)
        for _, _, message, _, _ in told:
            texts = (message,) if isinstance(message, str) else tuple(message)
            found[texts[0]] = texts
    return found


def test_the_shipped_languages_are_there() -> None:
    assert [one.code for one in ALL.offered] == ["en", "de", "fr", "ja", "zh"]
    assert [one.name for one in ALL.offered] == ["English", "Deutsch", "Français", "日本語", "中文"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_catalogue_is_whole(file: Path) -> None:
    """Every text and plural form is there, with the same placeholders, and none is left over."""
    wanted = spoken()
    assert len(wanted) > 60
    with file.open("rb") as lines:
        catalog = read_po(lines, locale=file.stem, abort_invalid=True)
    said = {}
    for message in catalog:
        if message.id:
            original = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            assert not message.fuzzy
            said[original[0]] = original, message.string
    assert {text: original for text, (original, _) in said.items()} == wanted
    for original, string in said.values():
        forms = (string,) if isinstance(string, str) else tuple(string)
        assert len(forms) == (catalog.num_plurals if len(original) > 1 else 1), original
        for form in forms:
            assert form and set(HOLE.findall(form)) == set(HOLE.findall(original[-1])), original
            assert form.count("%") == len(HOLE.findall(form)), original


def mail(code: str, digest: Digest | None = None, **candidate: object) -> EmailMessage:
    known = given.candidate(1, **candidate)  # type: ignore[arg-type]
    parts = render([known], given.DAY, given.site(), given.TEMPLATES, ALL.of(code))
    message = compose(parts, digest or given.digest(), given.reader(), given.NOW)
    found = message_from_bytes(message.data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def both(message: EmailMessage) -> tuple[str, str]:
    text, html = (part.get_content() for part in message.iter_parts())
    return text, html


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("de", ["Samstag, 21. November 2026", "1 von 34 neuen Papers, für dich ausgewählt",
                "Ausgewählt wegen", "ähnelt, das dir gefällt", "und 2 weitere",
                "am 3. März 2026 abonniert hast: täglich um 8:00 Uhr, Europe/Berlin"]),
        ("fr", ["samedi 21 novembre 2026", "1 sur 34 nouveaux articles, choisi", "Choisi pour",
                "vous vous êtes abonné le 3 mars 2026", "et 2 autres"]),
        ("zh", ["2026年11月21日星期六", "从 34 篇新论文中为您选出 1 篇", "及另外 2 人",
                "您收到此邮件是因为您于2026年3月3日订阅了：每天 8:00（Europe/Berlin）。"]),
        ("ja", ["2026年11月21日土曜日", "新着論文 34 本から、あなた向けに 1 本を選びました",
                "2026年3月3日に購読をお申し込みいただいた方"]),
    ],
)  # fmt: skip
def test_the_frame_is_in_the_readers_language_and_the_paper_as_it_is(
    code: str, said: list[str]
) -> None:
    text, html = both(mail(code))
    page = lxml_html.document_fromstring(html)
    assert page.get("lang") == code
    for content in (text, page.text_content()):
        squeezed = "".join(content.split())
        for each in said:
            assert "".join(each.split()) in squeezed, each
        assert "".join(given.ABSTRACT.split())[:60] in squeezed
        assert "Unsubscribe" not in content
    lines = [line for line in text.splitlines() if "http" not in line]
    assert max(map(width, lines)) <= COLUMNS


@pytest.mark.parametrize(("code", "one", "many"), [
    ("de", "Stimme", "Stimmen"), ("fr", "vote", "votes"), ("ja", "1 票", "2 票"),
])  # fmt: skip
def test_plural_forms_follow_the_number(code: str, one: str, many: str) -> None:
    def line(votes: str) -> str:
        told = why([Reason(ReasonKind.VOTES, votes, 1.0)], ALL.of(code))
        return "".join(text for _, text in told)

    assert one in line("1") and many in line("2")
    assert code != "fr" or ("0 vote" in line("0") and "votes" not in line("0"))


def test_a_subject_counts_what_follows_in_the_language() -> None:
    candidates = [given.candidate(number) for number in range(1, 4)]
    for code, end in (("en", ", and 2 more"), ("de", " und 2 weitere"), ("zh", "，另有 2 篇")):
        parts = render(candidates, given.DAY, given.site(), given.TEMPLATES, ALL.of(code))
        digest = given.digest(*(given.pick(each.paper_id) for each in candidates))
        assert compose(parts, digest, given.reader(), given.NOW).subject.endswith(end)


def test_a_rise_and_a_revision_are_said_in_the_language() -> None:
    risen = {"change": Change.RISING, "votes_before": 2, "since": date(2026, 11, 16)}
    reasons = (Reason(ReasonKind.RISING, "2 → 42", 1.0),)
    digest = given.digest(given.pick(1, Section.RISING, reasons=reasons))
    text, _ = both(mail("de", digest, **risen))
    assert "▲ 2 → 42 seit Montag" in " ".join(text.split())
    assert "weil es im Aufwind ist (2 → 42 Stimmen)." in " ".join(text.split())


def test_what_is_told_of_the_sources_is_translated_and_another_line_left_as_it_is() -> None:
    """A line is made in English and found by its end; every language says each in its own words."""
    for code in ("de", "fr", "ja", "zh"):
        for text in (*notes._OF_SOURCES, notes.NOTHING_NEW, notes.NOTHING_FITS):
            line = notes.note(text, "arXiv (cs.CL)")
            [told] = blocks(given.digest(notes=(line,)), ALL.of(code))[:1]
            assert told.text != line
            assert ("arXiv (cs.CL)" in told.text) == ("arXiv (cs.CL)" in line)
    late = notes.note(notes.FAILED, "arXiv")
    first, other = blocks(given.digest(notes=(late, "Happy new year")), ALL.of("de"))[:2]
    assert first.text.startswith("arXiv war heute nicht lesbar")
    assert other.text == "Happy new year"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("zh-TW", "zh"),
        ("pt,fr;q=0.3,ja;q=0.8", "ja"),
        ("en-US,de", "en"),
        ("fr;q=0,ja;q=0.1", "ja"),
        ("*", "en"),
        (";;q=,,\x00", "en"),
        ("", "en"),
    ],
)
def test_the_best_language_is_the_one_the_browser_wants_most(header: str, code: str) -> None:
    assert ALL.wanted(header).code == code


def test_a_language_that_is_not_there_is_the_nearest_or_english() -> None:
    assert ALL.of("de_CH").code == "de"
    assert ALL.of("pt_BR").code == "en"
    assert ALL.of("").code == "en"


def test_a_new_file_is_a_new_language_and_what_it_lacks_is_english(tmp_path: Path) -> None:
    write(tmp_path, "ar", 'msgid "Pause"\nmsgstr "إيقاف مؤقت"\n')
    arabic = languages.load(tmp_path).of("ar")
    parts = render([given.candidate()], given.DAY, given.site(), given.TEMPLATES, arabic)
    html = parts_of(compose(parts, given.digest(), given.reader(), given.NOW)).html
    page = lxml_html.document_fromstring(html)
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert "إيقاف مؤقت" in html and "Your settings" in html
    assert page.find(".//h3").get("dir") == "ltr"


@pytest.mark.parametrize(
    ("code", "entry", "reason"),
    [
        ("de", 'msgid "Also: %(titles)s"\nmsgstr "%(title)s"\n', "line 7: other placeholders"),
        ("de", 'msgid "%(count)s vote"\nmsgid_plural "%(count)s votes"\nmsgstr[0] "x %(count)s"\n'
               'msgstr[1] "%(counts)s"\n', "line 7: other placeholders"),
        ("de", "this is no catalogue\n", "no catalogue"),
        ("xx", 'msgid "x"\nmsgstr "y"\n', "no catalogue"),
    ],
)  # fmt: skip
def test_a_catalogue_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, code: str, entry: str, reason: str
) -> None:
    file = write(tmp_path, code, entry)
    with pytest.raises(SettingsError, match=reason) as told:
        languages.load(tmp_path).of(code).gettext("Pause")
    assert str(file) in str(told.value)


def test_a_catalogue_that_no_reader_needs_stops_no_mail(tmp_path: Path) -> None:
    write(tmp_path, "de", "this is no catalogue\n")
    write(tmp_path, "ar", 'msgid "Pause"\nmsgstr "إيقاف مؤقت"\n')
    found = languages.load(tmp_path)
    assert [(one.code, one.name) for one in found.offered][1:] == [
        ("ar", "العربية"),
        ("de", "Deutsch"),
    ]
    assert found.of("ar").gettext("Pause") == "إيقاف مؤقت"
    with pytest.raises(SettingsError):
        found.of("de").gettext("Pause")


def write(folder: Path, code: str, entry: str) -> Path:
    head = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    file = folder / "languages" / f"{code}.po"
    file.parent.mkdir(exist_ok=True)
    file.write_text("# A test.\n" + head + entry, encoding="utf-8")
    return file


def test_chinese_and_japanese_are_wrapped_by_columns_not_characters() -> None:
    text = "私たちは単語の対応を「はい」か「いいえ」で答える問いとして扱います。" * 8
    lines = wrap(text).splitlines()
    assert "".join(lines) == text
    assert all(60 < width(line) <= COLUMNS for line in lines[:-1])
    assert not any(line[0] in "、。」" or line[-1] == "「" for line in lines)
    mixed = wrap("模型 BinaryAlign 在 GPT-4 上训练，" * 12)
    assert all(width(line) <= COLUMNS for line in mixed.splitlines())
    assert mixed.count("BinaryAlign") == 12 and mixed.count("GPT-4") == 12


def test_english_needs_no_catalogue() -> None:
    assert isinstance(ENGLISH, Language)
    assert ENGLISH.ngettext("%(count)s vote", "%(count)s votes", 1200) == "1,200 votes"
    assert ALL.of("de").number(1200) == "1.200"
