"""Against real bounces: the samples that come with flufl.bounce, in its source distribution.

`make test` downloads it into the environment's own folder; without it these tests skip by name,
and fail in CI. What is right for each sample is asked of flufl.bounce itself.
"""

import os
import sys
import tarfile
from email import message_from_bytes
from functools import cache
from pathlib import Path

import pytest

from digest.core.bounce import Kind, read_report
from tests.given import lacking, needs

# Kept among the samples to show what is no bounce: a person's mail, and an automatic answer.
NO_BOUNCE = {"groupwise_03.txt", "qmail_08.txt"}
BOUNCES = (Kind.HARD, Kind.SOFT, Kind.POLICY)


@cache
def samples() -> dict[str, bytes]:
    folder = Path(os.environ.get("FLUFL_BOUNCE_SAMPLES", Path(sys.prefix) / "samples"))
    archive = next(iter(sorted(folder.glob("flufl*bounce-*.tar.gz"))), None)
    if archive is None:
        lacking("the samples of flufl.bounce", f"no source distribution in {folder}: `make test`")
    with tarfile.open(archive) as tar:
        return {
            Path(member.name).name: opened.read()
            for member in tar
            if "/tests/data/" in member.name and member.name.endswith(".txt")
            and (opened := tar.extractfile(member)) is not None
        }  # fmt: skip


def expected(data: bytes) -> tuple[set[str], set[str]]:
    """The addresses that failed for now and for good, as flufl.bounce finds them."""
    temporary, permanent = needs("flufl.bounce").all_failures(message_from_bytes(data))
    return ({a.decode().lower() for a in temporary}, {a.decode().lower() for a in permanent})


def test_at_least_ninety_five_in_a_hundred_are_recognised() -> None:
    bounces = {name: data for name, data in samples().items() if name not in NO_BOUNCE}
    assert len(bounces) > 100
    missed = [name for name, data in bounces.items() if read_report(data).kind not in BOUNCES]
    assert len(missed) <= 0.05 * len(bounces), missed


def test_at_least_ninety_five_in_a_hundred_name_the_same_addresses() -> None:
    wrong = []
    for name, data in samples().items():
        found = {address.lower() for address in read_report(data).recipients}
        wanted = set().union(*expected(data))
        if wanted and found != wanted:
            wrong.append(name)
    assert len(wrong) <= 0.05 * len(samples()), wrong


@pytest.mark.parametrize("name", sorted(NO_BOUNCE))
def test_what_is_no_bounce_is_not_taken_for_one(name: str) -> None:
    assert read_report(samples()[name]).kind not in BOUNCES


def test_nobody_is_suppressed_for_what_is_only_a_delay() -> None:
    for name, data in samples().items():
        temporary, permanent = expected(data)
        if temporary and not permanent:
            assert read_report(data).kind is not Kind.HARD, name
