"""Connections with one deadline: for the name, the connection, TLS, the headers and the body together.

A library's time-out is counted anew with every byte, so that a server that drips one a second is never given up.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from shared.clients.destinations import DestinationRefused, Destinations

_PIECE: Final = 65_536


class Deadline:
    """A moment by which all is over; set anew for each exchange."""

    def __init__(self) -> None:
        self._end = 0.0

    def set(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than 0. Raises httpcore.ReadTimeout behind the deadline."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("not complete in time")
        return left


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _TimedNetwork(httpcore.NetworkBackend):
    """Connects only where `destinations` lets it."""

    def __init__(self, deadline: Deadline, destinations: Destinations) -> None:
        self._deadline = deadline
        self._destinations = destinations
        self._network = httpcore.SyncBackend()
        self._sockets: list[socket.socket] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        try:
            addresses = self._destinations.addresses(host, port, self._deadline.left())
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = self._network.connect_tcp(address, port, self._deadline.left(), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            self._sockets = [cast("socket.socket", stream.get_extra_info("socket"))]
            return _TimedStream(stream, self._deadline)
        raise failed

    def cut(self) -> None:
        """Make whoever reads now fail at once. Called from another thread."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class TimedTransport(httpx.BaseTransport):
    """What httpx sends its requests through; the proxies of the environment are used as everywhere."""

    def __init__(self, deadline: Deadline, destinations: Destinations) -> None:
        self._deadline = deadline
        self._destinations = destinations
        self._proxies = _proxies()
        network = Destinations(proxy.url.host for proxy in self._proxies.values())
        self._direct = _TimedNetwork(deadline, destinations)
        self._to_proxy = _TimedNetwork(deadline, network)
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with _as_httpx(request):
            answer = self._pool(request.url).handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.read(),
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(request, answer), extensions=answer.extensions
        )

    def cut(self) -> None:
        self._direct.cut()
        self._to_proxy.cut()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        proxy = None if proxy_bypass(url.host) else self._proxies.get(url.scheme, self._proxies.get("all"))
        if proxy is not None:  # which looks the name up once more: here it is judged as far as it is known here
            with suppress(TimeoutError, socket.gaierror):
                self._destinations.addresses(url.host, url.port or 0, self._deadline.left())
        name = str(proxy.url) if proxy else ""
        if name not in self._pools:
            self._pools[name] = self._new_pool(proxy)
        return self._pools[name]

    def _new_pool(self, proxy: httpx.Proxy | None) -> httpcore.ConnectionPool:
        if proxy is None:
            return httpcore.ConnectionPool(_tls(), network_backend=self._direct, max_connections=1)
        return httpcore.HTTPProxy(
            str(proxy.url),
            proxy_auth=proxy.raw_auth,
            ssl_context=_tls(),
            network_backend=self._to_proxy,
            max_connections=1,
        )


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _proxies() -> dict[str, httpx.Proxy]:
    """By scheme ("all" for both), from the environment; those that speak HTTP."""
    found = {}
    for scheme, address in getproxies().items():
        if scheme in {"http", "https", "all"} and not address.startswith("socks"):
            found[scheme] = httpx.Proxy(address if "://" in address else f"http://{address}")
    return found


class _Body(httpx.SyncByteStream):
    def __init__(self, request: httpx.Request, answer: httpcore.Response) -> None:
        self._request = request
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx(self._request):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _as_httpx(self._request):
            self._answer.close()


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except DestinationRefused as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error), request=request) from error
    except (httpcore.UnsupportedProtocol, httpcore.ConnectionNotAvailable, OSError, RuntimeError) as error:
        raise httpx.TransportError(f"{type(error).__name__}: {error}", request=request) from error
