"""Whether time tells who is a reader: `python -m tests.bench.sameness [REQUESTS]`.

Sign-ups of addresses that are new, pending, active, unsubscribed and suppressed go to one server,
one after another in a random order, as somebody would send them who measures. Prints JSON: the
answers' times in ms by kind; and of each kind the Kolmogorov-Smirnov distance from the new ones
and its p-value: with the same time for all, a p below 0.01 comes once in a hundred times.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr
from scipy.stats import ks_2samp

from digest.app import App, build
from digest.clock import utcnow
from digest.settings import load
from digest.web.stamp import stamp
from subscribers import address as addresses
from subscribers import suppression
from subscribers.consent import Reason, Status
from tests.bench.signup import SECRET, send, start
from tests.given import subscriber

KINDS = ("new", "pending", "active", "unsubscribed", "suppressed")


def main() -> None:
    requests = int((sys.argv[1:] or ["2000"])[0])
    with tempfile.TemporaryDirectory() as folder:
        order = [KINDS[n % len(KINDS)] for n in range(requests)]
        random.shuffle(order)
        app = build(load(database_url=f"sqlite:///{folder}/digest.db", secret=SecretStr(SECRET)))
        _stand(app, order)
        port, server = start(Path(folder))
        try:
            times = asyncio.run(_measured(port, order))
        finally:
            server.terminate()
            server.wait(30)
    print(json.dumps({kind: _told(times[kind], times["new"]) for kind in KINDS}, indent=2))


def _email(kind: str, number: int) -> str:
    return f"{kind[:3]}{number:06}@example.org"


def _stand(app: App, order: list[str]) -> None:
    with app.begin() as session:
        for number, kind in enumerate(order):
            if kind in tuple(Status):
                subscriber(session, _email(kind, number), status=Status(kind))
            if kind == "suppressed":
                suppression.suppress(
                    session, addresses.parse(_email(kind, number)), Reason.COMPLAINED,
                    key=app.secret, now=utcnow(), source="bench",
                )  # fmt: skip


async def _measured(port: int, order: list[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    shown = stamp(utcnow(), SECRET.encode())
    await asyncio.sleep(2.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, kind in enumerate(order):
        status, took = await send(reader, writer, number, _email(kind, number), shown)
        assert status == "200"
        times[kind].append(took * 1000)
    writer.close()
    await writer.wait_closed()
    return times


def _told(times: list[float], new: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    apart = ks_2samp(times, new)
    return {
        "p10_ms": round(cuts[9], 2), "p50_ms": round(cuts[49], 2), "p90_ms": round(cuts[89], 2),
        "p99_ms": round(cuts[98], 2), "distance": round(float(apart.statistic), 3),
        "p_value": round(float(apart.pvalue), 3),
    }  # fmt: skip


if __name__ == "__main__":
    main()
