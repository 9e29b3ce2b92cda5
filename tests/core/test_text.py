import json
import time
import unicodedata

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from digest.core.text import readable
from tests.given import shared


@pytest.mark.parametrize(
    "plain",
    [
        "50% of the R&D in C# costs $5 and $6, a_b ~ 3 {x}",
        "n<m and k>j, ~10 s, <b> & AT&T;",
        "from $8K to ($9K), US$5 or CA$10, $1M-$2M",
        r"kept in C:\Users\name\papers",
        "https://a.example/~me/x_y%20z#top",
    ],
)
def test_text_that_only_looks_like_tex_or_html_stays_as_it_is(plain):
    assert readable(plain) == plain


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            r"Gyd\'e, {\o}st, \"{o}, Erd{\H{o}}s, Fran\c{c}ois, Bj\o rn",
            "Gydé, øst, ö, Erdős, François, Bjørn",
        ),
        (r"We cut 50\% of it \& 20% more", "We cut 50% of it & 20% more"),
        (r"$\mathcal{O}(n^2)$ in $x_{ij}$, CO$_2$, $10^{-3}$", "𝒪(n²) in xᵢⱼ, CO₂, 10⁻³"),
        (r"\textbf{A {B} c} and \emph{d", "A B c and d"),
        (r"an improvement of $\sim$3$\times$ over $k$-NN", "an improvement of ∼3× over k-NN"),
        (r"up to $>$80\% for $30 and \$40", "up to >80% for $30 and $40"),
        (r"\(B_j(s) = 1\) at 37$^{\circ}$C", "Bⱼ(s) = 1 at 37°C"),
        (r"code: \url{http://a.b/c%20d_e~f}", "code: http://a.b/c%20d_e~f"),
        (r"\href{https://a.b/c_d}{\textcolor{blue}{here}}", "here (https://a.b/c_d)"),
        (r"\method is \ours{}, see~\cite{x}", "method is ours, see"),
        ("R&amp;D &lt;b&gt; caf&eacute; &#8212;", "R&D <b> café —"),
        ("two\r\n  lines\tand\u00a0more", "two lines and more"),
        ("safe\u202egnp.exe\x00\x1b[0m\u2066", "safegnp.exe[0m"),
        ("Cafe\u0301", "Café"),
        ("\ud800 lone", "lone"),
    ],
)
def test_markup_becomes_what_it_shows(written, read):
    assert readable(written) == read


def test_tex_reads_neither_the_clock_nor_a_file():
    assert readable(r"x \today \input{/etc/hostname}") == "x today input"


@settings(max_examples=300, deadline=None)
@drawn(st.text(alphabet=st.sampled_from("\\${}^_%&~ab1 '\"\n") | st.characters(), max_size=80))
def test_any_text_becomes_one_clean_line_and_never_an_error(text):
    shown = readable(text)
    assert shown == " ".join(shown.split())
    assert unicodedata.is_normalized("NFC", shown)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in shown)
    assert not set(shown) & set("\u202a\u202e\u2066\u2069\ufdd0\ufddc")
    shown.encode()


@pytest.mark.parametrize(
    "hostile",
    ["{" * 50_000 + "\\", "$" * 50_000, "\\" * 30_000, "\\frac" * 8_000, "\\begin{x}" * 4_000],
)
def test_hostile_tex_takes_no_time(hostile):
    start = time.perf_counter()
    readable(hostile)
    assert time.perf_counter() - start < 5


def test_no_title_or_abstract_of_ten_days_of_arxiv_keeps_a_command():
    texts = [
        record[field]
        for file in sorted(shared("data/arxiv_daily_listing").glob("2026-05-1*.jsonl"))
        for record in map(json.loads, file.read_text("utf-8").splitlines())
        for field in ("title", "summary")
        if "\\" in record[field] or "$" in record[field]
    ]
    left = [shown for shown in map(readable, texts) if "\\" in shown]
    assert len(texts) > 100
    assert len(left) <= 1
