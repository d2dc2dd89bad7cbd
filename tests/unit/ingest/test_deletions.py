"""Items that change and go: versions share a story, a deletion goes out once, files take nothing back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.normalise import RawItem
from services.ingest.sources.source import Batch
from shared.contract.events import Deletion, Document
from shared.story import story_key, story_of
from tests.unit.ingest.test_intake import NOW, Log, adds_up, intake

FEED = {"live": True, "feed": "wire"}


def text(number: int, words: str = "Apple rises") -> RawItem:
    return {"title": words, "text": "body", "external_id": number}


def gone(number: int) -> RawItem:
    return {"external_id": number, "deleted": True}


def test_a_deletion_names_the_item_and_goes_out_once(tmp_path: Path) -> None:
    log = Log()
    with intake(tmp_path, log, **FEED) as one:
        batch = Batch([text(1), gone(1), gone(1), gone(2), {"deleted": "true"}], {})
        one.take(batch)
        counts = one.finish()
    document, deletion = log.documents
    assert isinstance(document, Document) and isinstance(deletion, Deletion)
    assert deletion.key == document.key and deletion.deleted_at == NOW and deletion.channel == "news"
    assert [outcome.what for outcome in batch.outcomes] == ["taken", "deleted", "copy", "copy", "refused"]
    assert batch.outcomes[-1].reason == "unknown-item"
    assert (counts.published, counts.deleted, counts.duplicates, counts.rejected) == (2, 1, 2, 1) and adds_up(counts)
    with intake(tmp_path, log, **FEED) as again:
        again.take(Batch([gone(1), text(1)], {}))
        assert again.finish().published == 2  # both are there already
        again.take(Batch([text(1, "Apple rises after all")], {}))
        again.take(Batch([gone(1)], {}))  # of what came back
        assert again.finish().deleted == 2
    assert [isinstance(each, Deletion) for each in log.documents] == [False, True, False, True]


def test_nobody_takes_back_what_is_anothers_and_a_file_takes_back_nothing(tmp_path: Path) -> None:
    log = Log()
    with intake(tmp_path, log, **FEED) as one:
        one.take(Batch([text(1)], {}))
        one.finish()
    with intake(tmp_path, log, live=True, feed="other") as other:
        other.take(Batch([gone(1)], {}))
        assert other.finish().deleted == 0
    with intake(tmp_path, log) as file:
        file.take(Batch([text(1) | {"deleted": True, "text": "a row of a data set"}], {}))  # type: ignore[operator]
        file.finish()
    assert all(isinstance(each, Document) for each in log.documents) and len(log.documents) == 2


@pytest.mark.parametrize("batches", [[[0, 1, 2]], [[0], [1], [2]], [[0, 1], [2]]])
def test_versions_tell_the_story_of_the_first(tmp_path: Path, batches: list[list[int]]) -> None:
    log = Log()
    words = ("Apple rises", "Apple falls, correction", "Apple stands still")
    for batch in batches:
        with intake(tmp_path, log, **FEED) as one:
            one.take(Batch([text(7, words[number]) for number in batch], {}))
            one.finish()
    assert [document.title for document in log.documents] == list(words)
    assert {story_of(document) for document in log.documents} == {story_key("Apple rises", "body")}
    assert log.documents[0].story == "" and len({document.key for document in log.documents}) == 1


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from(["a", "b"])), max_size=12), st.integers(1, 4)
)
def test_what_is_shown_in_the_end_is_what_the_feed_said_last(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[bool, int, str]], size: int
) -> None:
    log = Log()
    rows = [gone(number) if is_gone else text(number, words) for is_gone, number, words in said]
    folder = tmp_path_factory.mktemp("ledger")
    for start in range(0, len(rows), size):
        with intake(folder, log, **FEED) as one:
            for row in rows[start : start + size]:  # each in a batch of its own: one batch has no order of its own
                one.take(Batch([row], {}))
            assert adds_up(one.finish())
    last_deletion: dict[str, int] = {}
    for place, each in enumerate(log.documents):
        if isinstance(each, Deletion):
            assert each.key not in last_deletion or any(
                isinstance(other, Document) and other.key == each.key
                for other in log.documents[last_deletion[each.key] : place]
            )  # never two in a row
            last_deletion[each.key] = place
    ids = [each.id for each in log.documents if isinstance(each, Document)]
    assert len(ids) == len(set(ids))
