"""How fast sign-ups are taken: `python -m tests.bench.signup [REQUESTS] [CONNECTIONS]`.

`digest web` runs as it would in earnest (SQLite in a fresh folder, its postman behind it); this
process sends REQUESTS forms over so many connections, each from an IP of its own. Prints JSON:
requests a second, the answers' times in ms, and what is in the database afterwards.
"""

import asyncio
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from digest.clock import utcnow
from digest.web.stamp import stamp

SECRET = "b" * 32


def main() -> None:
    requests, connections = map(int, (sys.argv[1:] + ["6000", "16"][len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as folder:
        port, server = start(Path(folder))
        try:
            told = asyncio.run(_load(port, requests, connections))
            told |= _kept(Path(folder) / "digest.db")
        finally:
            server.terminate()
            server.wait(30)
        told["server_cpu_ms_each"] = round(_cpu_s() * 1000 / requests, 2)
        told["rows_after_stop"] = _kept(Path(folder) / "digest.db")["rows"]
    print(json.dumps(told, indent=2))


def start(folder: Path) -> tuple[int, subprocess.Popen[str]]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("DIGEST_")}
    environment |= {"DIGEST_SECRET": SECRET, "DIGEST_SIGNUPS_IN_ALL": "1000000"}
    server = subprocess.Popen(
        [sys.executable, "-m", "digest", "web", "--port", "0"],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(Path.cwd())},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    line = server.stderr.readline()
    found = re.search(r":(\d+) ", line)
    assert found, line
    return int(found[1]), server


async def _load(port: int, requests: int, connections: int) -> dict[str, object]:
    """A hand-written client: a library's would take most of the two cores for itself."""
    times: list[float] = []
    statuses: Counter[str] = Counter()
    numbers = iter(range(requests))
    shown = stamp(utcnow(), SECRET.encode())
    await asyncio.sleep(2.5)
    start = time.perf_counter()
    await asyncio.gather(
        *(_visitor(port, numbers, shown, times, statuses) for _ in range(connections))
    )
    took = time.perf_counter() - start
    times.sort()
    return {
        "requests": requests,
        "connections": connections,
        "per_second": round(requests / took),
        "p50_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1),
        "max_ms": round(times[-1] * 1000, 1),
        "statuses": dict(statuses),
    }


async def _visitor(
    port: int, numbers: Iterator[int], shown: str, times: list[float], statuses: Counter[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        email = f"reader{number}@example.org"
        status, took = await send(reader, writer, number, email, shown)
        times.append(took)
        statuses[status] += 1
    writer.close()
    await writer.wait_closed()


async def send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, email: str, shown: str
) -> tuple[str, float]:
    """Send one form from an IP of its own; the answer's status, and the seconds it took."""
    form = urlencode({"email": email, "stamp": shown, "zone": "Europe/Berlin", "hour": "8"})
    ip = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if number % 256 >= 30:  # no more than 30 of a network
        ip = f"11.{number >> 8 & 255}.{number & 255}.1"
    head = (
        "POST /subscribe HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\nX-Forwarded-For: {ip}\r\n\r\n"
    )
    began = time.perf_counter()
    writer.write((head + form).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", answer)
    await reader.readexactly(int(length[1]) if length else 0)
    return answer[9:12].decode(), time.perf_counter() - began


def _cpu_s() -> float:
    """Processor time of the server, its start and the letters included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kept(file: Path) -> dict[str, object]:
    """What the database holds: sign-ups still to decide, and persons."""
    with sqlite3.connect(file) as database:
        waiting = database.execute("SELECT count(*) FROM signups").fetchone()[0]
        people = database.execute("SELECT count(*) FROM subscribers").fetchone()[0]
    database.close()
    return {"rows": waiting + people, "waiting": waiting, "people": people}


if __name__ == "__main__":
    main()
