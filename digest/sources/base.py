"""The source protocol: a place that announces papers names its URLs and reads their bytes."""

from datetime import date
from typing import Protocol

from digest.core.paper import Listing


class Source(Protocol):
    """A place that announces papers; it fetches nothing itself.

    `name` is its stable name in the history and in settings ("huggingface", "arxiv:cs.CL+cs.LG").
    `label` is what a reader sees ("Hugging Face", "arXiv"). `lookback` is how many days back its
    counts still move, so that their listings are worth asking for again (0 for a feed).
    """

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def lookback(self) -> int: ...

    def url(self, day: date, page: int) -> str | None:
        """The URL of one page (from 0) of a day's listing; None when there is no such page.

        The caller asks for page after page until None or a page without a record.
        """

    def parse(self, body: bytes) -> Listing:
        """The papers of one body in announced order; records that could not be read are its
        problems. SourceFormatError if the body as a whole is no listing of this source."""
