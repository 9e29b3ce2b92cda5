"""The Postfix of the compose file, as Postfix itself reads its settings."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.given import ROOT, lacking

PARTS = ROOT / "deploy" / "postfix"
START = """#!/bin/sh
echo "$@" >started
"""


@pytest.fixture
def postconf() -> str:
    """The path of Postfix's own reader of its settings."""
    found = shutil.which("postconf") or shutil.which("postconf", path="/usr/sbin")
    return found or lacking("postconf", "not installed (deploy/install-tools)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of settings with ours in it, and a `postfix` that only tells it was called."""
    shutil.copy(PARTS / "main.cf", tmp_path)
    (tmp_path / "master.cf").touch()
    (tmp_path / "postfix").write_text(START)
    (tmp_path / "postfix").chmod(0o755)
    return tmp_path


def started(folder: Path, postconf: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The start script, run in `folder` with its settings there."""
    path = f"{folder}:{Path(postconf).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(PARTS / "start")],
        cwd=folder, env={"PATH": path, "MAIL_CONFIG": str(folder), **environment},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def settled(folder: Path, postconf: str) -> dict[str, str]:
    """The settings that Postfix would run with, where they are not its defaults."""
    done = subprocess.run(
        [postconf, "-c", str(folder), "-n"], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    lines = (line.partition("=") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def test_it_takes_mail_from_the_private_network_only(folder: Path, postconf: str) -> None:
    done = started(folder, postconf, MAIL_HOSTNAME="mx.example.org", MAIL_NETWORK="172.30.84.0/24")
    assert done.returncode == 0, done.stderr
    assert (folder / "started").read_text() == "start-fg\n"
    found = settled(folder, postconf)
    assert found["mynetworks"] == "127.0.0.0/8 172.30.84.0/24"
    assert found["smtpd_relay_restrictions"] == "permit_mynetworks, reject"
    assert found["mydestination"] == ""
    assert "relayhost" not in found


def test_a_relay_is_spoken_to_in_secret_and_its_password_is_nobody_elses(
    folder: Path, postconf: str
) -> None:
    done = started(
        folder, postconf, MAIL_HOSTNAME="mx.example.org", MAIL_NETWORK="172.30.84.0/24",
        MAIL_RELAY="[mail.example.org]:587", MAIL_RELAY_USER="ada", MAIL_RELAY_PASSWORD="a b%c",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = settled(folder, postconf)
    assert (found["relayhost"], found["smtp_tls_security_level"]) == (
        "[mail.example.org]:587",
        "secure",
    )
    assert found["smtp_sasl_password_maps"] == f"texthash:{folder}/relay"
    assert (folder / "relay").read_text() == "[mail.example.org]:587 ada:a b%c\n"
    assert (folder / "relay").stat().st_mode & 0o077 == 0


def test_without_a_name_it_does_not_start_and_says_so(folder: Path, postconf: str) -> None:
    done = started(folder, postconf, MAIL_NETWORK="172.30.84.0/24")
    assert done.returncode != 0
    assert "MAIL_HOSTNAME" in done.stderr
    assert not (folder / "started").exists()
