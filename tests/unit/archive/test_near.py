"""What is near in meaning follows from the rows: the nearest signs, ties by id, copies once, filters exact."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.archive.tables import Tables
from shared.contract.archive import OPINIONS, READINGS, signs_of
from shared.reading.archive import candidates
from shared.reading.archive.candidates import Candidates, near
from shared.reading.archive.tables import ArchiveTables

PLACE = {"topic_id": "T", "partition": 0, "appended_at": 1, "key": "", "value": b""}


@pytest.mark.parametrize("dimensions", [64, 20])
def test_the_nearest_are_those_of_a_look_at_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dimensions: int
) -> None:
    monkeypatch.setattr(candidates, "SCORED", 6)
    (tmp_path / "archive").mkdir()
    archive, draw = ArchiveTables(str(tmp_path / "archive")), random.Random(dimensions)
    embeddings = [draw.choice([draw.randbytes(dimensions), bytes(dimensions)]) for _ in range(120)]
    rows = [
        PLACE
        | {
            "offset": number,
            "document_id": f"{number * 7919 % 131:032x}",
            "model": "M" if number % 10 else "other",
            "available_at": number,
            "bits": signs_of(each),
            "embedding": each,
        }
        for number, each in enumerate(embeddings)
    ]
    heard = [
        PLACE | {"offset": n, "document_id": row["document_id"], "label": "positive"} for n, row in enumerate(rows)
    ]
    tables = Tables(archive)
    for first in (0, 50):  # two files, and rows that were added twice
        tables.add({READINGS: rows[first : first + 70], OPINIONS: heard[first : first + 70 : 2]})
    asked = draw.randbytes(dimensions)
    own = [row for row in rows if row["model"] == "M"]
    assert near(archive, asked, "model = 'M'", "") == looked_at(own, asked)
    late = [row for row in own if int(str(row["available_at"])) >= 60]
    assert near(archive, asked, "model = 'M' AND available_at >= 60", "") == looked_at(late, asked)
    of = {row["document_id"] for row in heard[0:70:2] + heard[50:120:2]}
    said = [row for row in own if row["document_id"] in of]
    assert near(archive, asked, "model = 'M'", "label = 'positive'") == looked_at(said, asked)
    assert near(archive, asked, "model = 'nobody'", "") == Candidates([], 0)


def looked_at(rows: list[dict[str, object]], asked: bytes) -> Candidates:
    """Every row by itself. Of rows that were added twice the cut sees both, so each counts as often as it is there."""

    def apart(row: dict[str, object]) -> int:
        signs = bytes(a ^ b for a, b in zip(bytes(row["bits"]), signs_of(asked), strict=True))  # type: ignore[call-overload]
        return sum(each.bit_count() for each in signs)

    twice = [row for row in rows for _ in range(2 if 50 <= int(str(row["available_at"])) < 70 else 1)]
    cut = sorted(map(apart, twice))[min(24, len(twice)) - 1]
    ranked = sorted((apart(row), str(row["document_id"])) for row in twice if apart(row) <= cut)
    ids = list(dict.fromkeys(name for _, name in ranked))
    return Candidates(ids[:6], len(ids))
