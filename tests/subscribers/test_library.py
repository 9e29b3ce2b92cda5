"""A reader's own library, as their reference manager writes it."""

import json
import time

import pytest

from subscribers import library
from subscribers.errors import BadImport

BIB = rb"""% made by hand
@string{arx = "arXiv"}
@article{devlin, title={{BERT}: Pre-training of {D}eep
  Transformers}, journal={arXiv preprint arXiv:1810.04805}, year=2018}
@misc{old, title="Large N " # "limit", eprint={hep-th/9711200}, archivePrefix=arx}
@article{cut, title={Never closed, doi={10.1000/lost}
@inproceedings{doi, title={Word Alignment}, DOI = {10.18653/v1/2024.acl-long.1},
  note={see \url{https://arxiv.org/abs/2407.12881v2}.}}
"""
RIS = b"""TY  - JOUR
TI  - Sequence to Sequence
  Learning
DO  - 10.5555/12345
UR  - https://arxiv.org/abs/1409.3215
TY  - JOUR
T1  - The one before had no end
N1  - arXiv:2603.00001
ER  -
"""
CSL = [
    {"title": "From Zotero", "DOI": "10.1000/xyz", "note": "arXiv:2603.00002 [cs]"},
    "broken",
    {"title": 7, "URL": "https://arxiv.org/abs/2603.00003"},
]


def test_bibtex_gives_titles_and_identities_and_a_broken_entry_costs_itself() -> None:
    found = library.read(BIB)
    assert [one.title for one in found.references] == [
        "{BERT}: Pre-training of {D}eep Transformers",
        "Large N limit",
        "Word Alignment",
    ]
    assert [one.names for one in found.references] == [
        ("arXiv:1810.04805",),
        ("hep-th/9711200",),
        ("10.18653/v1/2024.acl-long.1", "arxiv.org/abs/2407.12881v2"),
    ]
    assert found.broken == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_ris_records_end_at_the_next_even_without_their_end(end: bytes) -> None:
    found = library.read(RIS.replace(b"\n", end))
    first, second = found.references
    assert first.title == "Sequence to Sequence Learning"
    assert first.names == ("10.5555/12345", "arxiv.org/abs/1409.3215")
    assert second == library.Reference("The one before had no end", ("arXiv:2603.00001",))


@pytest.mark.parametrize("shape", [CSL, {"items": CSL}])
def test_csl_json_is_read_as_a_list_or_as_zotero_wraps_it(shape: object) -> None:
    found = library.read(json.dumps(shape).encode("utf-8-sig"))
    assert found.references == (
        library.Reference("From Zotero", ("10.1000/xyz", "arXiv:2603.00002")),
        library.Reference("", ("arxiv.org/abs/2603.00003",)),
    )
    assert found.broken == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"PK\x03\x04zip", b"[1, 2", b"[" * 100_000, b'{"items": 3}', b"\xff\xfe\x00"],
)
def test_what_is_no_library_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BadImport) as told:
        library.read(data)
    assert "\n" not in str(told.value)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(BadImport, match="larger than 5 MB"):
        library.read(b"@" * (library.MOST_BYTES + 1))


def test_entries_over_the_cap_are_left_out_and_counted() -> None:
    found = library.read(b"".join(b"@a{k%d, title={T%d}}\n" % (n, n) for n in range(5200)))
    assert (len(found.references), found.left_out) == (5000, 200)


