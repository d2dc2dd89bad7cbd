"""The pages Signals and Back-test, on what the real code makes of the synthetic week."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import redis
from playwright.sync_api import expect

from services.backtest.growing import GrowingCurve
from services.backtest.options import Choices
from services.backtest.prices import load_prices
from services.backtest.providers import company_namer
from services.backtest.run import backtest_run
from services.embedded.redis import EmbeddedRedis
from services.ingest.sample.files import write_sample
from services.replay import player
from services.replay.run import Question, replay
from shared.clock import HOUR, SECOND, to_datetime
from shared.contract.events import MICRO
from shared.contract.keys import Keys
from shared.contract.signals import Reason, Signal, encode_revisions, encode_signal, signal_id
from shared.settings import ModelSettings, load_settings
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.seed import END, listed, seed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
KEYS = Keys("live", 8)


def give_out(client: redis.Redis, companies: list[str]) -> None:
    """A day of signals for each company, from strong sell to strong buy, with its latest documents as evidence."""
    for number, company in enumerate(companies):
        recent = [field.decode() for field in islice(client.hkeys(KEYS.recent(company)), 4)]  # type: ignore[arg-type, union-attr]
        for step in range(12):
            at = END // HOUR * HOUR - (11 - step) * 2 * HOUR
            score = round(MICRO * (number / len(companies) * 1.6 - 0.8) * (step + 1) / 12)
            actions = ("strong sell", "sell", "hold", "buy", "strong buy")
            signal = Signal(
                id=signal_id("pulse", company, at, 0),
                strategy="pulse",
                strategy_hash="0" * 16,
                company=company,
                at=at,
                available_at=at + 60 * SECOND,
                score=score,
                confidence=MICRO // 2,
                action=actions[min(4, max(0, round(score / MICRO * 2.5 + 2)))],  # type: ignore[arg-type]
                horizon_hours=120,
                documents=9,
                reasons=(Reason("level", score, score // 2), Reason("surprise", score * 2, score - score // 2)),
                evidence=tuple(recent),
                synthetic=True,
            )
            client.hset(KEYS.signals(company, "pulse"), str(at), encode_revisions([signal]))
            client.hset(KEYS.latest_signals(KEYS.slot_of(company)), f"pulse|{company}", encode_signal(signal))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("signals")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, listed(24), volume=0.25)
        give_out(client, [company for company, _ in listed(24)])
    state = folder / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        write_sample(folder / "week", 7, 2_000, planted=True, hourly=False)
        settings = load_settings(state, model=ModelSettings(name="stub"))
        replay(settings, "week", Question(str(folder / "week" / "documents.jsonl"), ("news",)))
        backtest_run(settings, "week", folder / "week" / "prices.csv", Choices(hold_bars=1))
    started = serve(state, server.url)
    yield started
    started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_analyst_ranks_signals_and_reads_why(served: Served, visit: Callable[..., Visitor], scheme: str) -> None:
    visitor = visit(served, scheme=scheme, width=1280 if scheme == "light" else 1920)
    page = visitor.open("?page=Signals")
    expect(page.get_by_text("Ranked by strength")).to_be_visible()
    expect(page.get_by_text("Evidence", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    visitor.picture(f"signals-{scheme}")


def test_a_quant_compares_runs_and_reads_the_tear_sheet(served: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(served, height=1400)
    page = visitor.open("?page=Back-test")
    expect(page.get_by_text("Tear sheet of week")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="What it was worth")).to_be_visible()
    expect(frame.locator("svg").first).to_be_visible()
    visitor.picture("backtest")
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML", exact=True).click()
    assert "What it was worth" in download.value.path().read_text()
    assert download.value.suggested_filename.endswith(".html")


def test_the_curve_grows_while_a_replay_runs(
    served: Served, visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    week = served.log.parent.parent / "week"
    settings = load_settings(served.log.parent, model=ModelSettings(name="stub"))
    monkeypatch.setattr(player, "GROUP", 40)
    frame = load_prices(week / "prices.csv", today=to_datetime(2**51).date(), company_of=company_namer())
    question = Question(str(week / "documents.jsonl"), ("news",))
    go_on = threading.Event()  # until it is set, a group of documents takes two seconds
    running = threading.Thread(
        target=lambda: replay(
            settings,
            "slow",
            question,
            cache=False,
            progress=lambda *_: (go_on.wait(2), None)[1],
            follow=lambda run: GrowingCurve(run, frame, 10, 1),
        )
    )
    running.start()
    visitor = visit(served, height=1400)
    page = visitor.open("?page=Back-test")
    expect(page.get_by_text("slow is running")).to_be_visible()
    expect(page.locator(".st-key-growing-slow .js-plotly-plot")).to_be_visible()
    told = page.get_by_text("market time")
    first = told.inner_text()
    assert re.search(r"[\d,]+ of [\d,]+ documents, [\d,]+ signals; market time .* left", first)
    expect(told).not_to_have_text(first)
    visitor.picture("backtest-growing")
    go_on.set()
    running.join()
    expect(page.get_by_text("slow is running")).to_be_hidden()


@pytest.fixture
def empty(tmp_path: Path, own_redis: EmbeddedRedis) -> Iterator[Served]:
    started = serve(tmp_path / "state", own_redis.url)
    yield started
    started.stop()


def test_without_runs_or_signals_both_pages_say_what_to_do(empty: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(empty)
    expect(visitor.open("?page=Signals").get_by_text("No signals yet")).to_be_visible()
    page = visitor.open("?page=Back-test")
    expect(page.get_by_text("No run yet")).to_be_visible()
    expect(page.get_by_text("bellwether sample export --out week")).to_be_visible()
    visitor.picture("empty-back-test")
