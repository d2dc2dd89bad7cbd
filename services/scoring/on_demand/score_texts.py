"""Scores texts outside the pipeline: the worker's linker, engine and rules, answers as plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from services.model.interface import Answer, Engine, Request, Sentiment
from services.scoring.linking.linker import Link, Linker, LinkResult
from services.scoring.on_demand.ruled import document_of, rule
from services.scoring.rules.speaking import Speakers
from services.scoring.unread import Readable
from shared.contract.events import MICRO, Channel
from shared.universe.securities import Catalogue

if TYPE_CHECKING:
    from services.model.explanation import Explanation

_BATCH = 256


class UnreadableTexts(ValueError):
    """Texts that a model cannot explain; the message says why."""


class Explainer(Protocol):
    def __call__(self, linked: LinkResult, about: str = "") -> dict[str, Any]:
        """Of everything that was answered; `about` a company: of this alone, where the text names it, and the event."""


@dataclass(frozen=True, slots=True)
class Given:
    """A text to score, and what is known of it: as much as the worker knows of a document."""

    text: str
    title: str = ""
    companies: tuple[str, ...] = ()  # ids that its source names
    day: date | None = None  # when its tickers are read; None: of all times
    language: str = ""  # BCP 47 primary tag; "" or "und": not known
    channel: Channel = "news"  # for rules, as the source's name
    source: str = ""


def score_texts(
    texts: Iterable[Given],
    engine: Engine,
    catalogue: Catalogue,
    explainer: Explainer | None = None,
    readable: Readable | None = None,
    about: str = "",
    rules: Speakers | None = None,
) -> Iterator[dict[str, Any]]:
    """One mapping per text, in order: `document` and `companies`, each with negative, neutral, positive in [0, 1].

    A company has `company` (its id), `ticker`, `name` and `relevance` in [0, 1] too; where the model has events,
    `event` and `event_probability` stand beside `document`. `unlinked` are cashtags of no known company; `model_id`
    names the model that read the text. With an `explainer`, `explanation` is what it says (`about` a company). A text
    that no model reads is no neutral one: `unscored` is its language, `document` is None, and nobody has a sentiment.
    With `rules` the answers are what these leave of them (services/scoring/on_demand/ruled.py).
    """
    linker = Linker.of(catalogue)
    waiting = iter(texts)
    while batch := list(islice(waiting, _BATCH)):
        linked = [linker.link(one.text, one.title, one.companies, one.day) for one in batch]
        requests = [
            Request(found.text, tuple(link.spans for link in found.links), one.language)
            for one, found in zip(batch, linked, strict=True)
        ]
        unread = [readable.unread(request) if readable else "" for request in requests]
        answers = iter(
            engine.score([request for request, foreign in zip(requests, unread, strict=True) if not foreign])
        )
        for one, found, foreign in zip(batch, linked, unread, strict=True):
            if foreign:
                yield _named(found, catalogue) | {"unscored": foreign}
                continue
            heard = next(answers)
            said = _plain(found, heard, catalogue)
            if rules is not None:
                seen = document_of(one.text, one.title, one.channel, one.source, one.language)
                said = rule(said, seen, found.links, heard, rules)
            yield said | {"explanation": explainer(found, about)} if explainer else said


def _named(linked: LinkResult, catalogue: Catalogue) -> dict[str, Any]:
    """What is known of a text that no model reads."""
    companies = [_company(link, catalogue) for link in linked.links]
    return {"document": None, "companies": companies, "unlinked": list(linked.unlinked), "model_id": ""}


def _company(link: Link, catalogue: Catalogue) -> dict[str, Any]:
    company = catalogue.by_id.get(link.company)
    return {
        "company": link.company,
        "ticker": company.ticker if company else "",
        "name": company.name if company else "",
        "relevance": link.relevance / MICRO,
    }


def _plain(linked: LinkResult, answer: Answer, catalogue: Catalogue) -> dict[str, Any]:
    roles = answer.roles or [None] * len(linked.links)
    said: dict[str, Any] = {
        "document": _chances(answer.document),
        "companies": [
            _company(link, catalogue) | _chances(sentiment) | ({} if role is None else {"role": role or None})
            for link, sentiment, role in zip(linked.links, answer.companies, roles, strict=True)
        ],
    }
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
    """Says which words made the answers: `document`, `event`, and by company id `companies`; lists of {word, start,
    end, share}, places in `text`, which is what was read. Rules have no words: these are for what the model answered.

    A text is explained by the model that reads it: by one of `packs` (language to name) or by `model`. Works for
    Bellwether's own models; raises UnreadableTexts for a model of another kind. A model loads when it is first needed.
    """
    from services.model.explanation import EVENT, explain_each
    from services.model.packs import language_of

    loaded: dict[str, tuple[Any, Any]] = {model: _explained(model)}

    def explainer(linked: LinkResult, about: str = "") -> dict[str, Any]:
        name = (packs or {}).get(language_of(Request(linked.text))) or model
        if name not in loaded:
            loaded[name] = _explained(name)
        links = [link for link in linked.links if about in ("", link.company)]
        whole = [] if about and links else [None]  # each answer costs a way back through the encoder
        found = explain_each(*loaded[name], linked.text, [*whole, EVENT, *(link.spans for link in links)])
        document = found.pop(0) if whole else None
        event, *companies = found
        named = {link.company: said for link, said in zip(links, companies, strict=True)}
        return {
            "text": linked.text,
            "document": _shares(document) if document else None,
            "event": _shares(event),
            "companies": {company: _shares(said) for company, said in named.items()},
            "answers": {  # the classes that a positive share speaks for
                "document": document.answer if document else None,
                "event": event.answer,
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
