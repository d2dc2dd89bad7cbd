"""The API as it is served: a real uvicorn in a thread of the test, on a real Redis."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from services.api.app import build, gated
from services.api.door import Door
from services.api.main import Server, config_of
from shared.clients.redis import connect
from shared.clock import Clock, SystemClock
from shared.settings import Settings

START_SECONDS = 30.0


@contextmanager
def served(settings: Settings, clock: Clock | None = None) -> Iterator[httpx.Client]:
    """A client of an API with these settings; its `base_url` is the API's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        door = Door(settings, connect(settings.redis), clock or SystemClock())
        server = Server(config_of(settings, gated(build(door))))
        ready = threading.Event()

        async def serve() -> None:
            async def tell() -> None:
                while not server.started:
                    await asyncio.sleep(0.01)
                ready.set()

            telling = asyncio.create_task(tell())
            await server._serve([listening])
            telling.cancel()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        assert ready.wait(START_SECONDS), "the API did not start"
        certificate = settings.api.tls_certfile
        trusted = ssl.create_default_context(cafile=certificate) if certificate else True
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=30, verify=trusted) as client:
            yield client
        server.stop()
        thread.join(20)
        assert not thread.is_alive()
        door.close()
        door.client.close()