@pytest.mark.parametrize("unit", [b"@a{b,c=d,\n", b"{", b"@a{", b'"', b"1234.1234", b"a.", b"a-"])
def test_hostile_files_take_linear_time(unit: bytes) -> None:
    start = time.perf_counter()
    library.read(b"@a{b, title={x}, note={" + unit * (2_000_000 // len(unit)))
    assert time.perf_counter() - start < 5


def test_latin_1_and_utf_16_files_are_read() -> None:
    text = "@a{b, title={Schrödinger}}"
    for encoding in ("latin-1", "utf-16", "utf-8"):
        assert library.read(text.encode(encoding)).references[0].title == "Schrödinger"


def test_a_pasted_list_takes_ids_urls_and_titles() -> None:
    text = "2603.00001, https://arxiv.org/abs/2603.00002v1 hep-th/9901001\n\nAttention, all of it\n"
    assert library.pasted(text + "2603.00001") == (
        "2603.00001",
        "https://arxiv.org/abs/2603.00002v1",
        "hep-th/9901001",
        "Attention, all of it",
    )


LIST = b"""# read last year
2401.00001v2
https://arxiv.org/abs/2401.00002 , arXiv:2401.00003
- [A talk](https://arxiv.org/pdf/2401.00004v1.pdf)
hep-th/9901001
warner_s_1
0000-0002-7970-7855
https://arxiv.org/a/warner_s_1

no paper here
"""
OPML = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="2.0"><head><title>Mine</title></head><body><outline text="Science">
<outline type="rss" text="cs.CL" xmlUrl="https://rss.arxiv.org/rss/cs.CL" htmlUrl="x"/>
<outline TYPE="rss" title="Schr\xf6dinger" text="other" XMLURL="https://example.org/feed"/>
<outline text="again" xmlUrl="https://rss.arxiv.org/rss/cs.CL"/>
<outline text="a folder"/></outline></body></opml>"""
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;">' % (n, n - 1, n - 1, n - 1) for n in range(98, 120))
    + b']><opml><body><outline xmlUrl="&w;"/></body></opml>'
)


def test_a_plain_list_gives_the_ids_of_its_lines_whatever_their_form() -> None:
    found = library.read(LIST)
    assert [one.names for one in found.references] == [
        ("2401.00001v2",),
        ("arxiv.org/abs/2401.00002",),
        ("arXiv:2401.00003",),
        ("arxiv.org/pdf/2401.00004v1.pdf",),
        ("hep-th/9901001",),
        ("warner_s_1",),
        ("0000-0002-7970-7855",),
        ("arxiv.org/a/warner_s_1",),
    ]
    assert found.broken == 1


def test_opml_gives_the_feeds_in_its_folders_once_each() -> None:
    assert [(one.url, one.title) for one in library.read(OPML).feeds] == [
        ("https://rss.arxiv.org/rss/cs.CL", "cs.CL"),
        ("https://example.org/feed", "Schrödinger"),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BOMB, "defines XML entities"),
        (b"<opml><body>" + b"<outline>" * 50_000, "more than 100 elements inside one another"),
        (b"<opml><body><outline xmlUrl='a' text='A & B'/>", "breaks off in line 1"),
        (b"<html><body>2401.00001</body></html>", "is no OPML, but <html>"),
        (b"<opml></opml>", "holds no feed"),
        (b"<", "breaks off in line 1"),
        (b"<opml " + b"".join(b"a%d='1' " % n for n in range(200_000)), "breaks off in line 1"),
    ],
    ids=["bomb", "deep", "ampersand", "html", "empty", "cut", "attributes"],
)
def test_hostile_xml_is_refused_in_one_line(data: bytes, told: str) -> None:
    start = time.perf_counter()
    with pytest.raises(BadImport) as error:
        library.read(data)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "unit",
    [b"1\n", b"2401.00001\n", b"arxiv:", b"a_", b"0000-", b"\n", b"{", b"TY  - A\n", b" "],
    ids=["numbers", "ids", "prefixes", "authors", "digits", "lines", "braces", "ris", "blanks"],
)
def test_five_megabytes_take_linear_time(unit: bytes) -> None:
    start = time.perf_counter()
    data = b"2401.12345\n" + unit * (4_900_000 // len(unit))
    found = library.read(data)
    assert len(found.references) <= library.MOST_ENTRIES
    assert time.perf_counter() - start < 5


def test_a_million_different_lines_end_at_the_cap() -> None:
    lines = b"".join(b"%04d.%05d\n" % (2001 + n % 12, n // 12) for n in range(400_000))
    start = time.perf_counter()
    found = library.read(lines)
    assert (len(found.references), found.left_out) == (5000, 5000)
    assert time.perf_counter() - start < 3
