"""Stories: what is told of them follows from what was told, in no order, however it was archived."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import lancedb
from hypothesis import given, settings
from hypothesis import strategies as st
from lancedb.index import BTree

from services.archive.schemas import SCHEMAS
from services.archive.tables import Tables
from shared.clock import DAY, HOUR, MINUTE
from shared.contract.archive import OPINIONS, TOLD
from shared.contract.events import MICRO, Deletion, Document, Opinion, Origin
from shared.contract.readings import Reading
from shared.contract.weighing import contribution
from shared.reading.archive.tables import ArchiveTables
from shared.reading.stories.detail import whole_story
from shared.reading.stories.following import WITHIN
from shared.reading.stories.listing import Question, told_stories
from shared.reading.stories.rows import told_row, whole_row
from shared.reading.stories.story import LOOK_BACK
from tests.archived import appended_at, archive_at

START = 1_700_000_000_000_000


def opinion(number: int, *, at: int, story: str = "s" * 16, company: str = "AAPL", **more: Any) -> Opinion:
    fields: dict[str, Any] = {
        "origin": Origin("t", 0, number),
        "document_id": f"{number:032x}",
        "company": company,
        "relevance": MICRO,
        "channel": "news",
        "source": "rss:a",
        "story": story,
        "title": f"What {story[0]} is about",
        "published_at": at,
        "available_at": at,
        "negative": 100_000,
        "neutral": 200_000,
        "positive": 700_000,
        "model": "m",
        "companies": 1,
    }
    return Opinion(**fields | more)


def some_opinions(seed: int, count: int) -> list[Opinion]:
    """Opinions of few stories over half a year, some of documents on two companies, some sent twice."""
    draw = random.Random(seed)
    found: list[Opinion] = []
    for number in range(count):
        at = START + draw.randrange(180) * DAY + draw.randrange(24) * HOUR
        negative = draw.randrange(MICRO + 1)
        neutral = draw.randrange(MICRO - negative + 1)
        more = {
            "channel": draw.choice(("news", "social")),
            "source": draw.choice(("rss:a", "rss:b", "file:c")),
            "author": draw.choice(("", "a" * 16, "b" * 16)),
            "event": draw.choice(("", "earnings", "dividend")),
            "relevance": draw.randrange(1, MICRO + 1),
            "negative": negative,
            "neutral": neutral,
            "positive": MICRO - negative - neutral,
            "item": f"{number:032x}",
        }
        story = draw.choice("abcde") * 16
        companies = draw.choice((("AAPL",), ("MSFT",), ("AAPL", "MSFT"), ("_MARKET",)))
        found += [opinion(number, at=at, story=story, company=company, **more) for company in companies]
    return found + draw.choices(found, k=count // 4)


def listed(tables: ArchiveTables, **asked: Any) -> list[dict[str, Any]]:
    return [told_row(each) for each in told_stories(tables, Question(**asked)).told]


def recounted(opinions: Sequence[Opinion], begin: int, end: int) -> dict[str, tuple[Any, ...]]:
    """Key -> (recent, documents, first, last, authors, sources, mean), the plain way."""
    once: dict[tuple[str, str], Opinion] = {}
    for each in opinions:
        once.setdefault((each.document_id, each.company), each)
    found = {}
    for key in {each.story for each in once.values() if begin <= each.available_at < end}:
        told = [each for each in once.values() if each.story == key and each.available_at < end]
        last = max(each.available_at for each in told)
        told = [each for each in told if each.available_at >= last - LOOK_BACK]
        parts = [contribution(each) for each in told]
        weight = sum(part.weight for part in parts)
        mean = Fraction(sum(part.score for part in parts) * MICRO, weight) if weight else None
        found[key] = (
            len({each.document_id for each in told if each.available_at >= begin}),
            len({each.document_id for each in told}),
            min(each.available_at for each in told),
            last,
            len({each.author for each in told if each.author}),
            len({each.source for each in told}),
            None if mean is None else float(mean) / MICRO,
        )
    return found


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 170), st.integers(1, 60))
def test_a_list_is_what_a_plain_recount_says(seed: int, count: int, first: int, days: int) -> None:
    opinions = some_opinions(seed, count)
    begin = START + first * DAY
    end = begin + days * DAY
    with tempfile.TemporaryDirectory() as folder:
        tables = archive_at(Path(folder) / "a", opinions, batch=7)
        answer = told_stories(tables, Question(begin=begin, end=end, limit=100))
    expected = recounted(opinions, begin, end)
    assert {each.story.key for each in answer.told} == expected.keys()
    for each in answer.told:
        story = each.story
        *plain, mean = expected[story.key]
        own = [each.recent, story.documents, story.first_at, story.last_at, story.authors, len(story.sources)]
        assert own == plain
        assert (story.lean.mean is None) == (mean is None)
        assert mean is None or abs(story.lean.mean / MICRO - mean) <= 1e-6  # type: ignore[operator]
    assert [each.place for each in answer.told] == sorted(each.place for each in answer.told)


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(1, 25), st.randoms(use_true_random=False))
def test_no_order_batch_copy_or_index_changes_an_answer(seed: int, count: int, draw: random.Random) -> None:
    opinions = some_opinions(seed, count)
    shuffled = opinions[:]
    draw.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        one = archive_at(Path(folder) / "one", opinions, batch=1_000)
        other = archive_at(Path(folder) / "other", shuffled, batch=5)
        archive_at(Path(folder) / "other", shuffled[: count // 2])  # the same records once more: a worker that died
        asked = {"begin": START, "end": START + 181 * DAY}
        before = listed(other, **asked)
        assert before == listed(one, **asked)
        table = Tables(other)[OPINIONS]
        table.create_index("company", config=BTree())
        table.optimize()
        assert listed(other, **asked) == before
        for row in before:
            assert whole_row(whole_story(other, row["key"])) == whole_row(whole_story(one, row["key"]))  # type: ignore[arg-type]


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(2, 50), st.integers(0, 60))
def test_as_of_is_what_was_there_then(seed: int, count: int, known: int) -> None:
    """What came later changes no answer as of a moment, whatever its available_at."""
    opinions = some_opinions(seed, count)
    known = min(known, len(opinions) - 1)
    with tempfile.TemporaryDirectory() as folder:
        then = archive_at(Path(folder) / "then", opinions[: known + 1])
        now = archive_at(Path(folder) / "now", opinions)
        assert listed(now, known_before=appended_at(known)) == listed(then)
        for row in listed(then):
            key = row["key"]
            late, early = whole_story(now, key, known_before=appended_at(known)), whole_story(then, key)
            assert late is not None and early is not None
            assert whole_row(late) == whole_row(early)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 3), st.sampled_from(("told", "newest")))
def test_pages_are_the_whole_list(seed: int, count: int, limit: int, by: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = archive_at(Path(folder) / "a", some_opinions(seed, count))
        asked = Question(begin=START, end=START + 181 * DAY, by=by, limit=100)
        whole = told_stories(tables, asked)
        pages, after = [], None
        while True:
            page = told_stories(tables, asked._replace(limit=limit, after=after))
            pages += page.told
            if not page.more:
                break
            after = page.told[-1].place
        assert pages == whole.told and len(pages) == whole.stories


def test_an_archive_of_a_former_version_goes_on(tmp_path: Path) -> None:
    opinions = some_opinions(3, 40)
    former = [name for name in SCHEMAS[OPINIONS].names if name not in TOLD]
    new = archive_at(tmp_path / "new", opinions)
    connection = lancedb.connect(str(tmp_path / "old"))
    rows = Tables(new)[OPINIONS].to_arrow().select(former)
    connection.create_table(OPINIONS, rows.slice(0, 25))
    old = ArchiveTables(str(tmp_path / "old"))
    half = archive_at(tmp_path / "half", opinions[:25])
    asked: dict[str, Any] = {"begin": START, "end": START + 181 * DAY}
    assert listed(old, **asked) == listed(half, **asked)  # read before any worker of this version has opened it
    archive_at(tmp_path / "old", opinions[25:], first=25)
    assert listed(old, **asked) == listed(new, **asked)
    assert listed(old, company="AAPL", **asked) == listed(new, company="AAPL", **asked)


def test_nothing_is_shown_of_what_is_gone(tmp_path: Path) -> None:
    told = [
        opinion(1, at=START, item="1" * 32, title="The first words", author="a" * 16),
        opinion(2, at=START + HOUR, item="2" * 32, title="The second words"),
    ]
    tables = archive_at(tmp_path / "a", told)
    gone = Deletion(item="1" * 32, channel="news", source="rss:a", deleted_at=START + 2 * HOUR)
    before = listed(tables)[0]
    archive_at(tmp_path / "a", [gone], first=10)
    after = listed(tables)[0]
    assert before["title"] == "The first words" and after["title"] == "The second words"
    assert {name: before[name] for name in ("documents", "sentiment", "authors", "first_at")} == {
        name: after[name] for name in ("documents", "sentiment", "authors", "first_at")
    }
    whole = whole_story(tables, "s" * 16)
    assert whole is not None
    first = whole_row(whole)["told"][0]
    assert first["title"] is None and first["author"] is None and first["withheld"]
    archive_at(
        tmp_path / "a", [Deletion(item="2" * 32, channel="news", source="rss:a", deleted_at=START + DAY)], first=20
    )
    last = listed(tables)[0]
    assert last["title"] is None and last["withheld"] == "deleted at its source" and last["documents"] == 2


def reading(number: int, values: Sequence[int], model: str = "m") -> Reading:
    packed = bytes(value % 256 for value in values)
    scale = round(10**9 / sum(value * value for value in values) ** 0.5)
    return Reading(
        origin=Origin("t", 0, number), document_id=f"{number:032x}", available_at=START, model=model,
        embedding=packed, scale=scale,
    )  # fmt: skip


NEAR = ([100, 20, 0, 0], [100, 30, 10, 0], [98, 5, 5, 5])
FAR = [0, 0, 100, 10]


def linked(tables: ArchiveTables, key: str, **asked: Any) -> tuple[list[str], list[str]]:
    found = whole_story(tables, key * 16, **asked)
    assert found is not None
    return tuple([link.story.key[0] for link in part] for part in found.linked)  # type: ignore[return-value]


def test_what_follows_is_later_near_and_of_the_same_companies(tmp_path: Path) -> None:
    told = [
        opinion(1, at=START, story="a" * 16),
        opinion(2, at=START + DAY, story="b" * 16),
        opinion(3, at=START + 2 * DAY, story="c" * 16),
        opinion(4, at=START + 2 * DAY, story="d" * 16, company="MSFT"),  # another company
        opinion(5, at=START + 2 * DAY, story="e" * 16),  # of another matter
        opinion(6, at=START + WITHIN + 1, story="f" * 16),  # too late for a, not for b and c
        opinion(7, at=START, story="7" * 16),  # at the same moment: the key decides
        opinion(8, at=START + DAY, story="8" * 16, title="Other words"),  # by another model: words count
    ]
    embedded = [NEAR[0], NEAR[1], NEAR[2], NEAR[0], FAR, NEAR[0], NEAR[1]]
    readings = [reading(number, values) for number, values in enumerate(embedded, 1)]
    tables = archive_at(tmp_path / "a", [*told, *readings, reading(8, NEAR[0], "other")])
    assert linked(tables, "a") == (["7"], ["b", "c"])
    assert linked(tables, "b") == (["7", "a"], ["f", "c"])
    assert linked(tables, "d") == ([], [])
    assert linked(tables, "e") == ([], [])
    assert linked(tables, "a", end=START + 2 * DAY) == (["7"], ["b"])


def test_without_embeddings_headlines_are_compared(tmp_path: Path) -> None:
    told = [
        opinion(1, at=START, story="a" * 16, title="Apple recalls chargers in Europe"),
        opinion(2, at=START + HOUR, story="b" * 16, title="Apple recalls chargers in all of Europe"),
        opinion(3, at=START + 2 * HOUR, story="c" * 16, title="Apple chargers: Europe wants answers"),
        opinion(4, at=START + 3 * HOUR, story="d" * 16, title="Something else altogether"),
    ]
    found = whole_story(archive_at(tmp_path / "a", told), "a" * 16)
    assert found is not None
    after = [(link.story.key[0], link.copy, link.by) for link in found.linked.after]
    assert after == [("b", True, "words"), ("c", False, "words")]


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(2, 7))
def test_following_is_the_other_side_of_followed(seed: int, count: int) -> None:
    draw = random.Random(seed)
    told, readings = [], []
    for number in range(count):
        at = START + draw.randrange(20) * DAY
        companies = draw.choice((("AAPL",), ("MSFT",), ("AAPL", "MSFT")))
        told += [opinion(number, at=at, story=f"{number:016x}", company=name) for name in companies]
        readings.append(reading(number, draw.choice((*NEAR, FAR))))
    with tempfile.TemporaryDirectory() as folder:
        tables = archive_at(Path(folder) / "a", [*told, *readings])
        pairs: list[set[tuple[str, str, int]]] = [set(), set()]
        for number in range(count):
            found = whole_story(tables, f"{number:016x}")
            assert found is not None
            pairs[0] |= {(found.story.key, link.story.key, link.likeness) for link in found.linked.after}
            pairs[1] |= {(link.story.key, found.story.key, link.likeness) for link in found.linked.before}
    assert pairs[0] == pairs[1]


def test_copies_and_effects_add_up(tmp_path: Path) -> None:
    words = "Apple said on Monday that it would recall chargers which may overheat in use"
    texts = (words, f"{words}, Reuters wrote", "A short comment")
    documents = [
        Document(
            id=f"{n:032x}", channel="news", source="rss:a", text=text, published_at=START, received_at=START,
            available_at=START,
        )
        for n, text in enumerate(texts, 1)
    ]  # fmt: skip
    before = opinion(9, at=START - DAY, story="z" * 16, negative=700_000, neutral=200_000, positive=100_000)
    told = [opinion(n, at=START + n * MINUTE) for n in (1, 2, 3)]
    meanwhile = opinion(8, at=START + 2 * MINUTE, story="y" * 16, positive=500_000, neutral=500_000, negative=0)
    tables = archive_at(tmp_path / "a", [*documents, before, *told, meanwhile])
    found = whole_story(tables, "s" * 16)
    other = whole_story(tables, "y" * 16)
    assert found is not None and other is not None
    assert [each.copy_of for each in found.documents] == ["", f"{1:032x}", ""]
    effect = found.effects[0]
    assert effect.before is not None and effect.since is not None and effect.by_story is not None
    assert effect.before == -600_000 and 500_000 < effect.since <= 600_000
    assert 0 < effect.by_story < effect.since - effect.before  # the rest: the other story, and what faded


def test_an_empty_archive_tells_nothing(tmp_path: Path) -> None:
    tables = archive_at(tmp_path / "a", [])
    answer = told_stories(tables, Question())
    assert (answer.told, answer.stories, answer.more) == ([], 0, False)
    assert whole_story(tables, "s" * 16) is None
