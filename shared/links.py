"""Addresses from outside: the one rule of what may become a link. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

MAX_CHARS: Final = 2_000
# What breaks out of an attribute, a quotation or a Markdown link; percent-encoded, each is welcome
_BREAKS_OUT: Final = re.compile(r"""[ <>"'`\\]""")
_PLAIN_HOST: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#]|\Z)")  # saves most addresses the slower look


def safe_link(url: str) -> str:
    """`url` when it is an http(s) address with a host, no user part and nothing odd in it, else ""."""
    if not url or len(url) > MAX_CHARS or not url.isprintable() or _BREAKS_OUT.search(url):
        return ""
    return url if _PLAIN_HOST.match(url) or (web_host(url) and not has_user(url)) else ""


def web_host(url: str) -> str:
    """The host of an http(s) address; "" for anything else."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def has_user(url: str) -> bool:
    """Whether a user, and perhaps a password, stands before the host."""
    return without_user(url) != url


def without_user(url: str) -> str:
    """`url` without what stands before an @ in front of its host."""
    if "@" not in url:
        return url
    scheme, slashes, rest = url.partition("://")
    end = min((place for sign in "/?#" if (place := rest.find(sign)) >= 0), default=len(rest))
    return scheme + slashes + rest[:end].rpartition("@")[2] + rest[end:]
