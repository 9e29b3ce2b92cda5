"""Whatever is typed into the forms and addresses of the desk: no answer is our fault."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from digest.app import App
from tests.web.admin.conftest import PASSWORD, token_in
from tests.web.admin.test_gate import filled, of_desk
from tests.web.conftest import Site

EXAMPLES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
NAMES = ("day", "days", "whom", "text", "key", "count", "expected", "choice", "reader", "q",
         "status", "after", "kind", "email", "to", "note", "password", "code")  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "0", "1", "-1", "9" * 30, "٣", "²", "2026-05-07", "9999-12-31",
                     "all", "list", "search", "one", "digest", "welcome", "sent", "again", "hide",
                     "pin", "active", "a@b.example", "\x00", "%", "reader0@example.org", PASSWORD]),
)  # fmt: skip
FORMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
# Log-outs end the fuzzing, and erasures its subject.
LEFT_OUT = {"/admin/login", "/admin/logout"}


def try_all(act: Callable[[Any], None], values: st.SearchStrategy[Any]) -> None:
    def each(value: Any) -> None:
        act(value)

    EXAMPLES(given(values)(each))()


def test_no_form_is_answered_with_a_fault_of_ours(app: App, owner: httpx2.Client) -> None:
    token = token_in(owner.get("/admin").text)

    def send(path: str, fields: dict[str, str]) -> None:
        sent = {name: value for name, value in fields.items() if sendable(value)}
        answer = owner.post(filled(path), data=sent | {"csrf": token})
        assert answer.status_code < 500, (path, fields, answer.text[:200])

    for path in set(of_desk(app, "POST")) - LEFT_OUT:
        try_all(partial(send, path), FORMS)


def test_no_address_of_a_page_is_answered_with_a_fault_of_ours(
    app: App, owner: httpx2.Client
) -> None:
    names = ("before", "after", "shard", "of", "state", "offset", "got", "as", "to")

    def ask(path: str, fields: dict[str, str], number: int) -> None:
        sent = dict(zip(names, fields.values(), strict=False)) | fields
        sent = {name: value for name, value in sent.items() if sendable(value)}
        answer = owner.get(path.replace("{number}", str(number)), params=sent)
        assert answer.status_code < 500, (path, sent, answer.text[:200])

    numbers = st.sampled_from([0, 1, 2, 3, 10**17, 2**62, 2**64])
    for path in of_desk(app, "GET"):
        if not path.endswith("/events"):
            try_all(lambda both, path=path: ask(path, *both), st.tuples(FORMS, numbers))


def sendable(text: str) -> bool:
    """Half a character cannot be encoded by any client."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize("body", [b"", b"csrf", b"--x\r\n\r\n", b"\xff" * 50])
def test_a_broken_body_is_refused(desk: Site, owner: httpx2.Client, body: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "application/json", "multipart/form-data"):
        answer = owner.post("/admin/send/look", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 403, 411), kind
