"""Story: once a week, learn from the history what makes papers alike.

Everything that ranks reads what was learnt from the database, so that all senders rank alike; a
history too short to learn from is simply counted, as before.
"""

import logging
from datetime import date, timedelta

from sqlalchemy.exc import IntegrityError

from digest.app import App
from digest.core import ranking
from digest.core.ranking import keeping, latent
from digest.store import history, lexicons

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(days=7)
PAPERS = 4000


def refresh(app: App, day: date) -> bool:
    """Learn from the papers before `day`, unless that was done within a week; whether it was."""
    with app.read() as session:
        last = lexicons.learnt_on(session, keeping.VERSION)
        if last is not None and day < last + AGAIN_AFTER:
            return False
        papers = history.papers_before(session, until=day, limit=PAPERS)
    if len(papers) < latent.FEWEST_PAPERS:
        return False
    texts = [(title, abstract) for title, abstract, _ in papers]
    vocabulary = ranking.learn(texts, [filed for _, _, filed in papers])
    if vocabulary.latent is None:
        return False
    try:
        with app.begin() as session:
            lexicons.keep(session, keeping.VERSION, day, keeping.to_bytes(vocabulary))
    except IntegrityError:  # another sender was first; what it learnt is as good
        return False
    log.info("learnt from the history", extra={"papers": len(papers)})
    return True
