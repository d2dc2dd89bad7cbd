"""Search over 500,000 documents: how long a question takes, by words and by meaning, with filters and without.

python -m benchmarks.search [--documents 500000] [--questions 20] [--folder FOLDER] [--json]

Documents, opinions and embeddings are drawn (words by Zipf's law), archived by the worker's own code, indexed by its
upkeep. Each kind of question is asked with different words; the first of each kind is left out. Beside each the same
question as LanceDB alone answers it (`plain`), and CPU time, of which a busy machine changes less. What is made in
FOLDER is used again by the next run.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables, modest
from services.archive.upkeep import Upkeep
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clients.redis import connect
from shared.clock import MINUTE
from shared.contract.archive import DOCUMENTS, OPINIONS, READINGS
from shared.contract.events import Document, Opinion, Origin, encode
from shared.contract.readings import Reading, encode_reading
from shared.contract.topics import Topics
from shared.reading.archive.search import Meaning, Question, search
from shared.reading.archive.tables import ArchiveTables, all_of, quoted
from shared.settings import RedisSettings, load_settings

START: Final = 1_700_000_000_000_000
DIMENSIONS: Final = 384
BATCH: Final = 10_000
EVENTS: Final = ("earnings_beat", "rating_up", "commentary", "lawsuit", "ipo")


class Drawn:
    """Documents with an opinion and a reading each."""

    def __init__(self, seed: int = 1) -> None:
        self.draw = random.Random(seed)
        self.words = [f"word{number}" for number in range(50_000)]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(self.words))))

    def records(self, first: int, count: int) -> list[Recorded]:
        found = []
        for number in range(first, first + count):
            at, name = START + number * MINUTE, f"{number * 7919 % 10**9:032x}"
            text = " ".join(self.draw.choices(self.words, cum_weights=self._weights, k=60))
            document = Document(
                id=name, channel="news", source="drawn", text=text, published_at=at, received_at=at, available_at=at
            )
            found.append(Recorded("documents.news", 0, number, name.encode(), encode(document), timestamp=at / 1e6))
            found += [self._opinion(number, name, at), self._reading(number, name, at)]
        return found

    def _opinion(self, number: int, name: str, at: int) -> Recorded:
        positive = self.draw.randrange(1_000_001)
        opinion = Opinion(
            origin=Origin("T", 0, number), document_id=name, company=f"C{self.draw.randrange(500)}",
            relevance=1_000_000, channel="news", source="drawn", story=name[:16], published_at=at, available_at=at,
            negative=0, neutral=1_000_000 - positive, positive=positive, event=self.draw.choice(EVENTS), model="M",
            companies=1,
        )  # fmt: skip
        return Recorded("opinions", 0, number, opinion.company.encode(), encode(opinion), timestamp=at / 1e6)

    def _reading(self, number: int, name: str, at: int) -> Recorded:
        packed = self.draw.randbytes(DIMENSIONS)
        reading = Reading(
            origin=Origin("T", 0, number), document_id=name, available_at=at, model="M", embedding=packed, scale=1
        )
        return Recorded("readings", 0, number, name.encode(), encode_reading(reading), timestamp=at / 1e6)

    def common(self) -> str:
        return self.words[self.draw.randrange(20, 200)]

    def rare(self) -> str:
        return self.words[self.draw.randrange(2_000, 20_000)]


def questions(drawn: Drawn, documents: int, each: int) -> dict[str, list[Question]]:
    """So many of each kind, and one more."""
    end = START + documents * MINUTE
    week = end - 7 * 24 * 60 * MINUTE

    def meaning() -> Meaning:
        return Meaning("M", drawn.draw.randbytes(DIMENSIONS), 1)

    made: dict[str, Any] = {
        "a rare word": lambda: Question(drawn.rare()),
        "two common words": lambda: Question(f"{drawn.common()} {drawn.common()}"),
        "a common word, one company": lambda: Question(drawn.common(), company=f"C{drawn.draw.randrange(500)}"),
        "a common word, a week, an event": lambda: Question(drawn.common(), event="ipo", begin=week, end=end),
        "a common word, positive": lambda: Question(drawn.common(), sentiment="positive"),
        "a common word, one channel": lambda: Question(drawn.common(), channel="news"),
        "by meaning": lambda: Question(meaning=meaning(), by="meaning"),
        "by meaning, one company": lambda: Question(
            meaning=meaning(), by="meaning", company=f"C{drawn.draw.randrange(500)}"
        ),
        "by both": lambda: Question(drawn.common(), meaning=meaning(), by="both"),
        "by meaning, a week": lambda: Question(meaning=meaning(), by="meaning", begin=week, end=end),
    }
    return {name: [make() for _ in range(each + 1)] for name, make in made.items()}


def plain(tables: ArchiveTables, question: Question) -> list[Any]:
    """What LanceDB alone gives: by words the twenty best by BM25 of the thousand best, those without such an opinion
    taken away afterwards; by meaning the twenty nearest of all embeddings, multiplied by numpy. Neither counts what
    matches, nor gives texts, nor looks for what was deleted."""
    times = all_of(
        f"available_at >= {question.begin}" if question.begin is not None else "",
        f"available_at < {question.end}" if question.end is not None else "",
    )
    if question.meaning is not None:
        found = tables.rows(READINGS, ["document_id", "embedding"], times)
        rows = np.frombuffer(b"".join(found.column("embedding").to_pylist()), np.int8).reshape(-1, DIMENSIONS)
        near = rows @ np.frombuffer(question.meaning.embedding, np.int8).astype(np.float32)
        return list(found.column("document_id").take(np.argsort(-near)[: question.limit]).to_pylist())
    from lancedb.query import FullTextOperator, MatchQuery  # after modest()

    words = MatchQuery(question.text, "words", operator=FullTextOperator.AND)  # type: ignore[call-arg]
    query = tables.pinned(DOCUMENTS).search(words, query_type="fts").limit(1_000)
    best = (query.where(times, prefilter=True) if times else query).select(["document_id", "_score"]).to_list()
    told = {"company": question.company, "event": question.event, "label": question.sentiment}
    conditions = all_of(*(f"{column} = {quoted(value)}" for column, value in told.items() if value), times)
    if any(told.values()):
        heard = set(tables.rows(OPINIONS, ["document_id"], conditions).column("document_id").to_pylist())
        best = [each for each in best if each["document_id"] in heard]
    return list(best[: question.limit])


def measured(tables: ArchiveTables, asked: list[Question]) -> dict[str, float]:
    """Milliseconds; each question is asked of us and of the peer."""
    took, peer, spent = [], [], []
    for question in asked:
        began, cpu = time.perf_counter(), time.process_time()
        search(tables, question)
        took.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
        began = time.perf_counter()
        plain(tables, question)
        peer.append((time.perf_counter() - began) * 1000)
    found = {"p50_ms": _at(took, 0.5), "p95_ms": _at(took, 0.95), "cpu_p95_ms": _at(spent, 0.95)}
    return found | {"peer_p50_ms": _at(peer, 0.5), "peer_p95_ms": _at(peer, 0.95)}


def _at(took: list[float], share: float) -> float:
    """Of all but the first."""
    return round(sorted(took[1:])[int(share * (len(took) - 1))], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=500_000)
    parser.add_argument("--questions", type=int, default=20, help="of each kind")
    parser.add_argument("--folder", type=Path, help="where the archive is made, and used again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    modest()
    with tempfile.TemporaryDirectory(prefix="bellwether-search-") as folder:
        found = run(given.folder or Path(folder), given.documents, given.questions)
    for name, value in found.items() if not given.json else ():
        sys.stdout.write(f"{name}: {value}\n")
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")


def _filled(tables: Tables, drawn: Drawn, documents: int) -> float:
    """Seconds that adding took."""
    rows = Rows(tables_of(Topics()), dict.fromkeys(tables_of(Topics()), "T"))
    adding = 0.0
    for first in range(0, documents, BATCH):
        made = rows.of(drawn.records(first, min(BATCH, documents - first)))
        started = time.perf_counter()
        tables.add(made)
        adding += time.perf_counter() - started
    return adding


def made(folder: Path, documents: int) -> dict[str, Any]:
    """An archive in `folder`, indexed; what making it took. One that is there stays."""
    note = folder / "made.json"
    if note.exists():
        return dict(json.loads(note.read_text()))
    server = EmbeddedRedis(folder / "redis")
    server.start()  # before LanceDB has threads
    try:
        tables = Tables(ArchiveTables(str(folder / "archive")))
        adding = _filled(tables, Drawn(), documents)
        started = time.perf_counter()
        with connect(RedisSettings(url=server.url)) as client:
            Upkeep(tables, client, load_settings(folder / "state", run="benchmark")).round()
        indexing = time.perf_counter() - started
    finally:
        server.kill()
    size = sum(file.stat().st_size for file in (folder / "archive").rglob("*") if file.is_file())
    found = {"documents": documents, "rows_per_s": round(3 * documents / adding), "first_index_s": round(indexing, 1)}
    found |= {"archive_bytes": size}
    note.write_text(json.dumps(found))
    return found


def run(folder: Path, documents: int, each: int) -> dict[str, Any]:
    began = time.perf_counter()
    found = made(folder, documents)
    archive = ArchiveTables(str(folder / "archive"))
    prepared = round(time.perf_counter() - began, 1)
    measures = {}
    for name, some in questions(Drawn(seed=2), found["documents"], each).items():
        measures[name] = measured(archive, some)
        sys.stderr.write(f"{name}: {measures[name]}\n")  # a run that is cut has said so much
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found | {"prepared_s": prepared, "peak_mb": peak} | measures


if __name__ == "__main__":
    main()
