"""TeX in titles, names and abstracts to readable Unicode; text that only looks like TeX is kept.

pylatexenc does the work on what is certainly TeX. Everything it would misread in prose ("50% of",
"R&D", "a_b", "C# $5 and $6") is put behind stand-ins before and brought back after.
"""

import logging
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from pylatexenc import latex2text, latexwalker

LONGEST = 50_000  # characters; a longer text is shown as it is written
_DEEPEST = 60  # open braces; the engine recurses into each

_HINT = re.compile(r"[\\$]|[\^_]\{")
# Noncharacters: Unicode keeps them for use inside a program; readable() removes any that come in.
_STAND_INS = {char: chr(0xFDD0 + place) for place, char in enumerate("%#&_^~$\\{}[]")}
_BACK = str.maketrans({stand_in: char for char, stand_in in _STAND_INS.items()})
_HIDE = str.maketrans({char: _STAND_INS[char] for char in "%#&_^$"})
_HIDE_ALL = str.maketrans(_STAND_INS)
_ESCAPED = re.compile(r"\\([%#&_$\\{}])")
_VERBATIM = re.compile(
    r"\\(?:url|path|nolinkurl)\s*\{(?P<url>[^{}]*)\}"
    r"|\\href\s*\{(?P<to>[^{}]*)\}\s*\{(?P<words>(?:[^{}]|\{[^{}]*\})*)\}"
    r"|(?P<drive>\b[A-Z]:\\[A-Z][\w.-]*(?:\\[\w.-]+)+)"
)
_DROPPED = re.compile(
    r"\\(?:cite[a-z]*\*?|ref|eqref|label|footnotemark|includegraphics|vspace\*?|hspace\*?)"
    r"\s*(?:\[[^\[\]]*\]\s*)*(?:\{[^{}]*\})?"
    r"|\\(?:noindent|xspace|tiny|scriptsize|footnotesize|small|normalsize|large|Large|bf|it|em|sc|tt"
    r"|rm|displaystyle|textstyle|maketitle|centering|[bB]igg?[lr]?)(?![A-Za-z])[ ]?|\\[-/!]"
)
_TIE = re.compile(r"(?<=[^\W\d_])~(?=[\w\\$])|(?<=[.,;})])~(?=\S)")
_PIECES = re.compile(r"\\[A-Za-z]+\*?\s*|\\.?|[{}]|\s+|[^\\{}\s]+", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+\*?\s?|[{}]")
_DEGREE = re.compile(r"\^(?:\{\\circ\}|\\circ(?![A-Za-z]))")
_DISPLAY = re.compile(r"\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_PROSE = re.compile(r"(?<![\\\w])[A-Za-z]{2,}[,.;]?\s+(?:[A-Za-z]{2,}|$)")
_SIGNS = re.compile(r"[<>=≤≥≈~+-]{1,2}")
_RAISED = re.compile(r"([\^_])(?:\{([^{}\\]{1,8})\}|([0-9+\-=*]|[A-Za-z](?![A-Za-z])))")
_RAISED_IN_BRACES = re.compile(r"([\^_])\{([^{}\\]{1,8})\}()")
_SUPER = dict(zip("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", strict=True)) | {"i": "ⁱ", "*": "*"}
_SUB = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True)) | dict(
    zip("aeijkmnoprstuvx", "ₐₑᵢⱼₖₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)


def has_tex(text: str) -> bool:
    """Whether `text` could hold TeX at all: a backslash, a dollar sign, "^{" or "_{"."""
    return len(text) <= LONGEST and _HINT.search(text) is not None


def without_tex(text: str) -> str:
    """`text` with its TeX made readable; text that cannot be read as TeX stays as it is written."""
    if _depth(text) > _DEEPEST:
        return text
    text = _TIE.sub(" ", _DEGREE.sub("°", _VERBATIM.sub(_keep, text)))
    text = _DISPLAY.sub(lambda m: _maths(m[1] or m[2] or m[3]), text)
    text = _ESCAPED.sub(lambda match: _STAND_INS[match[1]], text)
    text = _RAISED_IN_BRACES.sub(_raise, _inline_maths(text))
    if "\\" in text:
        text = "".join(_words(_DROPPED.sub("", text).translate(_HIDE)))
    return text.translate(_BACK)


def _depth(text: str) -> int:
    deepest = depth = 0
    for brace in re.findall(r"[{}]|\\begin\b", text):
        depth += -1 if brace == "}" else 1
        deepest = max(deepest, depth)
    return deepest


def _keep(match: re.Match[str]) -> str:
    """A URL or a path of Windows as it is written; linked words with their URL behind."""
    if match["words"] is None:
        return (match["url"] or match["drive"] or "").translate(_HIDE_ALL)
    link = match["to"].replace("\\", "").translate(_HIDE_ALL)
    return f"{match['words']} ({link})" if match["words"].strip() != match["to"].strip() else link


def _inline_maths(text: str) -> str:
    """Every `$...$` that is maths made readable; the dollar signs of prices stay."""
    parts, at = [], 0
    while (start := text.find("$", at)) >= 0:
        end = text.find("$", start + 1)
        if end > 0 and _is_maths(text[start + 1 : end], text[end + 1 : end + 2]):
            parts += [text[at:start], _maths(text[start + 1 : end])]
            at = end + 1
        else:
            parts += [text[at:start], _STAND_INS["$"]]
            at = start + 1
    return "".join([*parts, text[at:]])


def _is_maths(inside: str, after: str) -> bool:
    """Whether the text between two dollar signs is maths, not the words between two prices."""
    if not inside.strip() or len(inside) > 500:
        return False
    ragged = inside[0].isspace() != inside[-1].isspace()
    if re.search(r"[\\^_]", inside):
        return not (ragged and _PROSE.search(inside))
    if _SIGNS.fullmatch(inside):
        return True
    return not ragged and not inside[0].isspace() and not after.isdigit()


@lru_cache(maxsize=4096)
def _maths(inside: str) -> str:
    """A formula in one line of Unicode, shielded from the second reading of the text around it."""
    text = _DROPPED.sub("", _ESCAPED.sub(lambda match: _STAND_INS[match[1]], inside))
    text = _RAISED.sub(_raise, text)
    if "\\" in text or "{" in text:
        text = _engine_reads(text.replace("%", _STAND_INS["%"]))
    return text.strip().translate(_HIDE_ALL)


def _raise(match: re.Match[str]) -> str:
    """An index as Unicode where it has all the signs, else as it is written."""
    table = _SUPER if match[1] == "^" else _SUB
    inside = match[2] if match[2] is not None else match[3]
    signs = [table.get(char) for char in inside.replace(" ", "")]
    if all(signs):
        return "".join(sign for sign in signs if sign)
    return f"{match[1]}{_STAND_INS['{']}{inside}{_STAND_INS['}']}" if match[2] else match[0]


def _words(text: str) -> Iterator[str]:
    """The text word by word, those with TeX read; spaces inside braces or after a macro end none.

    The engine looks at every character many times, and most words hold no TeX.
    """
    word, depth = "", 0
    for piece in _PIECES.findall(text):
        depth = max(0, depth + (piece == "{") - (piece == "}"))
        word += piece
        if depth == 0 and piece.isspace():
            yield _read_word(word)
            word = ""
    yield _read_word(word)


@lru_cache(maxsize=4096)
def _read_word(word: str) -> str:
    bare = word.rstrip() if word[-1:].isspace() else word
    return _engine_reads(bare) + word[len(bare) :] if re.search(r"[\\{]", word) else word


def _engine_reads(text: str) -> str:
    try:
        walker = latexwalker.LatexWalker(text, tolerant_parsing=True)
        read = str(_engine().nodelist_to_text(walker.get_latex_nodes()[0]))
    except Exception:  # noqa: BLE001 -- a strange formula must not cost the paper
        return _COMMAND.sub("", text)
    # Every % of the text is hidden, so this one is of a template that lacked its arguments.
    return _COMMAND.sub("", text) if "%" in read else read


@cache
def _engine() -> latex2text.LatexNodes2Text:
    """pylatexenc with its gaps filled.

    `\\today` would read the clock and `\\input` a file, so both are only their name. Its warnings
    repeat what strangers wrote, thousands of times if they like; we see the failure ourselves.
    """
    logging.getLogger("pylatexenc.latex2text").setLevel(logging.CRITICAL)
    words: dict[str, Any] = {"ie": "i.e.", "eg": "e.g."}
    words |= dict.fromkeys(("today", "input", "include"), _named)
    macros = [latex2text.MacroTextSpec(name, simplify_repl=text) for name, text in words.items()]
    context = latex2text.get_default_latex_context_db()
    context.add_context_category("digest", macros=macros, prepend=True)
    context.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=_unknown))
    return latex2text.LatexNodes2Text(
        latex_context=context, math_mode="text", keep_comments=True, fill_text=False
    )


def _named(node: Any) -> str:
    return str(node.macroname + node.macro_post_space)  # "\ours is" is not "oursis"


def _unknown(node: Any, l2tobj: latex2text.LatexNodes2Text) -> str:
    """What an unknown macro says: its arguments, or the name of one without (\\ours, \\method)."""
    arguments = [argument for argument in (node.nodeargd.argnlist or ()) if argument is not None]
    if not arguments:
        return _named(node)
    return "".join(str(l2tobj.nodelist_to_text([argument])) for argument in arguments)
