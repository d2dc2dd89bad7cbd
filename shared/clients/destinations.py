"""Where an exchange may lead: the host that a person configured, and from there public addresses alone.

A server of others can answer with a redirect to anything that this machine reaches: a router, a database on loopback,
the metadata service of a cloud. So every hop is looked up here, and only what was judged is connected to.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class DestinationRefused(ConnectionError):
    """A hop into an address that is not public; the text names the host and the remedy."""


class Destinations:
    """`configured`: hosts that a person named. `inside`: hosts and networks that redirects may lead to besides."""

    def __init__(self, configured: Iterable[str], inside: Iterable[str] = ()) -> None:
        self._hosts = {_plain(host) for host in configured}
        self._networks: list[Network] = []
        for each in inside:
            try:
                self._networks.append(ipaddress.ip_network(each.strip("[]"), strict=False))
            except ValueError:
                self._hosts.add(_plain(each))

    def configure(self, host: str) -> None:
        """One more host that a person named."""
        self._hosts.add(_plain(host))

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """The addresses of `host` to connect to. Raises DestinationRefused, OSError when it has none."""
        found = look_up(host, port, seconds)
        if _plain(host) not in self._hosts:
            for each in found:
                self._check(host, ipaddress.ip_address(each.partition("%")[0]))
        return found

    def _check(self, host: str, address: Address) -> None:
        inner = _embedded(address)
        if is_public(inner) or any(one in network for one in (address, inner) for network in self._networks):
            return
        raise DestinationRefused(
            f"a redirect to {host} ({address}), which is no public address, is not followed "
            "(the setting redirects_inside names those that are)"
        )


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public network: not loopback, private, link-local, shared or reserved."""
    return address.is_global and not address.is_multicast and not address.is_reserved


def look_up(host: str, port: int, seconds: float) -> list[str]:
    """Addresses of a host, each once; the resolver itself knows no deadline. Raises OSError (TimeoutError)."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
        except OSError as error:
            answers.put(error)
        except UnicodeError as error:  # a label of more than 63 signs
            answers.put(OSError(f"{host!r} is no host name: {error}"))

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError(f"the name {host} was not found in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
