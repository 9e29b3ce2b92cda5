"""The language a person reads: its code, as Unicode writes it (de, pt_BR, zh_Hant)."""

from functools import lru_cache

from babel.core import Locale, UnknownLocaleError

from subscribers.errors import BadProfile, shown

DEFAULT = "en"
LONGEST = 16


@lru_cache(maxsize=1024)
def checked(text: str) -> str:
    """The code that `text` means, in any case and with "-" or "_"; BadProfile if there is no such
    language. Source: Unicode CLDR, by Babel."""
    try:
        code = str(Locale.parse(text.strip().replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise _wrong(text) from error
    if len(code) > LONGEST:
        raise _wrong(text)
    return code


def _wrong(text: str) -> BadProfile:
    return BadProfile(f"language {shown(text)} is no code of a language such as de, pt-BR or zh")
