"""First paint of the Market page with 500 companies and seven days in a real Redis, in a real Chromium.

`ratio` is the limit of two seconds divided by the median time from the address being opened to the last key figure,
tree map and feed being on the page (more is better, 1 is the limit). Beside it: what the reads alone take.

    python benchmarks/dashboard.py [--companies 500] [--volume 1] [--rounds 7] [--pictures FOLDER]

`--companies 9000 --volume 0.05` is a market of which most is seldom heard of. `pages`: the others, with a signal on
every company: seconds, and CPU seconds of the page's process and of Redis, which a busy machine changes less; `empty`
is the Market page of a dashboard without data. `--pictures FOLDER` leaves a screenshot of each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import redis
from playwright.sync_api import Browser, TimeoutError, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboard.reading import snapshots
from services.embedded.redis import EmbeddedRedis
from shared.clock import HOUR, SECOND
from shared.contract.events import CHANNELS, MICRO
from shared.contract.keys import Keys
from shared.contract.signals import ACTIONS, Reason, Signal, encode_revisions, encode_signal, signal_id
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from tests.browser.conftest import QUIET, Served, chromium, serve
from tests.browser.seed import END, listed, seed

LIMIT_SECONDS = 2.0
PATIENCE_MS = 20_000
DRAWN = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const main = document.querySelector('[data-testid="stMain"]');
  return app && main && app.dataset.testScriptState !== 'running' && main.innerText.length > 400;
}"""  # more than the toolbar has
EMPTY = DRAWN.replace("main.innerText.length > 400", "main.innerText.includes('No opinions yet')")


def first_paint(browser: Browser, address: str) -> float:
    """Seconds until a new visitor, with an empty cache, sees figures, map and feed."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    for part in (".figure", "button.tile", "article.row"):
        page.locator(part).last.wait_for(timeout=120_000)
    passed = time.perf_counter() - began
    context.close()
    return passed


class Spent(NamedTuple):
    """CPU seconds up to now."""

    page: float
    server: float

    @classmethod
    def now(cls, served: Served, client: redis.Redis) -> Spent:
        own = psutil.Process(served.process.pid).cpu_times()
        told = client.info("cpu")
        return cls(own.user + own.system, told["used_cpu_user"] + told["used_cpu_sys"])


def visited(
    browser: Browser,
    served: Served,
    client: redis.Redis,
    query: str,
    rounds: int,
    picture: Path | None = None,
    drawn: str = DRAWN,
) -> dict[str, float]:
    """Medians until the page has something to show and its script rests; the first visit is left out."""
    found = []
    for _ in range(rounds + 1):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page, before, began = context.new_page(), Spent.now(served, client), time.perf_counter()
        page.goto(f"{served.url}/?{query}", wait_until="commit")
        with suppress(TimeoutError):
            page.wait_for_function(drawn, timeout=PATIENCE_MS)
        passed, spent = time.perf_counter() - began, Spent.now(served, client)
        found.append((passed, spent.page - before.page, spent.server - before.server))
        if picture is not None and len(found) == rounds + 1:
            page.screenshot(path=picture)
        context.close()
    names = ("seconds", "page_cpu_seconds", "redis_cpu_seconds")
    columns = zip(names, zip(*found[1:], strict=True), strict=True)
    return {name: round(statistics.median(column), 3) for name, column in columns}


def signalled(client: redis.Redis, companies: list[str]) -> None:
    """The latest signal on every company, hold and all."""
    keys, at = Keys("live", 8), END // HOUR * HOUR
    for number, company in enumerate(companies):
        score = (number * 7919 % 2001 - 1000) * 1000
        action = ACTIONS[min(4, max(0, round(score / MICRO * 2.5 + 2)))]
        one = Signal(
            id=signal_id("pulse", company, at, 0), strategy="pulse", strategy_hash="0" * 16, company=company, at=at,
            available_at=at + 60 * SECOND, score=score, confidence=MICRO // 2, action=action, horizon_hours=120,
            documents=9, reasons=(Reason("level", score, score),), features={"level": score}, synthetic=True,
        )  # fmt: skip
        client.hset(keys.latest_signals(keys.slot_of(company)), f"pulse|{company}", encode_signal(one))
        client.hset(keys.signals(company, "pulse"), str(at), encode_revisions([one]))


def reads(client: redis.Redis, rounds: int) -> dict[str, float]:
    """Median milliseconds of the Market page's reads, per window."""
    found = {}
    for label, window in WINDOWS.items():
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            snapshots.market(RunView.of(client, "live", 8), window, CHANNELS, END)
            times.append((time.perf_counter() - began) * 1000)
        found[label] = round(statistics.median(times), 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=500)
    parser.add_argument("--volume", type=float, default=1.0, help="of opinions; 1: 220,000 a week on 500 companies")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=Path, help="a folder for a screenshot of each page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder) / "redis")
        server.start()
        client = redis.Redis.from_url(server.url)
        companies = listed(options.companies)
        written = seed(client, companies, volume=options.volume)
        signalled(client, [company for company, _ in companies])
        one, two = companies[0][0], companies[1][0]
        queries = {name: f"page={name}" for name in ("Market", "Signals", "Sectors", "Alerts", "Health", "Stories")}
        queries |= {"For you": "page=For+you", "Company": f"page=Company&company={one}"}
        queries |= {"quiet company": f"page=Company&company={companies[-1][0]}"}
        queries |= {"Compare": f"page=Compare&compare={one}&compare={two}"}
        refresh = 300  # seconds: a page is drawn once
        served = serve(Path(folder) / "state", server.url, refresh)
        bare = serve(Path(folder) / "empty", server.url.removesuffix("0") + "1", refresh)  # another database of it
        pictures = {name: options.pictures / f"{name}.png" if options.pictures else None for name in queries}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
            cold = first_paint(browser, served.url)
            market = [first_paint(browser, served.url) for _ in range(options.rounds)]
            empty = visited(browser, bare, client, "page=Market", options.rounds, drawn=EMPTY)
            others = {
                name: visited(browser, served, client, query, options.rounds, pictures[name])
                for name, query in queries.items()
            }
            browser.close()
        served.stop()
        bare.stop()
        milliseconds = reads(client, options.rounds)
        server.stop()
    ours = statistics.median(market)
    print(  # noqa: T201
        json.dumps(
            {
                "ratio": round(LIMIT_SECONDS / ours, 3),
                "ours": round(ours, 3),
                "peer": LIMIT_SECONDS,
                "unit": "seconds to first paint; the peer is the limit",
                "first_visit_after_start": round(cold, 3),
                "slowest": round(max(market), 3),
                "companies": options.companies,
                "opinions": sum(len(opinions.at) for opinions in written.values()),
                "empty": empty,
                "pages": others,
                "reads_ms": milliseconds,
            }
        )
    )


if __name__ == "__main__":
    main()
