"""Ask against questions whose evidence is known: is it found, shown, cited, refused, counted, and how fast.

python -m benchmarks.ask --questions FILE.jsonl --corpus STORIES.jsonl.gz --from 2031-01-01 --to 2031-06-30
                         [--model NAME] [--archive FOLDER] [--copies N] [--json]

The corpus is archived by the workers' own code (benchmarks/asking/corpus.py) and indexed by the archive's upkeep; with
--archive it is kept, and taken again where it is there. `--copies 12` lays twelve copies of the corpus of other years
beside it, for the time that an answer takes. Files that are absent: it says so, and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.asking.corpus import Row, archive, opened, stories
from benchmarks.asking.marks import marks
from services.archive.tables import modest
from services.archive.upkeep import Upkeep
from services.embedded.redis import EmbeddedRedis
from services.model.engine import build_engine
from shared.asking.ask import Asker
from shared.asking.reply import Request
from shared.clients.redis import connect
from shared.reading.archive.tables import ArchiveTables
from shared.settings import ModelSettings, RedisSettings
from shared.universe.securities import Catalogue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--from", dest="first", required=True)
    parser.add_argument("--to", dest="last", required=True)
    parser.add_argument("--model", default="", help="reads the corpus, as stub; '' leaves it unread")
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--copies", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    absent = [path for path in (given.questions, given.corpus) if not path.exists()]
    if absent:
        sys.stdout.write(f"skipped: {absent[0]} is not there\n")
        return
    modest()
    with tempfile.TemporaryDirectory(prefix="bellwether-ask-") as folder:
        found = run(given, given.archive or Path(folder) / "archive", Path(folder))
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, value in found.items():
        sys.stdout.write(f"{name}: {value}\n")


def run(given: argparse.Namespace, folder: Path, beside: Path) -> dict[str, Any]:
    rows = stories(given.corpus, given.first, given.last)
    tables = _archived(rows, given, folder, beside)
    questions = [json.loads(line) for line in given.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    told, took = _asked(questions, Asker(tables, Catalogue.load()), given.last)
    texts = {row["external_id"]: f"{row['title']}\n{row['text']}" for row in rows}
    times = sorted(took[1:])
    return {
        "documents": tables.rows("documents", ["document_id"]).num_rows,
        "p50_ms": round(1000 * times[len(times) // 2], 1),
        "p95_ms": round(1000 * times[int(0.95 * len(times))], 1),
        **marks(questions, told, texts),
    }


def _archived(rows: Sequence[Row], given: argparse.Namespace, folder: Path, beside: Path) -> ArchiveTables:
    if folder.exists():
        return opened(folder)[0]
    server = EmbeddedRedis(beside / "redis")
    server.start()  # before LanceDB has threads
    try:
        engine = build_engine(ModelSettings(name=given.model)) if given.model else None
        tables, writing = opened(folder)
        archive(rows, writing, engine)
        for copy in range(1, given.copies + 1):
            archive([_older(row, copy) for row in rows], writing, engine)
        with connect(RedisSettings(url=server.url)) as client:
            Upkeep(writing, client, "benchmark").round()
    finally:
        server.kill()
    return tables


def _older(row: Row, years: int) -> Row:
    """The same story of a former year."""
    day = str(row["published_at"])
    return row | {
        "external_id": f"{row['external_id']}-{years}",
        "published_at": f"{int(day[:4]) - years}{day[4:]}".replace("-02-29", "-02-28"),
    }


def _asked(questions: Sequence[Row], asker: Asker, last: str) -> tuple[list[Row], list[float]]:
    """Every question, those that follow another behind it; seconds of each."""
    talks: dict[str, tuple[str, ...]] = {}
    told, took = [], []
    for question in questions:
        before = talks[question["after"]] if question["after"] else ()
        began = time.perf_counter()
        reply = asker.ask(Request(question["question"], question["asked_at"] or last, before))
        took.append(time.perf_counter() - began)
        talks[question["id"]] = (*before, question["question"])
        quotes = [{"text": each.text, "external_id": each.external_id} for each in reply.quotes]
        told.append(
            {"refused": reply.refused, "answer": reply.answer, "quotes": quotes, "count": reply.count}
            | {"value": reply.value, "retrieved": reply.retrieved}
        )
    return told, took


if __name__ == "__main__":
    main()
