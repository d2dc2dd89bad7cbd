"""A text that no model reads is unscored and counted; what is too short to tell, or looks English, is read."""

from __future__ import annotations

import pytest

from services.model.interface import Request
from services.model.stub import StubEngine
from services.runtime.record import Recorded
from services.scoring.entries import entry_of
from services.scoring.outcomes import Outgoing
from services.scoring.unread import Readable
from shared.contract.events import DEAD, Deletion, Document, Outcome, decode_opinion, encode
from shared.contract.topics import LIVE, Topics, partition_for
from shared.settings import ModelSettings
from tests.linking import LINKER

READABLE = Readable(ModelSettings(), StubEngine("stub"))
GERMAN = "Die Aktie von Siemens steigt nach starken Zahlen deutlich"


@pytest.mark.parametrize(
    ("text", "language", "unread"),
    [
        (GERMAN, "de", "de"),
        ("Акции Сбербанка выросли после отчёта", "ru", "ru"),
        ("Акции Сбербанка выросли после отчёта", "und", "und"),
        ("株価は上昇した", "ja", "ja"),
        ("Apple shares rise after earnings", "en", ""),
        ("Apple shares rise after earnings", "und", ""),
        ("$AAPL to the moon", "und", ""),
        ("Tesla en route", "fr", ""),  # too short to tell
        ("The shares of Apple have risen and the market is calm", "de", ""),  # said to be what it is not
        ("Apple 苹果 rises on strong iPhone sales in the quarter", "en", ""),
        ("", "de", ""),
        ("12.5 % +3", "und", ""),
    ],
)
def test_what_is_read(text: str, language: str, unread: str) -> None:
    assert READABLE.unread(Request(text, (), language)) == unread


def test_packs_other_models_and_settings_widen_what_is_read() -> None:
    packed = StubEngine("stub")
    packed.packs = {"de": "x" * 16}
    assert Readable(ModelSettings(), packed).unread(Request(GERMAN, (), "de")) == ""
    assert Readable(ModelSettings(languages=("en", "de")), StubEngine("stub")).unread(Request(GERMAN, (), "de")) == ""
    folder = ModelSettings(name="/data/models/bellwether-mini/")
    assert Readable(folder, StubEngine("stub")).unread(Request(GERMAN, (), "de")) == "de"


def test_another_model_reads_everything() -> None:
    document = Document(id="d" * 32, channel="news", source="s", text=GERMAN, language="de", published_at=1,
                        received_at=1, available_at=1)  # fmt: skip
    topics = Topics(LIVE)
    record = Recorded(topics.documents("news"), 0, 7, b"k", encode(document))
    made = entry_of(record, {record.topic: "t" * 22}, LINKER)
    every = Readable(ModelSettings(name="somebody/multilingual"), StubEngine("stub"))
    every.mark([made])
    assert made.request is not None and made.unread == ""
    for language in ("de", "en", "und", ""):  # as `score` and the API ask, text by text
        assert every.unread(Request(GERMAN, (), language)) == every.unread(Request("Rain", (), language)) == ""


def entry(message: Document | Deletion) -> list[Outcome]:
    topics = Topics(LIVE)
    record = Recorded(topics.documents("news"), 0, 7, b"k", encode(message))
    made = entry_of(record, {record.topic: "t" * 22}, LINKER)
    READABLE.mark([made])
    outgoing = Outgoing.to(topics, 3)
    outgoing.add(made, "m" * 16)
    found = [(slot, decode_opinion(value)) for (_, slot), values in outgoing.records.items() for _, value, _ in values]
    assert all(isinstance(each, Outcome) for _, each in found)
    if isinstance(message, Document):
        assert [slot for slot, _ in found] == [partition_for(DEAD, 3)]
    else:
        assert sorted(slot for slot, _ in found) == [0, 1, 2]  # every slot shows texts of its own
    return [each for _, each in found if isinstance(each, Outcome)]


def test_what_no_model_reads_is_told_and_makes_no_opinion() -> None:
    document = Document(
        id="d" * 32,
        channel="news",
        source="s",
        text=GERMAN,
        language="de",
        published_at=1,
        received_at=1,
        available_at=1,
    )
    (outcome,) = entry(document)
    assert (outcome.state, outcome.reason, outcome.document_id, outcome.schema) == ("unscored", "de", "d" * 32, 2)


def test_a_deletion_goes_to_every_slot() -> None:
    outcomes = entry(Deletion(item="i" * 32, channel="news", source="s", deleted_at=5, schema=2))
    assert {(each.state, each.letter, each.available_at) for each in outcomes} == {("deleted", "i" * 32, 5)}
