"""The dashboard asks only for what /metrics tells, and the manual names all of that."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from digest.core.announcing import SourceState
from digest.core.delivery import State
from subscribers.consent import Status
from tests.given import ROOT
from tests.stories.conftest import home  # noqa: F401 - a fixture
from tests.web.conftest import Site, app, kind, site  # noqa: F401 - fixtures

BOARD = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))
STATES = {"digest_digests": State, "digest_source_state": SourceState, "digest_readers": Status}
VALUES = re.compile(r"(digest_\w+)\{[^}]*(?:state|status)=~?\"([^\"]+)\"")
OURS = re.compile(r"\bdigest_[a-z_]+\b")


def asked() -> Iterator[str]:
    """Every expression of the dashboard."""
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]


@pytest.fixture
def told(site: Site) -> set[str]:  # noqa: F811
    """The names of all metrics of a running program."""
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    return set(re.findall(r"^# TYPE (digest_\w+) ", answer.text, re.MULTILINE))


def test_it_asks_only_for_metrics_that_there_are_and_for_each_of_them(told: set[str]) -> None:
    named = {name for expression in asked() for name in OURS.findall(expression)}
    assert named == told


def test_the_manual_names_every_metric_and_no_other(told: set[str]) -> None:
    rows = (ROOT / "docs" / "operating.md").read_text("utf-8").splitlines()
    named = {name for row in rows if row.startswith("| `digest_") for name in OURS.findall(row)}
    assert named == told


def test_the_values_it_asks_for_exist() -> None:
    found = 0
    for expression in asked():
        for metric, words in re.findall(
            r"(digest_\w+)\{[^}]*(?:state|status)=~?\"([^\"]+)\"", expression
        ):
            assert set(words.split("|")) <= {one.value for one in STATES[metric]}
            found += 1
    assert found >= 3


def test_its_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels: list[dict[str, Any]] = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
