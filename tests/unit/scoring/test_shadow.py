"""Another model beside the archived one: the same model agrees in everything, another does where it does."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from services.commands.operations.shadowing import fill, plain
from services.model.engine import build_engine
from services.model.interface import Engine
from services.scoring.on_demand.shadow import Agreement, compare, newest
from services.scoring.opinions import opinions_of, read
from shared.contract.events import Deletion, Document, Opinion, Origin
from shared.contract.operation.health import SHADOW, SHADOW_SHARES, WorkerReport
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import ModelSettings
from tests import two_days
from tests.archived import archive_at
from tests.linking import LINKER

DOCUMENTS = two_days.documents()


@pytest.fixture
def engine() -> Engine:
    return build_engine(ModelSettings(name="stub"))


def heard(document: Document, engine: Engine) -> list[Opinion]:
    links, request = read(document, LINKER)
    (answer,) = engine.score([request])
    return opinions_of(document, Origin("t", 0, 0), links, answer, engine.model_id)


def compared(tables: ArchiveTables, engine: Engine) -> Agreement:
    told = Agreement()
    compare(tables, newest(tables), engine, LINKER, told)
    return told


def test_a_model_agrees_with_itself(tmp_path: Path, engine: Engine) -> None:
    opinions = [each for document in DOCUMENTS for each in heard(document, engine)]
    told = compared(archive_at(tmp_path / "archive", [*DOCUMENTS, *opinions]), engine)
    assert (told.documents, told.opinions) == (len(DOCUMENTS), len(opinions))
    assert told.same_sentiment == told.opinions and told.same_event == told.events == told.documents
    assert told.opposite == told.gaps == told.other_companies == 0 and told.differing == []


def test_where_they_differ_the_widest_come_first(tmp_path: Path, engine: Engine) -> None:
    def turned(opinion: Opinion) -> Opinion:
        return msgspec.structs.replace(opinion, positive=opinion.negative, negative=opinion.positive, event="dividend")

    opinions = [turned(each) for document in DOCUMENTS for each in heard(document, engine)]
    told = compared(archive_at(tmp_path / "archive", [*DOCUMENTS, *opinions]), engine)
    differ = [each for each in opinions if max(each.positive, each.negative) > each.neutral]
    assert told.opposite == told.opinions - told.same_sentiment == len(differ) > 0
    assert told.same_event == 0 < told.events
    gaps = [each.gap for each in told.differing]
    assert gaps == sorted(gaps, reverse=True) and len(gaps) == min(20, len(differ))


def test_what_is_known_ruled_or_gone_is_not_compared(tmp_path: Path, engine: Engine) -> None:
    first, second, third = DOCUMENTS[:3]
    ruled = [msgspec.structs.replace(each, spoke=("greetings",)) for each in heard(second, engine)]
    opinions = [*heard(first, engine), *ruled, *heard(third, engine)]
    tables = archive_at(tmp_path / "archive", [first, second, third, *opinions])
    told = compared(tables, engine)
    assert told.ruled == len(ruled) and told.opinions == len(opinions) - len(ruled)
    assert set(newest(tables, [first.id])) == {second.id, third.id}
    gone = Deletion(item=first.item, channel="news", source="s", deleted_at=first.available_at + 1)
    again = archive_at(tmp_path / "again", [first, second, third, *opinions, gone])
    assert set(newest(again)) == {second.id, third.id}
    with pytest.raises(NoArchive):
        newest(ArchiveTables(str(tmp_path / "nosuch")))


def test_a_shadow_tells_the_status_and_the_metrics_what_it_prints(tmp_path: Path, engine: Engine) -> None:
    opinions = [each for document in DOCUMENTS for each in heard(document, engine)]
    told = compared(archive_at(tmp_path / "archive", [*DOCUMENTS, *opinions]), engine)
    report = WorkerReport(role=SHADOW, name=engine.name, pid=1, started_at=0, reported_at=0)
    fill(report, engine, told)
    assert (report.model_id, report.processed) == (engine.model_id, len(opinions))
    assert set(report.detail) == {"documents", *SHADOW_SHARES}
    shown = plain(told, engine.model_id)
    assert {name: float(report.detail[name]) for name in SHADOW_SHARES} == {name: shown[name] for name in SHADOW_SHARES}
    fill(report, engine, Agreement())
    assert report.detail == {"documents": "0"}  # nothing is known yet: no share is made up
