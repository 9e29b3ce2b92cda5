"""The numbers of the model, in one table.

A part of 1 is a full match: every word of an interest, a keyword in the title, a followed
author. Chosen on the dev half of a public benchmark by tests/bench/ranking.py.
"""

# Words typed (BM25 with the rarity raised to a power, so that the rare word of a line decides).
TITLE = 3  # a word of the title counts as often
RARE = 1.1
TYPED_PAIR = 0.4  # of two words typed side by side, beside the words themselves
SATURATION = 1.2
LENGTH = 0.5
FULL_MATCH_TERMS = 4  # of a long interest, so many of its rarest terms are a full match
LEAST_RARITY = 0.55  # of a term nobody uses: a line with only commoner words is never a full match

# What a line means, where the paper has some of its words: the history's papers that fit it best
# show which others do.
PAGES = 10
LIKE_PAGES = 0.5
MEANT = 0.7

INTEREST = 1.0
OTHER_INTEREST = 0.05  # the best interest counts; the others only part equals
KEYWORD_WORDS = 0.5
KEYWORD_PHRASE = 0.5
COMMON_KEYWORD = 0.1  # of words that all abstracts have
LEAST_KEYWORD = 0.7  # of the commonest other: its reader asked for it
PHRASE_IN_ABSTRACT = 0.7  # of one in the title

# Likeness of two papers: the cosine of their terms, without what all papers have in common, and
# with what they mean.
PAIR = 0.8  # of two neighbouring words, beside the words themselves
RAREST = 0.76  # of the greatest rarity: what is still rarer counts no more
COMMON = 0.05
TAKEN = 1.4  # of what they have in common
MEANING = 0.14
SAME_SUBJECT = 0.13  # likeness of papers that one reader would keep together

# Papers of one catalogue's fields are more alike than their words say, and so is what a typed line
# means. A paper of no known field is as near to all as others are on the whole.
SAME_FIELD = 0.5
FIELD_MEANT = 0.3
UNKNOWN_FIELD = 0.4

# What a sentence encoder sees, where there is one (the extra "semantic"): of two papers, how near
# they are through the lens, and how far plainly beyond what any two are.
LENS = 3.0  # how far the directions in which all papers differ are evened out; less is further
SENSE_LIKED = 0.2  # beside the cosine of their terms
SENSE_PLAIN = 0.2
SENSE_ANY = 0.2  # cosine of any two papers
SENSE_SUBJECT = 0.3  # likeness, with this, of papers that one reader would keep together
SENSE_TYPED = 3.0  # of a line with a paper's direction
SENSE_FLOOR = 0.15  # cosine of a line and a paper that is neither for nor against

# Likes add up, over how many there are and a few more; dislikes too.
LIKED = 2.5
FEW = 1.0
TOLD = 3  # liked papers that are named of one pick
WEIGHED = 8  # of those that give most, which is told by what would be without them
HALF_LIFE = 365  # days in which feedback comes to weigh half
MOST_LIKED = 100
DISLIKED = 0.5

# A muted phrase that so great a part of the liked papers contain, and so many, is no bar.
DOUBTS = 0.2
FEWEST_DOUBTS = 2
DOUBTED = 0.98

AUTHOR = 1.0
AUTHOR_BY_INITIAL = 0.6
CATEGORY = 0.1
CROSS_LISTED = 0.06

# Votes order papers of like relevance; together they stay below the bar of relevance.
VOTES = 0.12
RISING = 0.04
WELL_VOTED = 30  # with fewer at the top, the day's best counts less than full
STEEP = 20  # a rise to so many times the votes is a full one

NOISE = 0.01  # less than this of one cause is no reason
BAR = 0.3  # of words, likes and authors: what is for this reader
RISING_BAR = 0.14  # the same for a paper that rose
TRENDING_MOST = 3  # papers from outside the profile, for a usual reader
SURPRISES = 1  # of them have a place of their own
FEWEST_FOR_SURPRISE = 5  # papers that a mail must have room for
FLOOR = 0.5  # of an equal share of the mail's places: what each of several interests has at least
MOST_OF_ONE = 0.6  # of a mail's places, for one of several interests, while others have papers too
VARIETY = 0.2  # how much a paper loses for meaning what a better one means
VARIED_AMONG = 2  # times the places; so many of a reader's best are looked at
TRENDING_TOP = 5  # from among so many of the day's best
TRENDING_VOTES = 5  # with at least so many votes
RISING_SHARE = 3  # one in so many of an empty profile's places
LEADERS = 128
SAME_TEXT = 0.9  # cosine of two versions of one text
TELLING_TERMS = 24  # the weightiest of each paper; versions of one text share
TELLING_SHARED = 6  # at least so many
ALIKE = 0.3  # how much an empty profile's next paper loses for being like one it has
