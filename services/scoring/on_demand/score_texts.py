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


Clean = Callable[[str], str]
Refuse = Callable[[int, str, str, str], None]  # line, reason, detail, the row as read


def read_texts(path: Path, refuse: Refuse | None = None, clean: Clean = str.strip) -> Iterator[str]:
    """Texts of a file: .jsonl and .csv by their `text` (and `title`) column, anything else one document a line; each
    as `clean` leaves it, as ingest does (services/ingest/documents/cleaning.py).

    A row that cannot be read is given to `refuse`, and the next one is read; without `refuse`, and where the file as a
    whole is no such file, UnreadableTexts is raised.
    """
    if not path.is_file():
        raise UnreadableTexts(f"{path}: no such file")
    refuse = refuse or _raising(path)
    with path.open(
        encoding="utf-8-sig", errors="surrogateescape", newline="" if path.suffix == ".csv" else None
    ) as file:
        if path.suffix == ".csv":
            yield from _csv(path, file, refuse, clean)
        elif path.suffix in {".jsonl", ".ndjson"}:
            yield from _json_lines(file, refuse, clean)
        else:
            yield from lines(file, refuse, clean)


def _raising(path: Path) -> Refuse:
    def refuse(line: int, _reason: str, detail: str, _row: str) -> None:
        raise UnreadableTexts(f"{path}: line {line} is {detail}")

    return refuse


def lines(file: TextIO, refuse: Refuse, clean: Clean = str.strip) -> Iterator[str]:
    """Non-empty lines."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        if not _is_utf8(line):
            refuse(number, "undecodable", "not UTF-8; convert the file first", line)
        elif text := clean(line).strip():
            yield text
        else:
            refuse(number, "empty", "without a text", line)


def _csv(path: Path, file: TextIO, refuse: Refuse, clean: Clean) -> Iterator[str]:
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.DictReader(file)
    if "text" not in (reader.fieldnames or ()):
        raise UnreadableTexts(f"{path}: no column named text (there: {', '.join(reader.fieldnames or ()) or 'none'})")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            refuse(reader.line_num, "undecodable", f"not CSV ({error})", "")
            continue
        cells: list[str] = [str(cell) for cell in row.values() if cell is not None]
        if None in row:
            refuse(
                reader.line_num, "undecodable", "not a row of this table: it has more cells than columns", repr(cells)
            )
        elif not _is_utf8("".join(cells)):
            refuse(reader.line_num, "undecodable", "not UTF-8; convert the file first", ",".join(cells))
        elif text := _joined(row, clean):
            yield text
        else:
            refuse(reader.line_num, "empty", "without a text", ",".join(cells))


def _json_lines(file: TextIO, refuse: Refuse, clean: Clean) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            refuse(number, "undecodable", f"not JSON ({error})", line)
            continue
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            refuse(number, "type", "not an object with a string named text", line)
        elif not _is_utf8(_joined(row, str.strip)):
            refuse(number, "undecodable", "not UTF-8; convert the file first", line)
        elif text := _joined(row, clean):
            yield text
        else:
            refuse(number, "empty", "without a text", line)


def _is_utf8(text: str) -> bool:
    """Whether no byte was read that is none of UTF-8's (errors="surrogateescape"), nor a lone surrogate of JSON."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def _joined(row: dict[str, Any], clean: Clean) -> str:
    title = " ".join(clean(str(row.get("title") or "")).split())
    return join_text(title, clean(str(row.get("text") or "")))


def _plain(linked: LinkResult, answer: Answer, catalogue: Catalogue) -> dict[str, Any]:
    said: dict[str, Any] = {"document": _chances(answer.document), "companies": []}
    roles = answer.roles or [None] * len(linked.links)
    for link, sentiment, role in zip(linked.links, answer.companies, roles, strict=True):
        company = catalogue.by_id.get(link.company)
        said["companies"].append(
            {
                "company": link.company,
                "ticker": company.ticker if company else "",
                "name": company.name if company else "",
                "relevance": link.relevance / MICRO,
                **_chances(sentiment),
                **({} if role is None else {"role": role or None}),
            }
        )
    if answer.event:
        said |= {"event": answer.event, "event_probability": answer.event_probability / MICRO}
    if answer.second_event:
        said |= {"second_event": answer.second_event, "second_probability": answer.second_probability / MICRO}
    if answer.rumour is not None:
        said["rumour"] = answer.rumour
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
        document, *companies = explain_each(*loaded[name], linked.text, targets)
        named = {link.company: said for link, said in zip(linked.links, companies, strict=True)}
        return {
            "document": _shares(document),
            "companies": {company: _shares(said) for company, said in named.items()},
            "answers": {  # the classes that a positive share speaks for
                "document": document.answer,
                "companies": {company: said.answer for company, said in named.items()},
            },
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
