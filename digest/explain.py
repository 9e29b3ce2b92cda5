"""Story, read-only: why this paper, what became of this mail, and what a mail would be."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.edition import Digest, Pick
from digest.core.message import Message
from digest.core.ranking import Explanation
from digest.errors import UnknownPaper, UnknownSubscriber
from digest.letters import Composer
from digest.selection import Chosen, Selector
from digest.store import deliveries, history
from digest.store.history import Stored
from subscribers import roster
from subscribers.address import Address
from subscribers.person import Subscriber


@dataclass(frozen=True, slots=True)
class Why:
    """Why a paper stood in a reader's digest, or did not.

    `pick` is what was stored when it was picked. Where there is none, `now` is how the paper fares
    when that day is ranked again with today's profile; None if it was no candidate at all.
    """

    paper: Stored
    delivery: deliveries.Delivery | None
    pick: Pick | None
    now: Explanation | None


def why(app: App, day: date, address: Address, paper: str) -> Why:
    """UnknownSubscriber or UnknownPaper if there is no such person or paper."""
    with app.read() as session:
        reader = subscriber(session, address)
        stored = history.find(session, paper)
        if stored is None:
            raise UnknownPaper(
                f"no paper {paper!r} in the history: give its arXiv id, DOI, number or whole title"
            )
        delivery = deliveries.digest_of(session, reader.id, day)
        pick = _stored_pick(session, delivery, stored.id)
        now = None if pick else Selector(day, app.rising).explain(session, reader, stored.id)
    return Why(stored, delivery, pick, now)


def _stored_pick(
    session: Session, delivery: deliveries.Delivery | None, paper_id: int
) -> Pick | None:
    picks = delivery.picks if delivery else ()
    now = history.by_ids(session, [pick.paper_id for pick in picks])
    same = (pick for pick in picks if pick.paper_id in now and now[pick.paper_id].id == paper_id)
    return next(same, None)


def subscriber(session: Session, address: Address) -> Subscriber:
    """The person with this address; UnknownSubscriber if nobody has it."""
    found = roster.find(session, address)
    if found is None:
        raise UnknownSubscriber(f"nobody subscribed as {address.as_typed}")
    return found


def deliveries_to(app: App, address: Address) -> list[deliveries.Delivery]:
    """Every message promised to an address, oldest first."""
    with app.read() as session:
        return deliveries.of_subscriber(session, subscriber(session, address).id)


@dataclass(frozen=True, slots=True)
class Preview:
    """The digest and the mail a reader would get, or got; no message when nothing was picked."""

    subscriber: Subscriber
    digest: Digest
    papers: dict[int, Stored]
    message: Message | None


def preview(app: App, address: Address, day: date, selector: Selector | None = None) -> Preview:
    """What `send` of that day would send this reader; where it was sent, what it said."""
    selector = selector or Selector(day, app.rising)
    with app.read() as session:
        reader = subscriber(session, address)
        [chosen] = selector.choose(session, [reader])
        chosen = _as_sent(session, chosen)
        papers = history.by_ids(session, [pick.paper_id for pick in chosen.digest.picks])
    composer = Composer(app, app.clock())
    message = app.signed(composer.message(chosen)) if chosen.digest.picks else None
    return Preview(reader, chosen.digest, papers, message)


def _as_sent(session: Session, chosen: Chosen) -> Chosen:
    """The picks that are stored with the day's delivery, where it has some."""
    delivery = deliveries.digest_of(session, chosen.subscriber.id, chosen.digest.day)
    if delivery is None or not delivery.picks:
        return chosen
    known = {one.paper_id for one in chosen.cohort.candidates}
    picks = tuple(pick for pick in delivery.picks if pick.paper_id in known)
    return replace(chosen, digest=replace(chosen.digest, picks=picks))
