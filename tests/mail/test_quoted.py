"""Quoted-printable in closed pieces."""

import quopri
import string
from binascii import b2a_qp

from hypothesis import example, given
from hypothesis import strategies as st

from digest.mail.quoted import quoted

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
ASCII = st.text("ab=. " + string.punctuation, max_size=300)
TEXT = st.lists(LINE, max_size=4).map("\n".join)


@given(st.lists(TEXT, max_size=6))
@example(["." * 300])
@example(["a" * 75 + ".", "." + "b" * 75, "x" * 76, "x" * 75, "x" * 77])
@example(["ends in space ", "\n. \n.", " ", "=", "=\n="])
def test_pieces_join_to_what_they_were_on_short_lines_without_leading_dots(
    texts: list[str],
) -> None:
    joined = b"".join(map(quoted, texts))
    assert quopri.decodestring(joined).decode().replace("\r\n", "\n") == "".join(texts)
    lines = joined.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith(b".") for line in lines)
    assert not any(line.endswith(b" ") for line in lines)
    assert joined == b"" or joined.endswith(b"\r\n")
    assert joined.count(b"\n") == joined.count(b"\r\n") == joined.count(b"\r")


@given(ASCII)
@example("x" * 72 + "=y")
@example("x" * 73 + "=y")
@example("x" * 74 + "=y" + "x" * 80)
def test_ascii_is_broken_where_the_standard_library_breaks_it(text: str) -> None:
    theirs = b2a_qp(f"{text} é".encode(), istext=True).replace(b"=\n", b"=\r\n")
    if b"\n." not in theirs and not theirs.startswith(b".") and not text.endswith(" "):
        whole, _, last = quoted(text).removesuffix(b"=\r\n").rpartition(b"\r\n")
        assert theirs.startswith(whole)
        assert theirs[len(whole) :].removeprefix(b"\r\n").startswith(last)
