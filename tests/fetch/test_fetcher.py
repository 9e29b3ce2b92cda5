"""The whole client against a real server on loopback; time passes only in its own sleeps."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from digest.errors import FetchError
from digest.fetch import Fetched, Fetcher, Limits, NotModified, Validators
from tests.httpd import Answer, Httpd, serving

LIMITS = Limits(
    allow_private=True, default_pace_s=0, pace={}, timeout_s=2, silence_s=1, connect_s=1
)
Story = Callable[[Httpd, Fetcher], Awaitable[object]]


class Time:
    """A clock that only its own sleep moves, and that remembers the sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(story: Story, limits: Limits = LIMITS) -> Time:
    async def whole() -> None:
        async with (
            serving() as httpd,
            Fetcher(
                limits,
                clock=time,
                sleep=time.sleep,
                jitter=lambda: 1.0,
                now=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
            ) as fetcher,
        ):
            await story(httpd, fetcher)

    time = Time()
    asyncio.run(whole())
    return time


def failure(answers: list[Answer], limits: Limits = LIMITS) -> tuple[FetchError, Time]:
    """The error that fetching /x ends in."""
    raised: list[FetchError] = []

    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers["/x"] = answers
        with pytest.raises(FetchError) as caught:
            await fetcher.get(httpd.url("/x"))
        raised.append(caught.value)

    time = run(story, limits)
    assert len(str(raised[0]).splitlines()) == 1
    assert raised[0].url in str(raised[0])
    return raised[0], time


def test_a_version_that_is_still_current_is_not_sent_again() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        dated = {"ETag": 'W/"é1"', "Last-Modified": "Mon, 02 Mar 2026 04:00:00 GMT"}
        httpd.answers["/x"] = [Answer(body=b"papers", headers=dated), Answer(304)]
        first = await fetcher.get(httpd.url("/x"))
        validators = Validators('W/"é1"', "Mon, 02 Mar 2026 04:00:00 GMT")
        assert first == Fetched(b"papers", httpd.url("/x"), validators, 200)
        again = await fetcher.get(httpd.url("/x"), validators)
        assert again == NotModified(httpd.url("/x"), validators)
        unconditional, conditional = (asked.headers for asked in httpd.asked)
        assert "if-none-match" not in unconditional
        assert conditional["if-none-match"] == 'W/"é1"'
        assert conditional["if-modified-since"] == "Mon, 02 Mar 2026 04:00:00 GMT"

    run(story)


def test_a_304_that_nobody_asked_for_is_an_error() -> None:
    error, _ = failure([Answer(304)])
    assert "304 Not Modified" in str(error)


def test_a_request_says_who_asks_and_takes_gzip() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        packed = Answer(body=gzip.compress(b"papers"), headers={"Content-Encoding": "gzip"})
        httpd.answers["/x"] = [packed]
        answer = await fetcher.get(httpd.url("/x"))
        assert isinstance(answer, Fetched)
        assert answer.body == b"papers"
        [asked] = httpd.asked
        assert asked.headers["user-agent"] == "papers-digest (ops@example.org)"
        assert asked.headers["accept-encoding"] == "gzip"
        assert asked.headers["host"] == f"127.0.0.1:{httpd.port}"

    run(story, replace(LIMITS, user_agent="papers-digest (ops@example.org)"))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_with_growing_waits(status: int) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers["/x"] = [Answer(status), Answer(status), Answer(body=b"papers")]
        answer = await fetcher.get(httpd.url("/x"))
        assert isinstance(answer, Fetched)
        assert answer.body == b"papers"

    assert run(story).slept == [1, 2]


def test_a_failure_that_does_not_pass_ends_after_all_attempts() -> None:
    error, time = failure([Answer(503, b"upstream is down")])
    assert str(error) == f"{error.url}: answered 503 Service Unavailable, 4 times"
    assert (error.status, error.body) == (503, b"upstream is down")
    assert time.slept == [1, 2, 4]


@pytest.mark.parametrize("header", ["20", "Mon, 02 Mar 2026 12:00:20 GMT"], ids=["seconds", "date"])
def test_retry_after_is_waited_for(header: str) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        busy = Answer(429, headers={"Retry-After": header})
        httpd.answers["/x"] = [busy, Answer(body=b"papers")]
        await fetcher.get(httpd.url("/x"))

    assert run(story).slept == [20]


def test_a_retry_after_beyond_the_cap_is_not_waited_for() -> None:
    error, time = failure([Answer(429, headers={"Retry-After": "3600"})])
    assert "asks to wait 3,600 s, more than the 60 s of DIGEST_FETCH_BACKOFF_CAP_S" in str(error)
    assert time.slept == []


def test_a_busy_host_is_left_alone_by_everybody_while_it_asks_for_it() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers["/x"] = [Answer(429, headers={"Retry-After": "20"}), Answer()]
        httpd.answers["/y"] = [Answer()]
        await asyncio.gather(fetcher.get(httpd.url("/x")), fetcher.get(httpd.url("/y")))
        assert [asked.path for asked in httpd.asked] == ["/x", "/y", "/x"]

    # /y stood in line before the answer came; it waits with /x.
    assert run(story).slept == [20]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 410, 418, 300, 501, 599])
