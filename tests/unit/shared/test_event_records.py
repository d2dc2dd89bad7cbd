"""How old a story is, and how long ago a company had such an event: what was available then says it, in any order."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import DAY, HOUR
from shared.contract.events import Opinion
from shared.reading.archive.tables import ArchiveTables
from shared.reading.stories.records import EventRecord, event_records
from shared.reading.stories.story import LOOK_BACK
from tests.archived import appended_at, archive_at
from tests.unit.shared.test_stories import START, opinion, some_opinions


def recounted(opinions: Sequence[Opinion], one: Opinion) -> EventRecord:
    """The plain way."""
    near = [each for each in opinions if one.available_at - LOOK_BACK <= each.available_at <= one.available_at]
    first = min(each.available_at for each in near if each.story == one.story)
    before = [
        each.available_at
        for each in near
        if each.company == one.company and each.event == one.event and each.story != one.story and one.event
        and each.available_at < one.available_at
    ]  # fmt: skip
    return EventRecord(one.available_at - first, first, one.available_at - max(before) if before else None)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.integers(1, 60), st.randoms(use_true_random=False))
def test_records_are_what_a_plain_recount_says(seed: int, count: int, draw: random.Random) -> None:
    opinions = some_opinions(seed, count)
    shuffled = opinions[:]
    draw.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        tables = archive_at(Path(folder) / "a", shuffled, batch=9)
        archive_at(Path(folder) / "a", shuffled[: count // 3])  # once more: a worker that died
        assert event_records(tables, opinions) == [recounted(opinions, each) for each in opinions]
        alone = opinions[draw.randrange(len(opinions))]
        assert event_records(tables, [alone]) == [recounted(opinions, alone)]


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_what_became_available_later_changes_nothing(seed: int, count: int) -> None:
    """Live, when the later ones had not come yet, and in a replay, when all of them are there."""
    opinions = sorted(some_opinions(seed, count), key=lambda each: each.available_at)
    cut = opinions[len(opinions) // 2].available_at
    known = [each for each in opinions if each.available_at <= cut]
    with tempfile.TemporaryDirectory() as folder:
        live = archive_at(Path(folder) / "live", known)
        replayed = archive_at(Path(folder) / "replayed", opinions)
        assert event_records(live, known) == event_records(replayed, known)
        if len(known) < len(opinions):
            assert event_records(live, opinions[len(known) :]) != [] and known
        assert event_records(replayed, known, appended_at(len(known) - 1)) == event_records(live, known)


def test_the_edge_of_ninety_one_days_and_of_the_same_moment(tmp_path: Path) -> None:
    told = [
        opinion(1, at=START, event="dividend", story="a" * 16),
        opinion(2, at=START + LOOK_BACK, event="dividend", story="a" * 16),
        opinion(3, at=START + LOOK_BACK + 1, event="dividend", story="b" * 16),
        opinion(4, at=START + LOOK_BACK + 1, event="dividend", story="c" * 16),
        opinion(5, at=START + 400 * DAY, event="dividend", story="a" * 16),
        opinion(6, at=START + 400 * DAY + HOUR, event="dividend", story="a" * 16, company="MSFT"),
    ]
    found = event_records(archive_at(tmp_path / "a", told), told)
    assert found == [
        EventRecord(0, START, None),
        EventRecord(LOOK_BACK, START, None),  # the last telling of its own story is no other event
        EventRecord(0, START + LOOK_BACK + 1, 1),
        EventRecord(0, START + LOOK_BACK + 1, 1),  # the other one came at the same moment, not before
        EventRecord(0, START + 400 * DAY, None),
        EventRecord(HOUR, START + 400 * DAY, None),
    ]


def test_without_an_archive_nothing_is_known(tmp_path: Path) -> None:
    assert event_records(ArchiveTables(str(tmp_path / "none")), [opinion(1, at=START)]) == [None]
    other = archive_at(tmp_path / "a", [opinion(2, at=START, story="x" * 16)])
    assert event_records(other, [opinion(1, at=START)]) == [None]  # not archived yet
    assert event_records(other, []) == []
