"""smtp-sink, Postfix's own test server in C, on a free port of loopback."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.given import lacking


def tool(name: str) -> str:
    """The path of a program of Postfix; skips by its name where it is missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or lacking(name, "deploy/install-tools installs it with postfix")


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """A running smtp-sink with these options; its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [tool("smtp-sink"), *user, *options, f"127.0.0.1:{port}", "1000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sink:
        try:
            yield listening(port)
        finally:
            sink.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def listening(port: int) -> int:
    """Wait until something listens on `port`."""
    for _ in range(1_000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return port
    raise ConnectionRefusedError(f"nothing listens on port {port}")
