"""A fold that begins at a checkpoint says what one from the first record says, to the byte."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.archive.as_of import fold
from services.archive.as_of.checkpoints import Checkpoints, Line, packed, unpacked
from services.archive.as_of.fold import Fold, Folded
from services.archive.as_of.past import told
from services.runtime.record import Recorded
from shared.contract.archive import OPINIONS
from shared.contract.events import OpinionMessage, encode
from shared.reading.archive.tables import ArchiveTables
from tests.unit.aggregation.opinions import TOPIC_ID, history, merge
from tests.unit.aggregation.test_closing import HOURLY, RULES, SLOW, STREAMS, broken_promises, interleaved

FOLD = Fold(TOPIC_ID, RULES, (HOURLY, SLOW), STREAMS)
LINE = Line(0, 1, "test", "rules", FOLD)


def records_of(messages: list[tuple[int, OpinionMessage | None]]) -> list[Recorded]:
    return [
        Recorded(OPINIONS, 0, offset, b"key", encode(message) if message is not None else b"{")
        for offset, message in messages
    ]


def log_of(seed: int) -> list[Recorded]:
    """Late opinions, or copies and stretches sent again; now and then what no schema reads."""
    draw = random.Random(seed)
    late = interleaved([broken_promises(seed, partition, 40) for partition in range(2)], seed)
    again = merge(draw, history(seed, 2, 60), resend=0.2)
    messages = [message if draw.random() > 0.02 else None for _, message in draw.choice((late, again))]
    return records_of(list(enumerate(messages)))


def said(folded: Folded) -> bytes:
    """All that can be asked of a slot."""
    names = [each.name for each in FOLD.strategies]
    answers = {company: told(folded.store, company, names) for company in ("AAPL", "MSFT", "_MARKET")}
    answers["totals"] = msgspec.to_builtins(folded.store.totals(0))
    return msgspec.json.encode((answers, folded.links, folded.offset), order="deterministic")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 400), max_size=4), st.integers(0, 50), st.data())
def test_where_a_fold_is_cut_changes_no_byte(seed: int, cuts: list[int], since: int, data: st.DataObject) -> None:
    records = log_of(seed)
    until = data.draw(st.integers(0, len(records)))
    line = LINE._replace(fold=FOLD._replace(since=since))
    whole = line.fold.on(line.empty(), iter(records[:until]))
    folded = line.empty()
    for cut in sorted(min(cut, until) for cut in cuts):
        folded = unpacked(packed(line.fold.on(folded, iter(records[folded.offset : cut]))), 1, "test")
    assert said(line.fold.on(folded, iter(records[folded.offset : until]))) == said(whole)


def test_links_on_the_way_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "LINK_EVERY", 7)
    records = log_of(3)
    whole = FOLD.on(LINE.empty(), iter(records))
    folded = unpacked(packed(FOLD.on(LINE.empty(), iter(records[:21]))), 1, "test")
    assert [offset for offset, _ in folded.links] == [7, 14, 21]
    assert FOLD.on(folded, iter(records[21:])).links == whole.links
    assert len(whole.links) == -(-len(records) // 7)


def test_the_last_one_before_an_offset_is_taken_and_no_other_line_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.archive.as_of.checkpoints.PART", 1000)
    (tmp_path / "archive").mkdir()
    kept = Checkpoints(ArchiveTables(str(tmp_path / "archive")))
    records = log_of(5)
    assert kept.before(LINE, 10**6).offset == 0
    folded = LINE.empty()
    for cut in (20, 40, 60):
        folded = FOLD.on(folded, read(records, folded.offset, cut))
        kept.keep(LINE, folded)
    kept.keep(LINE, folded)  # twice is once
    assert [kept.newest(LINE, until) for until in (19, 20, 59, 60, 10**6)] == [0, 20, 40, 60, 60]
    other = LINE._replace(fold=FOLD._replace(strategies=(HOURLY,)))
    assert kept.newest(other, 10**6) == 0
    found = FOLD.on(kept.before(LINE, 50), read(records, 40, 55))
    assert said(found) == said(FOLD.on(LINE.empty(), iter(records[:55])))


def read(records: list[Recorded], begin: int, end: int) -> Iterator[Recorded]:
    return iter(records[begin:end])
