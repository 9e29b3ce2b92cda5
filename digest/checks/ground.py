"""What everything stands on: the database, the secret, the clock's jobs."""

import stat
from pathlib import Path

from digest import health
from digest.app import App
from digest.checks.finding import Finding, fail, ok, warn
from digest.errors import StoreError
from digest.store import integrity

_INIT = "`digest init` makes it"
_LEAST = 32


def check(app: App) -> list[Finding]:
    """The database, and, where it can be read, how late the jobs in it are."""
    file = app.database.file
    if file is not None and not file.exists():
        return [fail("database", f"{file} does not exist", _INIT)]
    found = _database(app)
    return [found] if found.mend else [found, _jobs(app)]


def _database(app: App) -> Finding:
    mend = "look at DIGEST_DATABASE_URL, and whether the server runs"
    try:
        if not app.database.is_current():
            what = "its tables are of another version than this program"
            return fail("database", what, "`digest init` brings them up; or upgrade the program")
        with app.read() as session:
            damage = integrity.damage(session)
        if damage:
            return fail(
                "database", f"damaged: {damage}", "stop all that uses it, then restore a backup"
            )
        mend = "its file and folder, or the database's user, must be allowed to write"
        with app.begin() as session:
            integrity.try_write(session)
    except StoreError as error:
        return fail("database", str(error), mend)
    kind = "SQLite, whole" if app.database.is_sqlite else "PostgreSQL"
    return ok("database", f"{kind}, of this version, can be written")


def _jobs(app: App) -> Finding:
    late = next((one.problem for one in health.ready(app) if not one.holds), "")
    if late:
        return fail("clock", late, "start `digest run`, or look into its log")
    return ok("clock", "no job is late")


def secret(app: App) -> Finding:
    """The key of all links: in the setting, or with SQLite in a file beside the database."""
    if app.settings.secret.get_secret_value():
        return ok("secret", "in DIGEST_SECRET")
    if app.database.file is None:
        mend = "set DIGEST_SECRET to what `openssl rand -hex 32` prints, the same on every machine"
        return fail("secret", "DIGEST_SECRET is missing", mend)
    return _kept(app.database.file.with_suffix(".secret"))


def _kept(file: Path) -> Finding:
    try:
        mode, size = file.stat().st_mode, len(file.read_bytes().strip())
    except FileNotFoundError:
        return fail("secret", f"{file} does not exist", _INIT)
    except OSError as error:
        return fail("secret", f"{file} cannot be read: {error.strerror}", f"let us read {file}")
    if size < _LEAST:
        what = f"{file} holds less than {_LEAST} characters"
        return fail("secret", what, "restore it from a backup; with a new one old links end")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warn("secret", f"others on this machine may read {file}", f"chmod 600 {file}")
    return ok("secret", f"in {file}, for its owner only")
