"""Addresses from outside, before they become a link. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

MAX_CHARS = 2_000


def safe_link(url: str) -> str:
    """`url` when it is an http(s) address with a host and nothing odd in it, else ""."""
    if len(url) > MAX_CHARS or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and host and "@" not in parts.netloc else ""