def test_any_other_refusal_is_final_and_carries_the_servers_words(status: int) -> None:
    error, time = failure([Answer(status, b"<feed>incorrect id format</feed>")])
    assert f"answered {status}" in str(error)
    assert error.status == status
    assert error.body == (b"<feed>incorrect id format</feed>" if status >= 400 else b"")
    assert time.slept == []


def test_a_connection_cut_in_the_middle_of_the_body_is_tried_again() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers["/x"] = [Answer(body=b"papers", cut=3), Answer(cut=0), Answer(body=b"papers")]
        answer = await fetcher.get(httpd.url("/x"))
        assert isinstance(answer, Fetched)
        assert answer.body == b"papers"

    assert run(story).slept == [1, 2]


def test_half_a_gzip_stream_is_no_body() -> None:
    packed = gzip.compress(b"papers" * 100)[:-9]
    error, _ = failure([Answer(body=packed, headers={"Content-Encoding": "gzip"})])
    assert "ends too early" in str(error)


def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        with pytest.raises(
            FetchError, match=r"http://127\.0\.0\.1:1/: the connection failed .*, 4 t"
        ):
            await fetcher.get("http://127.0.0.1:1/")

    run(story)


def test_a_silent_server_is_tried_again() -> None:
    error, time = failure([Answer(delay_s=5)], replace(LIMITS, silence_s=0.05))
    assert "silent for 0.05 s, 4 times" in str(error)
    assert len(time.slept) == 3


def test_a_body_that_drips_is_given_up_when_the_time_is_over() -> None:
    error, time = failure([Answer(body=b"x" * 1000, drip_s=0.01)], replace(LIMITS, timeout_s=0.2))
    assert str(error).endswith("not finished after 0.2 s; raise DIGEST_FETCH_TIMEOUT_S")
    assert time.slept == []


def test_a_body_past_its_limit_is_not_read_on() -> None:
    error, _ = failure([Answer(body=b"x" * 2000)], replace(LIMITS, max_bytes=1999))
    assert "more than 1,999 bytes; raise DIGEST_FETCH_MAX_BYTES" in str(error)


def test_a_gzip_bomb_is_stopped() -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    error, _ = failure([Answer(body=bomb, headers={"Content-Encoding": "gzip"})])
    assert "more than 20,000,000 bytes" in str(error)


def test_an_encoding_nobody_asked_for_is_an_error() -> None:
    error, _ = failure([Answer(body=b"\x0b", headers={"Content-Encoding": "br"})])
    assert "Content-Encoding br" in str(error)


def test_a_redirect_is_followed_and_the_place_it_leads_to_is_named() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers["/x"] = [Answer(301, headers={"Location": "y?page=1"})]
        httpd.answers["/y?page=1"] = [Answer(body=b"papers", headers={"ETag": '"2"'})]
        answer = await fetcher.get(httpd.url("/x"), Validators('"1"'))
        assert answer == Fetched(b"papers", httpd.url("/y?page=1"), Validators('"2"'), 200)
        assert [asked.headers["if-none-match"] for asked in httpd.asked] == ['"1"', '"1"']

    run(story)


def test_a_redirect_loop_ends() -> None:
    error, _ = failure([Answer(302, headers={"Location": "/x"})])
    assert "more than 5 redirects" in str(error)
    assert "DIGEST_FETCH_MAX_REDIRECTS" in str(error)


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "http://[::1", "http://a:99999/"])
def test_a_redirect_that_leads_nowhere_is_an_error(location: str) -> None:
    error, _ = failure([Answer(302, headers={"Location": location} if location else {})])
    assert "answered 302 Found" in str(error)
    assert "cannot be followed" in str(error)


def test_a_password_is_sent_to_its_own_origin_and_shown_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        async with serving() as other:
            httpd.answers["/x?api_key=k3y"] = [Answer(302, headers={"Location": other.url("/y")})]
            with pytest.raises(FetchError, match="404") as caught:
                await fetcher.get(f"http://ann:s3cret@127.0.0.1:{httpd.port}/x?api_key=k3y")
        assert httpd.asked[0].headers["authorization"] == "Basic YW5uOnMzY3JldA=="
        assert "authorization" not in other.asked[0].headers
        for secret in ("s3cret", "k3y"):
            assert secret not in str(caught.value) + caught.value.url

    with caplog.at_level("DEBUG"):
        run(story)
    said = "".join(str(record.__dict__) for record in caplog.records if record.levelname != "DEBUG")
    assert "s3cret" not in said
    assert "k3y" not in said


def test_one_host_is_asked_one_thing_at_a_time() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        httpd.answers = {f"/{n}": [Answer(body=b"x", delay_s=0.01)] for n in range(5)}
        await asyncio.gather(*(fetcher.get(httpd.url(f"/{n}")) for n in range(5)))
        assert len(httpd.asked) == 5
        assert httpd.most_at_once == 1

    time = run(story, replace(LIMITS, pace={"127.0.0.1": 3.0}))
    assert time.slept == [3, 3, 3, 3]


@pytest.mark.parametrize("url", ["", "huggingface.co", "ftp://feeds.example/", "http://a\nb/"])
def test_what_is_no_url_is_one_clear_line(url: str) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher) -> None:
        with pytest.raises(FetchError) as caught:
            await fetcher.get(url)
        assert len(str(caught.value).splitlines()) == 1

    run(story)
