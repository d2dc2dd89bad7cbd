"""Scores texts outside the pipeline: the same linker and engine as the worker, answers as plain numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from services.model.interface import Answer, Engine, Request, Sentiment
from services.scoring.linking.linker import Linker, LinkResult, join_text
from shared.contract.events import MICRO
from shared.universe.securities import Catalogue

if TYPE_CHECKING:
    from services.model.explanation import Explanation

_BATCH = 256
_LARGEST_FIELD = 16_000_000


class UnreadableTexts(ValueError):
    """A file of texts that cannot be read as such; the message names it, the line and the remedy."""


Explainer = Callable[[LinkResult], dict[str, Any]]


def score_texts(
    texts: Iterable[str], engine: Engine, catalogue: Catalogue, explainer: Explainer | None = None
) -> Iterator[dict[str, Any]]:
    """One mapping per text, in order: `document` and `companies`, each with negative, neutral, positive in [0, 1].

    A company has `company` (its id), `ticker`, `name` and `relevance` in [0, 1] too; where the model has events,
    `event` and `event_probability` stand beside `document`. `unlinked` are cashtags of no known company; `model_id`
    names the model that read the text. With an `explainer`, `explanation` is what it says.
    """
    linker = Linker(catalogue)
    waiting = iter(texts)
    while batch := list(islice(waiting, _BATCH)):
        linked = [linker.link(text) for text in batch]
        requests = [Request(one.text, tuple(link.spans for link in one.links)) for one in linked]
        for one, answer in zip(linked, engine.score(requests), strict=True):
            said = _plain(one, answer, catalogue)
            yield said | {"explanation": explainer(one)} if explainer else said


def read_texts(path: Path) -> Iterator[str]:
    """Texts of a file: .jsonl and .csv by their `text` (and `title`) column, anything else one document a line.

    Raises UnreadableTexts.
    """
    if not path.is_file():
        raise UnreadableTexts(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8", newline="" if path.suffix == ".csv" else None) as file:
            if path.suffix == ".csv":
                yield from _csv(path, file)
            elif path.suffix in {".jsonl", ".ndjson"}:
                yield from _json_lines(path, file)
            else:
                yield from lines(file)
    except UnicodeDecodeError as error:
        raise UnreadableTexts(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); convert it first") from None


def lines(file: TextIO) -> Iterator[str]:
    """Non-empty lines."""
    return (line.strip() for line in file if line.strip())


def _csv(path: Path, file: TextIO) -> Iterator[str]:
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.DictReader(file)
    if "text" not in (reader.fieldnames or ()):
        raise UnreadableTexts(f"{path}: no column named text (there: {', '.join(reader.fieldnames or ()) or 'none'})")
    try:
        for row in reader:
            yield _joined(row)
    except csv.Error as error:
        raise UnreadableTexts(f"{path}: line {reader.line_num} is not CSV ({error})") from None


def _json_lines(path: Path, file: TextIO) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UnreadableTexts(f"{path}: line {number} is not JSON ({error})") from None
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise UnreadableTexts(f"{path}: line {number} is not an object with a string named text")
        yield _joined(row)


def _joined(row: dict[str, Any]) -> str:
    return join_text(str(row.get("title") or ""), str(row.get("text") or ""))


def _plain(linked: LinkResult, answer: Answer, catalogue: Catalogue) -> dict[str, Any]:
    said: dict[str, Any] = {"document": _chances(answer.document), "companies": []}
    for link, sentiment in zip(linked.links, answer.companies, strict=True):
        company = catalogue.by_id.get(link.company)
        said["companies"].append(
            {
                "company": link.company,
                "ticker": company.ticker if company else "",
                "name": company.name if company else "",
                "relevance": link.relevance / MICRO,
                **_chances(sentiment),
            }
        )
    if answer.event:
        said |= {"event": answer.event, "event_probability": answer.event_probability / MICRO}
    return said | {"unlinked": list(linked.unlinked), "model_id": answer.model}


def _chances(sentiment: Sentiment) -> dict[str, float]:
    return {
        "negative": sentiment.negative / MICRO,
        "neutral": sentiment.neutral / MICRO,
        "positive": sentiment.positive / MICRO,
    }


def load_explainer(model: str, packs: Mapping[str, str] | None = None) -> Explainer:
    """Says which words made the answers: `document`, and by company id `companies`, lists of {word, start, end, share}.

    A text is explained by the model that reads it: by one of `packs` (language to name) or by `model`. Works for
    Bellwether's own models; raises UnreadableTexts for a model of another kind. A model loads when it is first needed.
    """
    from services.model.explanation import explain_each
    from services.model.packs import language_of

    loaded: dict[str, tuple[Any, Any]] = {model: _explained(model)}

    def explainer(linked: LinkResult) -> dict[str, Any]:
        name = (packs or {}).get(language_of(Request(linked.text))) or model
        if name not in loaded:
            loaded[name] = _explained(name)
        targets = [None, *(link.spans for link in linked.links)]
        document, *companies = (_shares(one) for one in explain_each(*loaded[name], linked.text, targets))
        return {
            "document": document,
            "companies": {link.company: said for link, said in zip(linked.links, companies, strict=True)},
        }

    return explainer


def _explained(model: str) -> tuple[Any, Any]:
    """A model in float32, in evaluation mode, and its tokenizer."""
    import torch
    from transformers import AutoTokenizer

    from services.model.folders import OPINION, find_model, kind_of
    from services.model.opinion_model import OpinionModel

    folder = find_model(model)
    if kind_of(folder) != OPINION:
        raise UnreadableTexts(f"model {model!r}: only Bellwether's own models can be explained; leave out --explain")
    return OpinionModel.from_pretrained(folder, dtype=torch.float32), AutoTokenizer.from_pretrained(folder)


def _shares(explanation: Explanation) -> list[dict[str, Any]]:
    return [{"word": w.word, "start": w.span[0], "end": w.span[1], "share": w.share} for w in explanation.words]
