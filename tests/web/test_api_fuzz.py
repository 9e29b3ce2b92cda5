"""The API against what it says of itself: requests made from its own description, right and
wrong ones, with and without a key. No answer that is not described, none that is our fault."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.openapi.loaders import from_asgi
from schemathesis.specs.openapi.schemas import OpenApiSchema

from digest.app import App, build
from digest.pipeline import collect
from digest.settings import load
from digest.shipped import shipped
from digest.store import api_keys
from digest.store.api_keys import Scope
from digest.web.server import create
from tests.stories.test_send import reader

CONFIG = {
    "generation": {"with-security-parameters": False},
    # A zone, an address or a day may have the right shape and still not exist.
    "checks": {"positive_data_acceptance": {"enabled": False}},
}
OPERATIONS = 13
EXAMPLES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> App:
    """Papers of two days and two readers, whom the requests may well change or erase."""
    home = tmp_path_factory.mktemp("api")
    shutil.copy(migrated_file, home / "digest.db")
    app = build(load(database_url=f"sqlite:///{home / 'digest.db'}"))
    collect(app, [str(file) for file in sorted(shipped("seeds").glob("listings/2026-05-0[67]*"))])
    reader(app, "ada@example.org", interests=["agents"])
    reader(app, "bob@example.org", keywords=["speech"])
    return app


@pytest.fixture(scope="module")
def key(served: App) -> str:
    with served.begin() as session:
        return api_keys.add(session, "fuzz", set(Scope), now=served.clock())


@pytest.fixture(scope="module")
def described(served: App) -> OpenApiSchema:
    config = schemathesis.Config.from_dict(CONFIG)
    return from_asgi("/api/v1/openapi.json", create(served), config=config)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("has_key", [False, True], ids=["stranger", "key"])
def test_every_answer_is_described(
    described: OpenApiSchema, key: str, mode: GenerationMode, has_key: bool
) -> None:
    headers = {"Authorization": f"Bearer {key}"} if has_key else {}
    tried = Counter[str]()

    def check(case: schemathesis.Case[Any]) -> None:
        tried[case.operation.label] += 1
        case.call_and_validate(headers=headers)

    for found in described.get_all_operations():
        assert isinstance(found, Ok)
        cases = found.ok().as_strategy(generation_mode=mode)
        settings(EXAMPLES, max_examples=10 if has_key else 4)(given(cases)(check))()
    assert len(tried) == OPERATIONS
