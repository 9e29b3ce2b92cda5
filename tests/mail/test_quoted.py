"""Quoted-printable in closed pieces."""

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from digest.mail.quoted import quoted

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
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
