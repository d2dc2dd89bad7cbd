"""A fold that begins at a checkpoint says what one from the first record says, to the byte."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.archive.as_of import checkpointing, fold
from services.archive.as_of.checkpointing import fill, spacing
from services.archive.as_of.checkpoints import Checkpoints, Line, packed, unpacked
from services.archive.as_of.fold import Fold, Folded
from services.archive.as_of.market import counts_alone, plain
from services.archive.as_of.moments import Moment, NotKnown
from services.archive.as_of.past import Past, told
from services.archive.as_of.view import PastRun
from services.runtime.record import Recorded
from shared.contract.applied import Applied
from shared.contract.archive import OPINIONS
from shared.contract.events import InvalidMessage, Opinion, OpinionMessage, decode_opinion, encode
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import bare_opinion
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


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=2), st.integers(15, 60), st.data())
def test_the_market_of_any_moment_is_that_of_a_fold_from_the_start(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int], every: int, data: st.DataObject
) -> None:
    """Some checkpoints are there of a former, wider spacing; each slot is asked at an offset of its own."""
    logs = [log_of(seed) for seed in seeds]
    lines = [LINE._replace(slot=slot, slots=len(logs)) for slot in range(len(logs))]
    kept = Checkpoints(ArchiveTables(str(tmp_path_factory.mktemp("archive"))))
    for line, records in zip(lines, logs, strict=True):
        for apart in (3 * every, every):
            many = len(records) // apart
            before = len(kept.offsets(line))
            made = fill(kept, line, lambda _, slot, begin, end: read(logs[slot], begin, end), len(records), apart, 99)
            assert made == many - before and kept.offsets(line) == set(range(apart, len(records) + 1, apart))
    for _ in range(2):
        offsets = [data.draw(st.integers(0, len(records))) for records in logs]
        near, far = dict[int, Past](), dict[int, Past]()
        for line, records, offset in zip(lines, logs, offsets, strict=True):
            begin = kept.before(line, offset)
            assert offset - begin.offset < every
            entry = Applied(slot=line.slot, topic_id=TOPIC_ID, offset=offset, slots=line.slots, at=0, moves=())
            moment = Moment(line.slot, TOPIC_ID, offset, 2**52, entry)
            for found, folded in ((near, begin), (far, line.empty())):
                whole = line.fold.on(folded, read(records, folded.offset, offset))
                found[line.slot] = counts_alone(Past(moment, whole, ("hourly", "slow"), ""))
        told_near, told_far = (
            plain(PastRun(2**52, each, len(logs), list, ArchiveTables("nowhere"))) for each in (near, far)
        )
        assert told_near == told_far


def test_checkpoints_lie_as_near_as_the_market_needs() -> None:
    for slots in range(1, 300):
        apart = spacing(slots)
        assert checkpointing.NEAREST <= apart <= 50_000
        assert slots * apart <= max(checkpointing.TOGETHER, slots * checkpointing.NEAREST)
    assert spacing(8) == 12_500


def test_what_is_not_archived_yet_waits(tmp_path: Path) -> None:
    records, kept = log_of(3), Checkpoints(ArchiveTables(str(tmp_path)))

    def halfway(_topic: str, _slot: int, begin: int, end: int) -> Iterator[Recorded]:
        if end > 40:
            raise NotKnown("the archive lacks records")
        return read(records, begin, end)

    assert fill(kept, LINE, halfway, len(records), 20, 1) == 1
    assert fill(kept, LINE, halfway, len(records), 20, 99) == 1
    assert kept.offsets(LINE) == {20, 40}


def bared(records: list[Recorded], ids: frozenset[str]) -> Iterator[Recorded]:
    """The records as the archive has them once these documents are forgotten."""
    for record in records:
        message = opinion_in(record)
        bare = bare_opinion(message) if message is not None and message.document_id in ids else None
        yield record if bare is None else replace(record, value=encode(bare))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sets(st.integers(0, 30)), st.integers(0, 60))
def test_a_forgotten_checkpoint_is_one_of_forgotten_records(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chosen: set[int], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    records = titled(log_of(seed))
    opinions = [each for each in map(opinion_in, records) if each is not None]
    ids = frozenset(opinions[number % len(opinions)].document_id for number in chosen)
    kept = Checkpoints(ArchiveTables(str(folder)))
    cut = max(1, min(cut, len(records)))
    kept.keep(LINE, FOLD.on(LINE.empty(), read(records, 0, cut)))
    begin = min((n for n, each in enumerate(map(opinion_in, records)) if each and each.document_id in ids), default=cut)
    assert kept.forget(1, -1, ids) == 0  # another slot's
    all_words = packed_words(kept).decode(errors="replace")
    done = kept.forget(0, begin, ids)
    assert done == any(f"title of {each}" in all_words for each in ids)
    held = kept.before(LINE, cut)
    assert (held.offset, held.chain) == (cut, FOLD.on(LINE.empty(), read(records, 0, cut)).chain)
    bare = FOLD.on(LINE.empty(), bared(records[:cut], ids))
    held.chain, held.passed, bare.chain, bare.passed = None, [], None, []
    assert said(held) == said(bare)
    assert not any(f"title of {each}".encode() in packed_words(kept) for each in ids)
    assert kept.forget(0, begin, ids) == 0


def packed_words(kept: Checkpoints) -> bytes:
    return b"".join(zlib.decompress(row["value"]) for row in kept.table().search().limit(100).to_list())


def titled(records: list[Recorded]) -> list[Recorded]:
    made = []
    for record in records:
        opinion, value = opinion_in(record), record.value
        if opinion is not None:
            words = {"title": f"title of {opinion.document_id}", "excerpt": "words"}
            value = encode(msgspec.structs.replace(opinion, **words))
        made.append(replace(record, value=value))
    return made


def opinion_in(record: Recorded) -> Opinion | None:
    try:
        message = decode_opinion(record.value)
    except InvalidMessage:
        return None
    return message if isinstance(message, Opinion) else None


def test_one_that_cannot_be_read_goes(tmp_path: Path) -> None:
    kept = Checkpoints(ArchiveTables(str(tmp_path)))
    kept.keep(LINE, FOLD.on(LINE.empty(), read(log_of(5), 0, 20)))
    row = kept.table().search().limit(1).to_list()[0]
    kept.table().delete("true")
    kept.table().add([row | {"value": b"of another version"}])
    assert kept.forget(0, 5, frozenset("a")) == 1
    assert kept.before(LINE, 100).offset == 0
