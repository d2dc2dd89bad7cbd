"""Charts tell the truth: a strategy's level and marks of a company, scores from zero, each strategy's back-test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pytest
import redis
from playwright.sync_api import expect

from services.backtest.options import Choices
from services.backtest.run import backtest_run
from services.embedded.redis import EmbeddedRedis
from services.ingest.sample.files import write_sample
from services.replay.run import Question, replay
from shared.clock import HOUR
from shared.contract.events import MICRO
from shared.contract.keys import Keys
from shared.contract.signals import Signal, encode_revisions, encode_signal, signal_id
from shared.settings import ModelSettings, load_settings
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.seed import END, listed, seed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
KEYS = Keys("live", 8)
COMPANY = listed(1)[0][0]


def hourly(step: int) -> Signal:
    """A level that falls from a buy to a sell within two days."""
    at = END // HOUR * HOUR - (47 - step) * HOUR
    level = round(MICRO * (0.6 - step / 40))
    return Signal(
        id=signal_id("hourly", COMPANY, at, 0), strategy="hourly", strategy_hash="0" * 16, company=COMPANY, at=at,
        available_at=at, score=level, confidence=MICRO // 2, horizon_hours=24, documents=30, cadence_hours=1,
        action="buy" if level > 200_000 else "sell" if level < -200_000 else "hold",
        features={"level": level, "dispersion": 500_000}, synthetic=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("charts")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, listed(12), volume=0.5)
        for step in range(48):
            signal = hourly(step)
            client.hset(KEYS.signals(COMPANY, "hourly"), str(signal.at), encode_revisions([signal]))
        client.hset(KEYS.latest_signals(KEYS.slot_of(COMPANY)), f"hourly|{COMPANY}", encode_signal(signal))
        for company, _ in listed(12)[1:]:
            other = msgspec.structs.replace(signal, company=company, score=-signal.score, action="buy")
            client.hset(KEYS.latest_signals(KEYS.slot_of(company)), f"hourly|{company}", encode_signal(other))
    state = folder / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        write_sample(folder / "week", 7, 2_000)
        settings = load_settings(state, model=ModelSettings(name="stub"))
        documents = str(folder / "week" / "documents.jsonl")
        replay(settings, "week", Question(documents, ("news",), strategies=("pulse", "hourly")))
        for name in ("pulse", "hourly"):
            prices, out = folder / "week" / "prices.csv", folder / "week" / f"test-{name}"
            backtest_run(settings, "week", prices, Choices(strategy=name, hold_bars=1), out)
    started = serve(state, server.url)
    yield started
    started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_company_s_hours_have_the_level_in_front_prices_and_marks(
    served: Served, visit: Callable[..., Visitor], scheme: str
) -> None:
    visitor = visit(served, scheme=scheme, height=1200)
    page = visitor.open(f"?page=Company&company={COMPANY}")
    chart = page.locator(".js-plotly-plot").first
    for words in ("Level (hourly)", "95 % band of the level", "Hours", "Signal"):
        expect(chart.get_by_text(words, exact=True)).to_be_visible()
    expect(chart.get_by_text("Close", exact=False).first).to_be_visible()
    visitor.picture(f"company-level-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signals_say_when_the_next_one_comes(served: Served, visit: Callable[..., Visitor], scheme: str) -> None:
    visitor = visit(served, scheme=scheme)
    page = visitor.open("?page=Signals")
    expect(page.get_by_text("then every hour, on what was written of")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    visitor.picture(f"signals-next-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_went_to_out_is_on_the_page_for_both_strategies(
    served: Served, visit: Callable[..., Visitor], scheme: str
) -> None:
    visitor = visit(served, scheme=scheme, height=1600)
    page = visitor.open("?page=Back-test")
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    cells = table.locator("td")
    expect(cells.filter(has_text="None")).to_have_count(0)
    for name in ("week, backtest-hourly-test-hourly", "week, backtest-pulse-test-pulse"):
        expect(cells.filter(has_text=name).first).to_be_attached()
    sheet = page.frame_locator("iframe")
    expect(sheet.get_by_text("Synthetic data.")).to_be_visible()
    expect(sheet.get_by_role("heading", name="Against the benchmark")).to_be_visible()
    expect(sheet.get_by_role("columnheader", name="Mar", exact=True).first).to_be_visible()
    expect(sheet.get_by_text("too few to judge by").first).to_be_visible()
    visitor.picture(f"backtest-two-{scheme}")
