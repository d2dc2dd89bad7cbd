from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.delivery.ledger import Counts, Known, Ledger, Progress
from shared.addresses import named
from shared.clock import DAY, ReplayClock

IDS = st.lists(st.binary(min_size=16, max_size=16).map(bytes.hex), max_size=20)
ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ingest" / "ledger.sqlite3"


def test_ids_and_cursor_come_together_and_survive(path: Path) -> None:
    with Ledger(path, "topic") as ledger:
        assert ledger.progress("feed") is None and ledger.known([ONE]) == set()
        ledger.commit("feed", Progress({"rows": 7}, Counts(read=7, published=7)), [Known(ONE)])
    with Ledger(path, "topic") as ledger:
        assert ledger.known([ONE, TWO]) == {ONE}
        assert ledger.progress("feed") == Progress({"rows": 7}, Counts(read=7, published=7))
        ledger.forget("feed")
        assert ledger.progress("feed") is None and ledger.known([ONE]) == {ONE}


def test_a_topic_made_again_starts_afresh(path: Path) -> None:
    with Ledger(path, "old") as old, Ledger(path, "new") as new:
        old.commit("feed", Progress({}, Counts()), [Known(ONE)])
        old.want(5)
        assert new.known([ONE]) == set() and new.progress("feed") is None and new.wanted() == 0


def test_a_commit_that_fails_leaves_nothing(path: Path) -> None:
    with Ledger(path, "topic") as ledger:
        with pytest.raises(ValueError, match="hex"):
            ledger.commit("feed", Progress({"rows": 1}, Counts()), [Known(ONE), Known("no hex")])
        assert ledger.known([ONE]) == set() and ledger.progress("feed") is None
        ledger.commit("feed", Progress({"rows": 1}, Counts()), [Known(ONE)])


def test_the_highest_wanted_watermark_stays(path: Path) -> None:
    with Ledger(path, "topic") as ledger, Ledger(path, "topic") as beside:
        assert ledger.want(5) == 5 and beside.want(3) == 5 and beside.want(9) == 9 and ledger.wanted() == 9


@given(IDS, IDS)
def test_known_is_what_was_committed(committed: list[str], asked: list[str]) -> None:
    with Ledger(Path(":memory:"), "topic") as ledger:
        ledger.commit("feed", Progress({}, Counts()), map(Known, committed))
        assert ledger.known(asked) == set(asked) & set(committed)


def test_many_ids_at_once(path: Path) -> None:
    ids = [f"{number:032x}" for number in range(3000)]
    with Ledger(path, "topic") as ledger:
        ledger.commit("feed", Progress({}, Counts()), map(Known, ids[::2]))
        assert ledger.known(ids) == set(ids[::2])
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@given(st.lists(st.builds(Counts, read=st.integers(0, 99), published=st.integers(0, 99), highest=st.integers(0, 99))))
def test_counts_add_up(parts: list[Counts]) -> None:
    total = Counts()
    for part in parts:
        total.add(part)
    assert total.read == sum(part.read for part in parts)
    assert total.highest == max((part.highest for part in parts), default=0)


def test_items_and_topics_of_other_channels(path: Path) -> None:
    with Ledger(path, "n", {"news": "n", "social": "s"}) as news, Ledger(path, "s", {"news": "n"}) as social:
        news.commit("feed", Progress({}, Counts()), [Known(ONE, TWO, channel="social"), Known(TWO, ONE)])
        assert news.known([ONE, TWO]) == {TWO} and news.known([ONE, TWO], "social") == {ONE}
        assert social.known([ONE, TWO]) == {ONE} and social.known_items([ONE, TWO]) == {TWO}
        assert social.known([ONE, TWO], "news") == {TWO} and news.known_items([ONE, TWO]) == {ONE}


def test_ids_of_the_former_form_are_looked_for_during_thirty_days_and_give_way(path: Path) -> None:
    with Ledger(path, "topic", clock=ReplayClock(1)) as ledger:
        ledger.commit("feed", Progress({}, Counts()), [Known(ONE)])
        assert ledger.known_formerly([ONE]) == set()  # nothing was here before this version
        ledger._db.execute("DELETE FROM former")  # as the version before left it
    clock = ReplayClock(1)
    with Ledger(path, "topic", clock=clock) as ledger:
        assert ledger.known_formerly([ONE, TWO]) == {ONE}
        clock.advance_to(30 * DAY)
        assert ledger.known_formerly([ONE]) == {ONE}
        clock.advance_to(30 * DAY + 1)
        assert ledger.known_formerly([ONE]) == set() and ledger.known([ONE]) == {ONE}
    with Ledger(path, "topic", clock=ReplayClock(2)) as again:  # the thirty days began at the first start
        again.commit("feed", Progress({}, Counts()), [Known(TWO, "", ONE)])
        assert again.known_formerly([ONE, TWO]) == again.known([ONE, TWO]) == {TWO}


@pytest.mark.parametrize("kind", ["rss", "mastodon"])
def test_an_address_with_a_key_leaves_the_ledger_and_its_feed_goes_on(path: Path, kind: str) -> None:
    address = "https://bob:hunter2@feeds.example/markets?token=s3cr3t-t0ken"
    went_on = Progress({"etag": "x"}, Counts(read=3, published=3))
    with Ledger(path, "topic") as former:
        former.commit(f"{kind}:{address}", went_on, [])
        former.commit("rss:https://plain.example/feed", went_on, [])
    with Ledger(path, "topic") as ledger:
        assert ledger.progress(f"{kind}:{named(address)}") == went_on
        assert ledger.progress("rss:https://plain.example/feed") == went_on
        assert ledger.progress(f"{kind}:{address}") is None
    for file in path.parent.iterdir():
        assert b"hunter2" not in file.read_bytes() and b"s3cr3t" not in file.read_bytes(), file.name
