"""HTML from a feed to plain text."""

import re

import nh3

from digest.sources.fields import LONGEST_TEXT, text

_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|tt|u"
)
_BLOCK = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]"
    "|head|header|hr|html|iframe|img|li|link|main|meta|nav|noscript|ol|object|p|picture|pre|script"
    "|section|source|style|svg|table|tbody|td|tfoot|th|thead|title|tr|ul|video|[a-z]+:[a-z-]+"
)
_TAG = re.compile(rf"<(?=/?(?:{_INLINE}|{_BLOCK})(?:[\s/>]|$)|!--|!\[CDATA\[)", re.IGNORECASE)
_EDGE = re.compile(rf"<(?=/?(?:{_BLOCK})(?:[\s/>]|$))", re.IGNORECASE)
_NO_TAG = re.compile(rf"<(?!/?(?:{_INLINE}|{_BLOCK})(?:[\s/>]|$)|!--)", re.IGNORECASE)
# Room for markup around the longest text that is kept.
_LONGEST_MARKUP = LONGEST_TEXT * 10


def plain(markup: object, limit: int = LONGEST_TEXT) -> str:
    """The words of a text that may be HTML, on one readable line; "" for what is no text.

    Only the tags of HTML and of namespaces (<jats:p>) are markup: "n<m and k>j" stays as it is.
    Block elements end a word, inline ones do not; scripts and styles go with what they hold.
    """
    if not isinstance(markup, str):
        return ""
    markup = markup[:_LONGEST_MARKUP]
    if not _TAG.search(markup):
        return text(markup, limit)
    spaced = _EDGE.sub(" <", _NO_TAG.sub("&lt;", markup))
    return text(nh3.clean(spaced, tags=set()), limit)
