"""How fast messages are handed over: `python -m tests.bench.smtp [MESSAGES] [CONNECTIONS]`.

Each round starts one smtp-sink (Postfix's, in C) and sends MESSAGES of 25 kB to it, by smtp-source
and by one process of ours in turn. Then 20 connections of ours send through a proxy that delays
(40 ms there and back), with PIPELINING and without. Prints a table, and JSON as the last line.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from digest.core.delivery import Outcome, State
from digest.core.message import Message
from digest.mail.pool import open_pool
from digest.mail.transport import Options
from tests.sink import free_port, listening, smtp_sink, tool

SIZE, ROUNDS = 25_000, 3
DELAY_S, FAR_CONNECTIONS, FAR_MESSAGES = 0.02, 20, 3_000
BODY = b"From: a@example.org\r\nSubject: x\r\n\r\n" + (b"x" * 74 + b"\r\n") * (SIZE // 76)


def main() -> None:
    if sys.argv[1:2] in (["--ours"], ["--proxy"]):
        _part(sys.argv[1], sys.argv[2:])
        return
    messages, connections = map(int, (sys.argv[1:] + ["20000", "10"][len(sys.argv) - 1 :])[:2])
    runs = [_round(messages, connections) for _ in range(ROUNDS)]
    told = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    told |= _far()
    for name, value in told.items():
        print(f"{name:<28}{value:>12,.2f}")
    print(json.dumps(told))


def _round(messages: int, connections: int) -> dict[str, float]:
    with smtp_sink("-c") as port:
        source = _source(port, messages, connections)
        ours = _ours(port, messages, f"connections={connections}")
        plain = _ours(port, messages, f"connections={connections}&pipelining=no")
    return {
        "smtp_source_per_s": source["per_s"],
        "smtp_source_cpu_us_each": source["cpu_us"],
        "ours_per_s": ours["per_s"],
        "ours_cpu_us_each": ours["cpu_us"],
        "ours_to_smtp_source": ours["per_s"] / source["per_s"],
        "no_pipelining_per_s": plain["per_s"],
        "no_pipelining_cpu_us_each": plain["cpu_us"],
    }


def _far() -> dict[str, float]:
    with smtp_sink("-c") as port, _proxy(port) as far:
        asked = f"connections={FAR_CONNECTIONS}"
        fast = _ours(far, FAR_MESSAGES, asked)["per_s"]
        slow = _ours(far, FAR_MESSAGES, f"{asked}&pipelining=no")["per_s"]
    return {"far_per_s": fast, "far_no_pipelining_per_s": slow, "far_ratio": fast / slow}


@contextmanager
def _proxy(port: int) -> Iterator[int]:
    far = free_port()
    with subprocess.Popen([*_SELF, "--proxy", str(far), str(port)]) as proxy:
        try:
            yield listening(far)
        finally:
            proxy.terminate()


def _source(port: int, messages: int, connections: int) -> dict[str, float]:
    start, used = time.perf_counter(), _cpu_s(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [tool("smtp-source"), "-d", "-s", str(connections), "-l", str(SIZE), "-m", str(messages),
         "-f", "a@example.org", "-t", "b@example.net", f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip
    took, used = time.perf_counter() - start, _cpu_s(resource.RUSAGE_CHILDREN) - used
    return {"per_s": messages / took, "cpu_us": used * 1e6 / messages}


_SELF = [sys.executable, "-m", "tests.bench.smtp"]


def _ours(port: int, messages: int, asked: str) -> dict[str, float]:
    url = f"smtp://127.0.0.1:{port}?{asked}"
    ran = subprocess.run([*_SELF, "--ours", url, str(messages)], check=True, stdout=subprocess.PIPE)
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def _part(name: str, words: list[str]) -> None:
    if name == "--proxy":
        asyncio.run(_serve(int(words[0]), int(words[1])))
    else:
        run = asyncio.run if "--asyncio" in words else uvloop.run
        print(json.dumps(run(_hand_over(words[0], int(words[1])))))


async def _hand_over(url: str, count: int) -> dict[str, float]:
    messages = [
        Message(
            f"<{n:032}@example.org>", f"bounces+{n}@example.org", f"r{n}@example.net", "x", BODY
        )
        for n in range(count)
    ]
    sent = 0

    def ended(message: Message, outcome: Outcome) -> None:
        nonlocal sent
        sent += outcome.state is State.SENT

    options = Options(helo="client.example.org")
    async with open_pool(url, options, ended=ended, still=lambda _: True) as pool:
        start, used = time.perf_counter(), _cpu_s()
        pool.submit(messages)
        await pool.idle()
        took, used = time.perf_counter() - start, _cpu_s() - used
    assert sent == count, f"{sent} of {count} were sent"
    return {"per_s": count / took, "cpu_us": used * 1e6 / count}


def _cpu_s(whose: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


async def _serve(far: int, port: int) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_delayed(reader, back), _delayed(there, writer))

    async with await asyncio.start_server(meet, "127.0.0.1", far) as server:
        await server.serve_forever()


async def _delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, each piece DELAY_S later; in order, and without holding up the next."""
    loop, pieces, came = asyncio.get_running_loop(), deque[tuple[float, bytes]](), asyncio.Event()

    async def later() -> None:
        while True:
            while not pieces:
                came.clear()
                await came.wait()
            at, piece = pieces.popleft()
            await asyncio.sleep(at - loop.time())
            if not piece:
                return writer.close()
            writer.write(piece)

    passing = asyncio.create_task(later())
    while piece := await reader.read(65_536):
        pieces.append((loop.time() + DELAY_S, piece))
        came.set()
    pieces.append((loop.time() + DELAY_S, b""))
    came.set()
    await passing


if __name__ == "__main__":
    main()
