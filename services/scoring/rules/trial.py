"""What rules would do to what was archived: how many opinions of which rule, examples, and what that makes of means.

Compared is what stands in the archive, without what rules of then did to weights, with the same under the rules tried.
What a rule of then set (event, sentiment) stays set: the model's own answer is not kept there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from services.scoring.rules.rule import Rules
from services.scoring.rules.speaking import Speakers
from shared.clock import to_iso
from shared.contract.archive import DOCUMENTS, OPINIONS
from shared.contract.events import MICRO, SCHEMA, Document, InvalidMessage, Opinion, decode_document
from shared.contract.weighing import contribution
from shared.event_classes.selection import event_words
from shared.reading.archive.candidates import deletions, rows_of
from shared.reading.archive.document import heard_of
from shared.reading.archive.tables import ArchiveTables, all_of
from shared.reading.deleted import is_gone

AT_ONCE: Final = 1_000  # documents
COMPANIES: Final = 10  # whose means are shown: those that move most
MOST_DOCUMENTS: Final = 50_000


class Stretch(NamedTuple):
    """Which documents are looked at: `available_at` in [begin, end); of more than `most` the newest."""

    begin: int | None = None
    end: int | None = None
    most: int = MOST_DOCUMENTS


@dataclass(slots=True)
class _Tally:
    """What one rule did."""

    documents: set[str] = field(default_factory=set)
    opinions: int = 0
    companies: set[str] = field(default_factory=set)
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class _Mean:
    """Sums of a company: weight and score before, and after."""

    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)

    def told(self, company: str) -> dict[str, Any]:
        return {"company": company, "sentiment": _mean(*self.before), "sentiment_after": _mean(*self.after)}


def try_rules(tables: ArchiveTables, rules: Rules, stretch: Stretch, examples: int = 3) -> dict[str, Any]:
    """Raises NoArchive where there is none."""
    tables.connection()
    speakers, tallies = Speakers(rules), {rule.name: _Tally() for rule in rules.rules}
    means: dict[str, _Mean] = {}
    seen = {"documents": 0, "documents_matched": 0, "opinions": 0, "dropped": 0, "lighter": 0, "set": 0, "flagged": 0}
    for document, heard in _archived(tables, stretch):
        plain = [_unruled(opinion) for opinion in heard]
        seen["documents"] += 1
        seen["opinions"] += len(plain)
        ruled = speakers.applied(document, plain)
        seen["documents_matched"] += any(each.spoke for each in ruled)
        for before, after in zip(plain, ruled, strict=True):
            _add(means.setdefault(before.company, _Mean()), before, after)
            seen["dropped"] += after.dropped
            seen["lighter"] += not after.dropped and after.weight_left != MICRO
            seen["set"] += _said(before) != _said(after)
            seen["flagged"] += bool(after.flags)
            for name in after.spoke:
                _note(tallies[name], document, before, after, examples)
    moved = [mean.told(company) for company, mean in means.items() if mean.before != mean.after]
    moved.sort(key=lambda row: (-abs(row["sentiment_after"] - row["sentiment"]), row["company"]))
    told = [_rule(rule.name, rule.does, tallies[rule.name]) for rule in rules.rules]
    return {"rules": rules.digest, **seen, "by_rule": told, "companies": moved[:COMPANIES]}


def _archived(tables: ArchiveTables, stretch: Stretch) -> Iterator[tuple[Document, list[Opinion]]]:
    """Newest first, each once; without what is gone at its source, and what nobody read."""
    first = f"available_at >= {stretch.begin}" if stretch.begin is not None else ""
    last = f"available_at < {stretch.end}" if stretch.end is not None else ""
    found = tables.rows(DOCUMENTS, ["document_id", "available_at"], all_of("document_id IS NOT NULL", first, last))
    rows = found.to_pylist() if found is not None else []
    rows.sort(key=lambda row: (-row["available_at"], row["document_id"]))
    names = [name for name in dict.fromkeys(row["document_id"] for row in rows) if not name.startswith("-")]
    names = names[: stretch.most]
    for start in range(0, len(names), AT_ONCE):
        yield from _read(tables, names[start : start + AT_ONCE])


def _read(tables: ArchiveTables, names: Sequence[str]) -> Iterator[tuple[Document, list[Opinion]]]:
    documents: dict[str, Document] = {}
    for row in rows_of(tables, DOCUMENTS, names, ["value"]):
        try:
            document = decode_document(row["value"])
        except InvalidMessage:
            continue
        if isinstance(document, Document):
            documents.setdefault(document.id, document)
    heard: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(tables, OPINIONS, names, ["value"], "kind = 'opinion'"):
        heard.setdefault(row["document_id"], []).append(row)
    gone = deletions(tables, [each.item for each in documents.values()])
    for name in names:
        known = documents.get(name)
        if known is not None and name in heard and not is_gone(known.item, known.available_at, gone):
            yield known, heard_of(heard[name])


def _unruled(opinion: Opinion) -> Opinion:
    return msgspec.structs.replace(
        opinion, schema=SCHEMA, rules="", spoke=(), flags=(), dropped=False, weight_left=MICRO
    )


def _said(opinion: Opinion) -> tuple[Any, ...]:
    return opinion.event, opinion.negative, opinion.neutral, opinion.positive, opinion.rumour


def _add(mean: _Mean, before: Opinion, after: Opinion) -> None:
    was, now = contribution(before), contribution(after)
    mean.before = mean.before[0] + was.weight, mean.before[1] + was.score
    mean.after = mean.after[0] + now.weight, mean.after[1] + now.score


def _note(tally: _Tally, document: Document, before: Opinion, after: Opinion, examples: int) -> None:
    tally.opinions += 1
    tally.companies.add(before.company)
    if document.id in tally.documents or len(tally.documents) >= examples:
        tally.documents.add(document.id)
        return
    tally.documents.add(document.id)
    tally.examples.append(
        {
            "document": document.id,
            "company": before.company,
            "available_at": to_iso(document.available_at),
            "source": document.source,
            "text": " ".join((document.title or document.text).split())[:200],
            "before": _plain(before),
            "after": _plain(after),
        }
    )


def _plain(opinion: Opinion) -> dict[str, Any]:
    return {
        "sentiment": (opinion.positive - opinion.negative) / MICRO,
        "weight": contribution(opinion).weight / MICRO,
        "event": opinion.event_class or None,
    }


def _rule(name: str, does: str, tally: _Tally) -> dict[str, Any]:
    counts = {"documents": len(tally.documents), "opinions": tally.opinions, "companies": len(tally.companies)}
    return {"rule": name, "does": does, **counts, "examples": tally.examples}


def _mean(weight: int, score: int) -> float:
    return round(score / weight, 6) if weight else 0.0


def example_words(example: dict[str, Any]) -> str:
    """An example as one line."""
    before, after = example["before"], example["after"]
    changed = []
    if before["weight"] != after["weight"]:
        changed.append(f"weight {before['weight']:.2f} to {after['weight']:.2f}")
    if before["sentiment"] != after["sentiment"]:
        changed.append(f"sentiment {before['sentiment']:+.2f} to {after['sentiment']:+.2f}")
    if before["event"] != after["event"]:
        changed.append(f"event {event_words(before['event'] or 'none')} to {event_words(after['event'] or 'none')}")
    what = ", ".join(changed) or "flagged"
    return f"{example['available_at']}  {example['company']:8} {what}: {example['text'][:120]}"
