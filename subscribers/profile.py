"""InterestProfile: what one person asked for. Pure values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestProfile:
    """What one person asked for; empty everywhere means "the day's best by votes".

    `interests` are free text, one separate interest each; `keywords` are words or phrases that
    should occur; `mute` are words or phrases that must not; `categories` are as the sources
    write them ("cs.CL", "genomics"); `authors` are names; `liked` are paper identities
    ("arxiv:2603.00001"). `limit` is the most papers a digest may hold (1 to 30).
    """

    interests: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    limit: int = 10

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it could raise one paper above another."""
        return not (
            self.interests or self.keywords or self.categories or self.authors or self.liked
        )
