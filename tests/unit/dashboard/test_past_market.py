"""What pages ask of a market of then is what the archive answers, through the bytes that the command prints."""

from __future__ import annotations

import random

import msgspec
import pytest

from dashboard.reading import snapshots
from dashboard.reading.comparing.subjects import compare
from dashboard.reading.moment.past_market import PastMarket, ToldMarket
from services.archive.as_of.market import counts_alone, plain
from services.archive.as_of.moments import Moment
from services.archive.as_of.past import Past
from services.archive.as_of.view import PastRun
from shared.contract.applied import Applied
from shared.contract.events import CHANNELS, MARKET
from shared.reading.archive.tables import ArchiveTables
from shared.reading.measuring.market import company_rows, snapshot
from shared.reading.measuring.windows import WINDOWS, clock, needed, period
from tests.unit.aggregation.opinions import BASE, TOPIC_ID
from tests.unit.archive.test_checkpoints import LINE, log_of

AT = BASE + 400 * 24 * 3_600_000_000


def told(seed: int, silent: str = "") -> tuple[PastRun, PastMarket]:
    records = log_of(seed)
    entry = Applied(slot=0, topic_id=TOPIC_ID, offset=len(records), slots=1, at=AT)
    folded = LINE.fold.on(LINE.empty(), iter(records))
    past = counts_alone(Past(Moment(0, TOPIC_ID, len(records), AT, entry), folded, ("hourly",), silent))
    run = PastRun(AT, {0: past}, 1, list, ArchiveTables("nowhere"))
    printed = msgspec.json.encode(plain(run))
    return run, PastMarket(msgspec.json.decode(printed, type=ToldMarket), AT)


@pytest.mark.parametrize("seed", range(6))
def test_pages_ask_what_the_archive_answered(seed: int) -> None:
    run, pages = told(seed)
    assert pages.newest() == run.newest() and pages.totals() == run.totals()
    assert pages.latest() == run.signals.latest() and pages.feed() == run.feed() != []
    window = WINDOWS[random.Random(seed).choice(list(WINDOWS))]
    starts = needed(period(clock(run.newest().values(), AT), window), window)
    names = sorted(run.newest())
    wanted = sorted(run.buckets.rows(names, CHANNELS, starts), key=lambda row: row[:4])
    assert sorted(pages.rows(names, CHANNELS, starts), key=lambda row: row[:4]) == wanted
    columns = pages.columns(names, CHANNELS, starts)
    assert sorted(zip(columns.start.tolist(), columns.sums["documents"].tolist(), strict=True)) == sorted(
        (row.start, row.bucket.documents) for row in wanted
    )
    market = snapshots.market(pages, window, CHANNELS, AT)
    found = snapshot(run, window, CHANNELS, AT)
    assert market is not None and found is not None
    rows = {row["company"]: row["documents"] for row in company_rows(found)}
    assert dict(zip(market.companies["company"], market.companies["documents"], strict=True)) == rows
    assert MARKET not in rows
    compared = compare(pages, ["AAPL"], window, "hour", CHANNELS, AT)
    assert compared.rows[0].now["documents"] == rows.get("AAPL", 0)


def test_a_question_is_answered_once_and_silence_has_its_reason() -> None:
    run, pages = told(3, "other strategies ran then")
    assert run.silent == pages.silent == "other strategies ran then" and pages.latest() == []
    asked: list[PastMarket] = []
    assert [pages.asked("key", lambda known: asked.append(known) or len(asked)) for _ in range(3)] == [1, 1, 1]  # type: ignore[func-returns-value]
    assert pages.since < clock(pages.newest().values(), AT) // 1_000_000
