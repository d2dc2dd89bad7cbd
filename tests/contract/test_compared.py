"""A comparison on a real Redis: a sector is the sum of its companies, and a company what its own page says."""

from __future__ import annotations

import pytest
import redis

from dashboard.reading import snapshots
from dashboard.reading.companies import UNCLASSIFIED
from dashboard.reading.comparing.subjects import (
    SECTOR,
    compare,
    documents_of,
    keys_of,
    sector_table,
    sectors,
    subject_of,
)
from shared.contract.events import CHANNELS, MARKET
from shared.reading.measuring.windows import WINDOWS
from shared.reading.run import RunView
from shared.universe.securities import Catalogue
from tests.browser.seed import END, seed


@pytest.fixture(scope="module")
def run(redis_url: str) -> RunView:
    client = redis.Redis.from_url(redis_url)
    classified = [(each.id, each.name) for each in Catalogue.load().companies if each.sector][:24]
    seed(client, classified, run="compared", slots=4, volume=0.1)
    return RunView.of(client, "compared", slots=8)


@pytest.mark.parametrize("label", ["24h", "7d"])
def test_a_sector_is_the_sum_of_its_companies(run: RunView, label: str) -> None:
    window = WINDOWS[label]
    latest = run.newest()
    name, members = max(sectors(latest).items(), key=lambda item: (len(item[1]), item[0]))
    assert len(members) > 1 and MARKET not in members
    company = members[0]
    found = compare(run, [company, f"{SECTOR}{name}"], window, "hour", CHANNELS, END)
    one, whole = found.rows
    own = snapshots.company_window(run, company, window, CHANNELS, END)
    assert own is not None
    assert one.now["sentiment"] == pytest.approx(own.now["sentiment"], nan_ok=True)
    assert one.before["documents"] == own.before["documents"]
    market = snapshots.market(run, window, CHANNELS, END)
    assert market is not None
    table = sector_table(market.companies).set_index("sector")
    assert whole.now["documents"] == table.loc[name, "documents"]
    assert whole.now["sentiment"] == pytest.approx(table.loc[name, "sentiment"])
    assert table["documents"].sum() == market.companies["documents"].sum()
    assert set(found.lines["subject"]) <= {company, f"{SECTOR}{name}"}
    inside = found.lines[(found.lines["subject"] == company) & (found.lines["start"] >= found.span.start)]
    assert inside["documents"].sum() <= own.now["documents"]
    documents = documents_of(run, members, found.span, 5)
    assert len(documents) <= 5 and {each.company for each in documents} <= set(members)


def test_what_an_address_names_is_looked_through() -> None:
    known = ["AAPL", "BA", "MSFT", "LMT", "GE"]
    assert keys_of("BA,NOBODY,AAPL,BA,sector:Energy", known) == ["BA", "AAPL", "sector:Energy"]
    assert keys_of("", known) == []
    assert len(keys_of("AAPL,BA,MSFT,LMT,GE,sector:Energy", known)) == 5


def test_those_of_no_sector_are_added_up_too() -> None:
    found = subject_of(f"{SECTOR}{UNCLASSIFIED}", ["X2", "AAPL", MARKET, "X1"])
    assert found.companies == ("X1", "X2")
