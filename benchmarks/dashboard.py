"""First paint of the Market page with 500 companies and seven days in a real Redis, in a real Chromium.

`ratio` is the limit of two seconds divided by the median time from the address being opened to the last key figure,
tree map and feed being on the page (more is better, 1 is the limit). Beside it: what the reads alone take.

    python benchmarks/dashboard.py [--companies 500] [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import redis
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboard.reading import snapshots
from services.embedded.redis import EmbeddedRedis
from shared.contract.events import CHANNELS
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from shared.settings import DashboardSettings
from tests.browser.conftest import QUIET, chromium, serve
from tests.browser.seed import listed, seed

LIMIT_SECONDS = 2.0


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


def reads(client: redis.Redis, rounds: int) -> dict[str, float]:
    """Median milliseconds of the Market page's reads, per window."""
    found = {}
    for label, window in WINDOWS.items():
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            snapshots.market(RunView.of(client, "live", 8), window, CHANNELS)
            times.append((time.perf_counter() - began) * 1000)
        found[label] = round(statistics.median(times), 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder) / "redis")
        server.start()
        client = redis.Redis.from_url(server.url)
        written = seed(client, listed(options.companies))
        served = serve(Path(folder) / "state", server.url, DashboardSettings().refresh_seconds)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
            cold = first_paint(browser, served.url)
            paints = [first_paint(browser, served.url) for _ in range(options.rounds)]
            browser.close()
        served.stop()
        milliseconds = reads(client, options.rounds)
        server.stop()
    ours = statistics.median(paints)
    print(  # noqa: T201
        json.dumps(
            {
                "ratio": round(LIMIT_SECONDS / ours, 3),
                "ours": round(ours, 3),
                "peer": LIMIT_SECONDS,
                "unit": "seconds to first paint; the peer is the limit",
                "first_visit_after_start": round(cold, 3),
                "slowest": round(max(paints), 3),
                "companies": options.companies,
                "opinions": sum(len(opinions.at) for opinions in written.values()),
                "reads_ms": milliseconds,
            }
        )
    )


if __name__ == "__main__":
    main()
