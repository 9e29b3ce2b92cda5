"""For machines that watch over this one: /healthz, /readyz and /metrics.

The last two are answered to loopback and private addresses only: a monitor stands beside us, and
strangers need not know how many readers there are.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from fastapi import APIRouter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from digest import health
from digest.app import App
from digest.core.announcing import SourceState
from digest.health import Numbers

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> Response:
    """This process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether it can do its work: 200, or 503 and what is wrong."""
    checks = health.ready(_app(request))
    told = {one.name: one.problem or "ok" for one in checks}
    return JSONResponse(told, 200 if all(one.holds for one in checks) else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The numbers, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Now(health.numbers(_app(request))))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _app(request: Request) -> App:
    """The installation, for who is near; 404 for everybody else."""
    if not _is_near(request.client.host if request.client else ""):
        raise HTTPException(404)
    found: App = request.app.state.app
    return found


def _is_near(host: str) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return not host  # a socket in the file system has no address
    return address.is_loopback or address.is_private


class _Now(Collector):
    """The numbers of one instant as metrics."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        now = self._numbers
        yield _by("runs", "Runs that are not done, by state", "state", now.runs.items())
        yield _by("digests", "Digests of today, by state", "state", now.outcomes.items())
        yield _one("queue", "Deliveries of open runs that have not ended", now.waiting)
        yield _one("lag_seconds", "How long the oldest due delivery has waited", now.lag_s)
        yield _by("readers", "Readers, by status", "status", now.readers.items())
        yield from self._sources()
        yield from self._jobs()
        replies = CounterMetricFamily(
            "digest_smtp_replies", "Replies of the relays that this process heard, by class",
            labels=["class"],
        )  # fmt: skip
        for name, count in sorted(now.replies.items()):
            replies.add_metric([name], count)
        yield replies

    def _sources(self) -> Iterator[Metric]:
        stands = GaugeMetricFamily(
            "digest_source_state", "1 for the state that a source is in", labels=["source", "state"]
        )
        good = [(name, age) for name, (_, age) in self._numbers.sources.items() if age is not None]
        for name, (state, _) in self._numbers.sources.items():
            for one in SourceState:
                stands.add_metric([name, one.value], float(one.value == state))
        yield stands
        yield _by("source_age_seconds", "Since a source was last read well", "source", good)

    def _jobs(self) -> Iterator[Metric]:
        late = [(name, past) for name, (past, _) in self._numbers.jobs.items()]
        failed = [(name, count) for name, (_, count) in self._numbers.jobs.items()]
        yield _by("job_late_seconds", "How far a job of the clock is past its time", "job", late)
        yield _by("job_failures", "Turns of a job in a row that failed", "job", failed)


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"digest_{name}", what, value=value)


def _by(name: str, what: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"digest_{name}", what, labels=[label])
    for key, value in sorted(values):
        family.add_metric([str(key)], value)
    return family
