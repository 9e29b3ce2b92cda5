"""A real DNS server on loopback that answers from a dictionary, by UDP."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dns.flags import AA
from dns.message import Message, from_wire, make_response
from dns.rcode import NXDOMAIN, SERVFAIL
from dns.rdatatype import to_text
from dns.rrset import from_text

Zone = Mapping[tuple[str, str], Sequence[str]]  # (name, type) -> its records in zone file form
BROKEN = "broken"  # stands for a record where the server cannot answer


def txt(value: str) -> str:
    """A TXT record as a zone file has it, in pieces of at most 255 characters."""
    return " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))


@contextmanager
def named(zone: Zone) -> Iterator[str]:
    """A server of this zone; "ADDRESS:PORT"."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        serving = threading.Thread(target=_serve, args=(heard, zone))
        serving.start()
        try:
            yield f"127.0.0.1:{heard.getsockname()[1]}"
        finally:
            heard.sendto(b"", heard.getsockname())
            serving.join()


def _serve(heard: socket.socket, zone: Zone) -> None:
    while True:
        data, asker = heard.recvfrom(4096)
        if not data:
            return
        heard.sendto(_answer(from_wire(data), zone).to_wire(), asker)


def _answer(asked: Message, zone: Zone) -> Message:
    reply = make_response(asked)
    reply.flags |= AA
    [question] = asked.question
    name, kind = question.name.to_text(omit_final_dot=True).lower(), to_text(question.rdtype)
    found = zone.get((name, kind), ())
    if BROKEN in found:
        reply.set_rcode(SERVFAIL)
    elif found:
        reply.answer.append(from_text(question.name, 60, "IN", kind, *found))
    elif not any(each == name or each.endswith(f".{name}") for each, _ in zone):
        reply.set_rcode(NXDOMAIN)
    return reply
