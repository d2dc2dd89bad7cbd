"""Free TCP ports on 127.0.0.1 that stay free.

They lie below the kernel's range for outgoing connections: a client that keeps trying a port inside that range while
its server restarts can be given the very port as its own end, connect to itself, and keep the server out.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

from services.embedded.errors import EmbeddedError

_FIRST = 10_240
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(exclude: frozenset[int] = frozenset()) -> int:
    """A port that nothing listens on; raises EmbeddedError when none is found."""
    last = _below_ephemeral()
    for _ in range(200):
        port = random.randint(_FIRST, last)
        if port not in exclude and is_free(port):
            return port
    raise EmbeddedError(f"no free TCP port between {_FIRST} and {last} on 127.0.0.1; stop a program that listens there")


def _below_ephemeral() -> int:
    try:
        first = int(_RANGE_FILE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first - 1 if first > _FIRST + 1000 else 32_767
