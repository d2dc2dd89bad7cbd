"""Bounds of one exchange, without a network: what is inflated, how long is waited, where a redirect may lead."""

from __future__ import annotations

import gzip
import ipaddress
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.destinations import DestinationRefused, Destinations, is_public
from shared.clients.web import TooLarge, WebError, asked_wait, inflate
from shared.clock import SECOND

NOW = 60 * SECOND


@given(st.binary(max_size=2_000), st.integers(0, 2_500), st.sampled_from(["gzip", "deflate", "raw", "members"]))
def test_what_is_inflated_is_whole_or_refused(plain: bytes, most: int, kind: str) -> None:
    encoding = "gzip" if kind in {"gzip", "members"} else "deflate"
    if kind == "members":
        packed = gzip.compress(plain[:700]) + gzip.compress(plain[700:])
    elif kind == "raw":
        packed = zlib.compress(plain)[2:-4]
    else:
        packed = gzip.compress(plain) if kind == "gzip" else zlib.compress(plain)
    if len(plain) <= most:
        assert inflate(packed, most, encoding) == plain
    else:
        with pytest.raises(TooLarge):
            inflate(packed, most, encoding)


@given(st.binary(max_size=200))
def test_any_bytes_are_inflated_or_refused(packed: bytes) -> None:
    for encoding in ("gzip", "deflate"):
        try:
            assert len(inflate(packed, 10_000, encoding)) <= 10_000
        except WebError:
            continue


def test_a_bomb_ends_at_the_bound() -> None:
    bomb = gzip.compress(bytes(200_000_000), 1)
    with pytest.raises(TooLarge, match="more than 1,000 bytes when inflated"):
        inflate(bomb, 1_000)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0), ("Thu, 01 Jan 1970 00:01:40", 40.0), ("soon", 0.0),
        ("", 0.0), ("\u00b2", 0.0), ("-5", 0.0), ("Wed, 31 Dec 1969 23:00:00 GMT", 0.0), ("9" * 400, 0.0), ("1e5", 0.0),
    ],
)  # fmt: skip
def test_a_retry_after_is_a_number_or_a_date(header: str, seconds: float) -> None:
    assert asked_wait(header, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_gives_seconds(header: str) -> None:
    assert 0.0 <= asked_wait(header, NOW) < float("inf")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
        "169.254.169.254", "::1", "[::1]", "::ffff:127.0.0.1", "::ffff:7f00:1", "fd00::1", "fe80::1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "224.0.0.1", "255.255.255.255", "localhost",
    ],
)  # fmt: skip
def test_a_redirect_leads_to_no_address_inside(host: str) -> None:
    with pytest.raises((DestinationRefused, OSError)):
        Destinations(["feed.example"]).addresses(host.strip("[]"), 80, 5.0)
    assert Destinations([host]).addresses(host.strip("[]"), 80, 5.0)  # that very host was configured


def test_a_setting_widens_it_by_host_or_network() -> None:
    assert Destinations([], ["10.0.0.0/8", "::1"]).addresses("10.1.2.3", 80, 5.0) == ["10.1.2.3"]
    assert Destinations([], ["Localhost"]).addresses("localhost", 80, 5.0)
    with pytest.raises(DestinationRefused, match="redirects_inside"):
        Destinations([], ["10.0.0.0/8"]).addresses("127.0.0.1", 80, 5.0)


def test_public_addresses_are_public() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"):
        assert is_public(ipaddress.ip_address(address))
        assert Destinations([]).addresses(address, 443, 5.0) == [address]
