"""Story: an admin logs in, proves themselves again before what cannot be taken back, logs out.

Tries are counted per name and network, and per name over all networks; a browser that logged in
before has a count of its own. So whoever tries passwords locks out themselves and other strangers,
never the admin at their own machine.
Source: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from digest import credentials
from digest.app import App
from digest.core.admin import Admin, Visit
from digest.errors import NotAdmitted
from digest.store import admins, audit, budgets
from digest.store.admins import Secrets

log = logging.getLogger(__name__)

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_SEEN_EVERY = timedelta(minutes=1)
REFUSED = "name, password or code is wrong"


@dataclass(frozen=True, slots=True)
class Try:
    """What somebody typed, and where: `network` is a keyed hash, `browser` the cookie that says
    that this browser logged in before, "" for none."""

    name: str
    password: str
    code: str
    network: str
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A log-in: the session's token and the browser's, to be kept as cookies."""

    admin: Admin
    token: str
    browser: str


def log_in(app: App, tried: Try) -> Admitted:
    """Begin a session; NotAdmitted if anything is wrong, never saying what."""
    with app.read() as session:
        found = admins.find(session, tried.name)
    known = found is not None and is_browser_of(app, found[0], tried.browser)
    keys = _count(app, tried, known=known)
    if found is None:
        credentials.is_password(tried.password, credentials.NOBODY)
        raise _refused(app, None)
    admin, proof = found
    _prove(app, admin, proof, tried)
    token = secrets.token_urlsafe(32)
    with app.begin() as session:
        for key in keys:
            budgets.forget(session, key)
        admins.begin(session, admin.id, hash_of(token), now=app.clock())
        audit.note(session, admin.name, "logged in", f"admin {admin.name}", now=app.clock())
    log.info("admin logged in", extra={"admin_id": admin.id})
    return Admitted(admin, token, tried.browser if known else new_browser(app, admin))


def prove_again(app: App, visit: Visit, tried: Try) -> str:
    """The session's new token, once password and code were right again; else NotAdmitted."""
    with app.read() as session:
        found = admins.find(session, visit.admin.name)
    _count(app, tried, known=found is not None and is_browser_of(app, found[0], tried.browser))
    if found is None:
        raise _refused(app, None)
    _prove(app, *found, tried)
    token = secrets.token_urlsafe(32)
    with app.begin() as session:
        admins.rotate(session, visit.token_hash, hash_of(token), now=app.clock())
        audit.note(session, visit.admin.name, "proved again", now=app.clock())
    return token


def _prove(app: App, admin: Admin, proof: Secrets, tried: Try) -> None:
    """Password and code; a code is used up only where the password was right."""
    if not credentials.is_password(tried.password, proof.password_hash):
        raise _refused(app, admin)
    with app.begin() as session:
        right = _use_code(session, app, admin, proof, tried.code.strip())
        if right and credentials.is_outdated(proof.password_hash):
            fresh = credentials.hash_password(tried.password, "")
            admins.rehash(session, admin.id, fresh)
    if not right:
        raise _refused(app, admin)


def _use_code(session: Session, app: App, admin: Admin, proof: Secrets, code: str) -> bool:
    """Whether it is the app's code of now, or a recovery code; neither works twice."""
    digits = "".join(code.split())
    if digits.isdecimal():
        step = credentials.step_of(
            digits, credentials.unseal(proof.totp_secret, app.secret), app.clock()
        )
        return step is not None and admins.use_step(session, admin.id, step)
    hashed = credentials.code_hash(code, app.secret)
    if not admins.use_code(session, admin.id, hashed, now=app.clock()):
        return False
    audit.note(session, admin.name, "used a recovery code", f"admin {admin.name}", now=app.clock())
    return True


def _refused(app: App, admin: Admin | None) -> NotAdmitted:
    log.warning("admin refused", extra={"admin_id": admin.id if admin else None})
    if admin is not None:
        with app.begin() as session:
            audit.note(session, "somebody", "was refused", f"admin {admin.name}", now=app.clock())
    return NotAdmitted(REFUSED)


def _count(app: App, tried: Try, *, known: bool) -> list[str]:
    """Count a try; the counts that a right one clears. NotAdmitted above a limit."""
    name = credentials.mac(app.secret, "name", admins.key_of(tried.name))[:32]
    mine = f"{name}:{tried.browser.partition('.')[0]}" if known else f"{name}:{tried.network[:32]}"
    limits = [(f"login-m:{mine}", 5, _MINUTE), (f"login-h:{mine}", 20, _HOUR)]
    if not known:
        limits.append((f"login-n:{name}", 60, _HOUR))
        limits.append((f"login-w:{tried.network[:32]}", 60, _HOUR))
    waits = []
    with app.begin() as session:
        for key, most, window in limits:
            counted = budgets.count(session, {key: 1}, window, now=app.clock())
            waits += [window] if counted[key] > most else []
    if waits:
        wait_s = int(max(waits).total_seconds())
        raise NotAdmitted("that was tried too often; please wait", wait_s=wait_s)
    return [key for key, _, _ in limits[:2]]


def visit_of(app: App, token: str) -> Visit | None:
    """The session of a token, which is in use now; None if it is over."""
    hashed, now = hash_of(token), app.clock()
    with app.read() as session:
        visit = admins.visit(session, hashed)
    if visit is None:
        return None
    if visit.is_over(now):
        with app.begin() as session:
            admins.end(session, hashed)
        return None
    if now - visit.seen_at > _SEEN_EVERY:
        with app.begin() as session:
            admins.see(session, hashed, now=now)
    return visit


def log_out(app: App, visit: Visit) -> None:
    """End a session."""
    with app.begin() as session:
        admins.end(session, visit.token_hash)
        audit.note(session, visit.admin.name, "logged out", now=app.clock())


def hash_of(token: str) -> str:
    """How a session's token is kept. 256 random bits need neither salt nor key."""
    return credentials.mac(b"session", "token", token)


def new_browser(app: App, admin: Admin) -> str:
    """What a browser keeps to be known again, by one admin's name only."""
    nonce = secrets.token_hex(16)
    return f"{nonce}.{_browser_mac(app, admin, nonce)}"


def is_browser_of(app: App, admin: Admin, cookie: str) -> bool:
    """Whether this admin logged in with this browser, since their password was last replaced."""
    nonce, _, given = cookie.partition(".")
    return hmac.compare_digest(given.encode(), _browser_mac(app, admin, nonce).encode())


def _browser_mac(app: App, admin: Admin, nonce: str) -> str:
    return credentials.mac(app.secret, "browser", f"{admin.id} {admin.epoch} {nonce}")
