"""How fast `digest send` is, end to end, beside the practical limit and the obvious way.

    python -m tests.bench.send [READERS] [--signed] [--delay MS] [--json]

Three figures of one run on one machine, over SQLite:

- limit: `smtp-source -d` into `smtp-sink`, messages of the size that the digests turn out to have;
- ours: `digest send` as a whole process, from start to end, for READERS readers with different
  profiles over a recorded day of 25 papers: readers from SQL, ranking, composing, (signing,) the
  ledger, SMTP;
- obvious: for each reader Jinja2, premailer, EmailMessage, (dkimpy,) aiosmtplib.send_message, one
  process, on fewer readers.

Needs postfix's smtp-source and smtp-sink (deploy/install-tools) and ../shared/data.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import crowd, obvious

DATA = Path(__file__).parents[3] / "shared/data/hf_daily_papers/raw/2026-05-08.json"
DAY = "2026-05-08"
PLAIN = 300  # readers of the obvious way
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


def main() -> None:
    parser = argparse.ArgumentParser(description="see the module's docstring")
    parser.add_argument("readers", type=int, nargs="?", default=20_000)
    parser.add_argument("--signed", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), asked.readers, signed=asked.signed)
    sys.stdout.write(json.dumps(told, indent=2) + "\n" if asked.json else _table(told))


def measure(folder: Path, readers: int, *, signed: bool) -> dict[str, Any]:
    """All figures of one run."""
    environment = settings(folder, signed=signed)
    prepare(folder, readers, environment)
    size = obvious.size_of_digest(folder, environment)
    with sink() as port:
        environment["DIGEST_SMTP_URL"] = f"smtp://127.0.0.1:{port}?connections=10"
        before = limit(port, readers, size)
        ours = send(folder, readers, environment)
        after = limit(port, readers, size)
        plain = obvious.rate(folder, environment, port, min(PLAIN, readers))
    most = (before + after) / 2
    return {
        "readers": readers, "signed": signed, "message_bytes": size,
        "smtp_source_per_s": round(most), "digest_send_per_s": round(ours["per_s"]),
        "obvious_per_s": round(plain, 1), "of_smtp_source": round(ours["per_s"] / most, 3),
        "times_obvious": round(ours["per_s"] / plain, 1), **ours,
    }  # fmt: skip


def settings(folder: Path, *, signed: bool) -> dict[str, str]:
    """The environment of an installation in `folder`, with a DKIM key if it signs."""
    mine = {
        "DIGEST_DATABASE_URL": f"sqlite:///{folder}/digest.db",
        "DIGEST_FROM": "Papers <papers@example.org>",
        "DIGEST_BASE_URL": "https://papers.example.org",
        "DIGEST_SECRET": "b" * 32,
        "PATH": PATH,
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")} | mine
    if signed:
        key = folder / "dkim.pem"
        run(["doctor", "dkim", "--key", str(key)], environment)
        environment["DIGEST_DKIM_KEY"] = str(key)
    return environment


def prepare(folder: Path, readers: int, environment: dict[str, str]) -> None:
    """A day of 25 papers, and so many readers, in a fresh database."""
    if not DATA.exists():
        sys.exit(f"{DATA}: not here; the benchmark wants a recorded day")
    papers = crowd.write_day(DATA, folder / f"{DAY}.huggingface.json")
    crowd.write_readers(papers, readers, folder / "readers.csv")
    run(["init"], environment)
    run(["collect", str(folder / f"{DAY}.huggingface.json")], environment)
    run(["subscribers", "import", str(folder / "readers.csv")], environment)


def run(command: list[str], environment: dict[str, str]) -> str:
    """What a digest command prints; the benchmark ends where one fails."""
    whole = [sys.executable, "-m", "digest", *command]
    done = subprocess.run(whole, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"digest {' '.join(command)}: {done.stderr}")
    return done.stdout


@contextmanager
def sink() -> Iterator[int]:
    """smtp-sink on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [_tool("smtp-sink"), "-u", "nobody", f"127.0.0.1:{port}", "1000"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        yield port
    finally:
        server.terminate()
        server.wait(10)


def limit(port: int, messages: int, size: int) -> float:
    """Messages a second of smtp-source over ten kept connections."""
    command = [_tool("smtp-source"), "-d", "-s", "10", "-l", str(size), "-m", str(messages),
               f"127.0.0.1:{port}"]  # fmt: skip
    begun = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return messages / (time.monotonic() - begun)


def send(folder: Path, readers: int, environment: dict[str, str]) -> dict[str, Any]:
    """The rate, CPU and peak memory of a whole `digest send`."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    told = json.loads(run(["send", "--day", DAY, "--yes", "--json"], environment))
    took = time.monotonic() - begun
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if told["outcomes"] != {"sent": readers}:
        sys.exit(f"not all were sent: {told}")
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return {
        "per_s": readers / took, "seconds": round(took, 2),
        "cpu_us_each": round(cpu / readers * 1e6), "peak_mib": round(now.ru_maxrss / 1024, 1),
    }  # fmt: skip


def _tool(name: str) -> str:
    return shutil.which(name, path=PATH) or sys.exit(f"{name}: missing; deploy/install-tools")


def _table(told: dict[str, Any]) -> str:
    return "".join(f"{name:>20}  {value}\n" for name, value in told.items())


if __name__ == "__main__":
    main()
