"""A real dashboard on a real Redis, looked at by a real Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
import redis
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

import dashboard
from services.embedded.ports import free_port
from services.embedded.redis import EmbeddedRedis
from services.model.engine import build_engine
from shared.settings import load_settings
from tests import api_server, two_days
from tests.archived_run import fill
from tests.browser.seed import Opinions, listed, seed

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
START_SECONDS = 240
PATIENCE = 240_000  # milliseconds; the machine may be busy with other tests


def chromium() -> str:
    """The browser on the PATH; fails with the remedy where there is none."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("no Chromium on the PATH; install one, for instance: apt-get install chromium")
    return path


@dataclass(slots=True)
class Served:
    """A running dashboard."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def serve(
    state: Path, redis_url: str, refresh: float = 1.0, port: int | None = None, settings: dict[str, str] | None = None
) -> Served:
    """Start the dashboard as the supervisor does, from another folder than the repository's."""
    state.mkdir(parents=True, exist_ok=True)
    (state / "endpoints.json").write_bytes(msgspec.json.encode({"redis": {"url": redis_url}}))
    port, log = port or free_port(), state / "dashboard.log"
    script = Path(dashboard.__file__).with_name("server.py")
    command = [sys.executable, "-m", "dashboard", "streamlit", "run", str(script), "--server.address", "127.0.0.1"]
    command += ["--server.port", str(port), "--server.headless", "true"]
    environment = os.environ | {
        "BELLWETHER_STATE_DIR": str(state),
        "BELLWETHER_DASHBOARD__REFRESH_SECONDS": str(refresh),
        **(settings or {}),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=state, env=environment, stdout=out, stderr=subprocess.STDOUT)
    served = Served(f"http://127.0.0.1:{port}", log, process)
    try:
        until(lambda: _healthy(served), START_SECONDS, f"the dashboard did not start; see {log}")
    except BaseException:
        served.stop()
        raise
    return served


def _healthy(served: Served) -> bool:
    try:
        return httpx.get(f"{served.url}/_stcore/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def until(condition: Callable[[], bool], seconds: float, failure: str) -> None:
    """Wait for a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(failure)
        time.sleep(0.1)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium from the PATH.

    Playwright's event loop runs in this thread until it is stopped, and `asyncio.run` refuses to work meanwhile:
    hence a fixture of the package, that ends before other tests begin.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield started
        started.close()


@dataclass(slots=True)
class Week:
    """The dashboard on a synthetic week of 500 companies."""

    served: Served
    client: redis.Redis
    opinions: dict[str, Opinions]


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Shared by the tests that only look."""
    folder = tmp_path_factory.mktemp("week")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        opinions = seed(client, listed(500), volume=0.25)
        served = serve(folder / "state", server.url)
        yield Week(served, client, opinions)
        served.stop()
    server.stop()


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The two days of tests/two_days.py, read by the shipped model, counted and archived; with an API."""
    folder = tmp_path_factory.mktemp("told")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    settings = load_settings(folder / "state", redis={"url": server.url})
    with redis.Redis.from_url(server.url) as client:
        fill(settings, client, two_days.documents(), build_engine(settings.model))
    with api_server.served(settings) as api:
        started = serve(folder / "state", server.url, settings={"BELLWETHER_API__PORT": str(api.base_url.port)})
        yield started
        started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


class Visitor:
    """One person's tab: opens pages, and remembers what the browser complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._asked)

    def open(self, query: str = "") -> Page:
        self.page.goto(f"{self.address}/{query}")
        return self.page

    def picture(self, name: str) -> Path:
        """A screenshot of what is seen, under tests/artefacts."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def _heard(self, message: ConsoleMessage) -> None:
        # what Chromium says of the attributes that Streamlit gives to every st.iframe
        framed = message.text.startswith(("Unrecognized feature:", "An iframe which has both allow-scripts and"))
        if message.type in ("error", "warning") and not framed:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.complaints.append(f"asked another host: {url}")
        if url.startswith(f"{self.address}/media/"):
            self.complaints.append(f"asked for a file that Streamlit may just have dropped: {url}")


@pytest.fixture
def serving() -> Iterator[Callable[[Path, str], Served]]:
    """serving(state, redis_url) -> Served, stopped afterwards; named before `visit`, so that pages close first."""
    started: list[Served] = []

    def start(state: Path, redis_url: str) -> Served:
        started.append(serve(state, redis_url))
        return started[-1]

    yield start
    for served in started:
        served.stop()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """visit(served, width=1280, scheme="light") -> Visitor; afterwards nothing may have been complained of."""
    visitors: list[Visitor] = []

    def arrive(served: Served, width: int = 1280, height: int = 1000, scheme: str = "light") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            timezone_id="Europe/Berlin",
            locale="en-GB",
        )
        visitors.append(Visitor(context.new_page(), served.url))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.page.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
