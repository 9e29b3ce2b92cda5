"""The compose file: by the schema of the Compose Specification, and by what it promises."""

import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.settings import PREFIX, names
from tests.given import ROOT, lacking

FILE = ROOT / "deploy" / "compose.yaml"
CONTAINERS = sorted((ROOT / "deploy").rglob("Containerfile"))
Service = dict[str, Any]


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    found = yaml.safe_load(FILE.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def services(whole: dict[str, Any]) -> dict[str, Service]:
    found: dict[str, Service] = whole["services"]
    return found


def test_it_is_a_compose_file() -> None:
    try:
        import check_jsonschema
    except ImportError as error:
        lacking("check-jsonschema", error)
    command = (sys.executable, "-m", check_jsonschema.__name__, "--builtin-schema",
               "vendor.compose-spec", str(FILE))  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_the_program_its_database_its_mail_server_and_https(
    services: dict[str, Service],
) -> None:
    assert sorted(services) == ["caddy", "db", "digest", "init", "postfix"]
    for name, service in services.items():
        assert "image" in service or "build" in service, name
        assert service["healthcheck"], name
        assert service["restart"] == ("no" if name == "init" else "unless-stopped")


def test_every_part_waits_until_what_it_needs_is_well(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, (name, needed)
            if how["condition"] == "service_healthy":
                assert services[needed]["healthcheck"]["test"][0] == "CMD"
    conditions = {name: how["condition"] for name, how in services["digest"]["depends_on"].items()}
    assert conditions == {
        "db": "service_healthy",
        "postfix": "service_healthy",
        "init": "service_completed_successfully",
    }


def test_volumes_and_networks_are_declared(
    whole: dict[str, Any], services: dict[str, Service]
) -> None:
    used, joined = set(), set()
    for service in services.values():
        sources = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        used |= {source for source in sources if not source.startswith(".")}
        for source in sources - used:
            assert (FILE.parent / source).exists(), source
        joined |= set(service["networks"])
    assert used == set(whole["volumes"])
    assert joined == set(whole["networks"])


def test_only_https_is_open_to_the_world(services: dict[str, Service]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert services["db"]["networks"] == ["inside"]


def test_only_the_proxy_is_trusted_and_nobody_else_is_given_its_address(
    whole: dict[str, Any], services: dict[str, Service]
) -> None:
    trusted = ip_address(services["digest"]["environment"]["DIGEST_TRUSTED_PROXIES"])
    [pool] = whole["networks"]["outside"]["ipam"]["config"]
    assert services["caddy"]["networks"]["outside"]["ipv4_address"] == str(trusted)
    assert trusted in ip_network(pool["subnet"])
    assert trusted not in ip_network(pool["ip_range"])
    assert services["postfix"]["environment"]["MAIL_NETWORK"] == pool["subnet"]


def test_it_sets_only_settings_that_exist(services: dict[str, Service]) -> None:
    known = {PREFIX + name.upper() for name in names()}
    given = {name for service in services.values() for name in service.get("environment", ())}
    assert {name for name in given if name.startswith(PREFIX)} <= known
    assert {f"{PREFIX}DATABASE_URL", f"{PREFIX}SMTP_URL", f"{PREFIX}BASE_URL"} <= given


def test_what_the_operator_must_say_is_asked_for_and_documented() -> None:
    asked = set(re.findall(r"\$\{(\w+):", FILE.read_text("utf-8")))
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert {name for name in asked if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("file", CONTAINERS, ids=lambda file: file.parent.name)
def test_a_container_file_copies_only_what_there_is(file: Path) -> None:
    context = ROOT if file.parent.name == "deploy" else file.parent
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text("utf-8"), re.MULTILINE)
    assert copied
    for source in " ".join(copied).split():
        assert (context / source).exists(), source


def test_the_program_runs_without_rights(services: dict[str, Service]) -> None:
    assert services["digest"]["read_only"] is True
    assert services["digest"]["cap_drop"] == ["ALL"]
    assert re.search(r"^USER \d+$", (ROOT / "deploy" / "Containerfile").read_text(), re.MULTILINE)
