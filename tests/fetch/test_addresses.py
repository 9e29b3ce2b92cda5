from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.fetch.addresses import refusal

HIDING = [IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16")]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "this host"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private to a carrier"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "a cloud's metadata service"),
        ("168.63.129.16", "a cloud's metadata service"),
        ("224.0.0.251", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::1", "loopback"),
        ("::", "this host"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "private"),
        ("ff02::1", "multicast"),
        ("::127.0.0.1", "reserved"),
        ("64:ff9b:1::a00:1", "reserved"),
        ("2001::1", "reserved"),
        ("2001:db8::1", "for documentation"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "a cloud's metadata service"),
        ("64:ff9b::10.0.0.1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("feeds.example", "no IP address"),
    ],
)
def test_an_address_that_is_not_public_is_refused_by_its_kind(address: str, kind: str) -> None:
    assert refusal(address) == kind


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "172.32.0.1",
        "128.84.21.199",
        "2606:4700::1111",
        "64:ff9b::1.1.1.1",
        "2002:101:101::",
    ],
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal(address) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_hides_in_an_ipv6_one(v4: IPv4Address) -> None:
    mapped = IPv6Address(0xFFFF << 32 | int(v4))
    nat64 = IPv6Address(0x64FF9B << 96 | int(v4))
    six_to_four = IPv6Address(0x2002 << 112 | int(v4) << 80)
    judged = {refusal(str(address)) for address in (v4, mapped, nat64, six_to_four)}
    assert judged == {refusal(str(v4))}


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_let_through(
    address: IPv4Address | IPv6Address,
) -> None:
    assume(not any(address in hiding for hiding in HIDING))
    if address.is_private or address.is_multicast or address.is_reserved:
        assert refusal(str(address)) is not None
