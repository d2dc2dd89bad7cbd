"""Addresses: a password or key in one is taken out, what may be shown of it, whether it is of this machine. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

_USER: Final = re.compile(r"(?<=://)[^\s\"'<>]*@")
_IN_TEXT: Final = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>\\]+")


def split_password(url: str) -> tuple[str, str | None]:
    """The address without its password, and the password: that of its user part, or of a parameter `password`."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return url, None
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = next((value for name, value in query if name == "password"), None)
    if not password and not named:
        return url, None
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    rest = urlencode([(each, value) for each, value in query if each != "password"])
    found = unquote(password) if password else named
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host, query=rest)), found


def shown(url: str) -> str:
    """The address as it may be shown: no user part, and no values of parameters, for they may be keys."""
    try:
        parts = urlsplit(url)
        host, query = parts.netloc.rpartition("@")[2], parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return _USER.sub("", url).partition("?")[0]
    values = "&".join(f"{name}=\N{HORIZONTAL ELLIPSIS}" for name, _ in query)
    if parts.query and not query:
        values = "\N{HORIZONTAL ELLIPSIS}"
    return urlunsplit(parts._replace(netloc=host, query=values, fragment=""))


def named(url: str) -> str:
    """A name for what is read there: the address itself, or what may be shown of it and a hash of all of it."""
    plain = shown(url)
    return url if plain == url else f"{plain}#{hashlib.blake2b(url.encode(), digest_size=6).hexdigest()}"


def scrubbed(text: str) -> str:
    """A text for people or logs, with every address in it as it may be shown."""
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def is_loopback(address: str) -> bool:
    """Whether an address, or the name localhost, is of this machine."""
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address == "localhost"
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
