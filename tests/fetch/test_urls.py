import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.fetch.urls import BadUrl, shown, target


def test_user_and_password_become_a_header_and_leave_the_url() -> None:
    place = target("https://ann:s%40cret@feeds.example/a?b=c#d")
    assert str(place.url) == "https://feeds.example/a?b=c"
    assert place.authorization == "Basic YW5uOnNAY3JldA=="


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://feeds.example/x",
        "gopher://feeds.example",
        "feeds.example/x",
        "//feeds.example/x",
        "http:///x",
        "http://feeds.example:0/",
        "http://feeds.example:99999/",
        "http://a\nb/",
        "http://999.1.1.1/",
        "",
    ],
)
def test_what_cannot_be_fetched_is_refused_before_any_look_up(url: str) -> None:
    with pytest.raises(BadUrl):
        target(url)


def test_a_redirect_keeps_the_password_at_the_same_origin_only() -> None:
    start = target("https://ann:secret@feeds.example/a/b")
    assert start.redirected("c?d").authorization == start.authorization
    assert str(start.redirected("c?d").url) == "https://feeds.example/a/c?d"
    for elsewhere in ("//other.example/", "http://feeds.example/", "https://feeds.example:8443/"):
        assert start.redirected(elsewhere).authorization == ""


def test_a_redirect_may_not_leave_http() -> None:
    with pytest.raises(BadUrl, match="only http and https"):
        target("https://feeds.example/").redirected("file:///etc/passwd")


@pytest.mark.parametrize(
    ("url", "as_shown"),
    [
        ("https://ann:pw@feeds.example/x", "https://feeds.example/x"),
        ("https://feeds.example/x?api_key=abc&q=1", "https://feeds.example/x?api_key=***&q=1"),
        (
            "https://feeds.example/x?q=1&access_token=a%26b",
            "https://feeds.example/x?q=1&access_token=***",
        ),
        (
            "https://feeds.example/?search_query=au:a&keywords=b",
            "https://feeds.example/?search_query=au:a&keywords=b",
        ),
        ("http://a\r\nb\u202ec", "http://a??b?c"),
    ],
)
def test_what_is_shown_of_a_url_holds_no_secret_and_is_one_line(url: str, as_shown: str) -> None:
    assert shown(url) == as_shown


@given(st.text(max_size=400))
def test_any_text_is_shown_as_one_short_line(text: str) -> None:
    assert len(shown(text).splitlines()) <= 1
    assert len(shown(text)) <= 300
