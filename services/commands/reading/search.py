"""`bellwether search`: what was written, by words, by meaning, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import (
    Begin,
    BoundedLimit,
    Company,
    End,
    Json,
    OpinionEvent,
    OptionError,
    Run,
    State,
    between,
    channel_of,
    event_of,
    note,
    say,
)
from services.commands.options import settings_of as _settings_of
from services.commands.then import AsOf, moment_of

if TYPE_CHECKING:
    from shared.reading.archive.search import By, Found, Label, Meaning
    from shared.settings import Settings


def search(
    text: Annotated[str, typer.Argument(help="Words to look for, or a sentence whose meaning is looked for.")],
    company: Company = None,
    event: OpinionEvent = None,
    begin: Begin = None,
    end: End = None,
    channel: Annotated[str | None, typer.Option("--channel", help="news or social.")] = None,
    sentiment: Annotated[
        str | None, typer.Option("--sentiment", help="Only with a positive, neutral or negative opinion.")
    ] = None,
    semantic: Annotated[bool, typer.Option("--semantic", help="By meaning instead of words: --by meaning.")] = False,
    by: Annotated[str, typer.Option("--by", help="words, meaning or both.")] = "words",
    limit: BoundedLimit = 20,
    as_of: AsOf = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Search everything that was archived; filters are exact, and equal scores are ordered by id."""
    from shared.contract.events import MICRO
    from shared.reading.archive.search import Question
    from shared.reading.archive.search import search as searched
    from shared.reading.archive.tables import ArchiveTables

    settings = _settings_of(state, run)
    chosen = _by("meaning" if semantic else by)
    first, last = between(begin, end)
    meaning = _meaning(settings, text) if chosen != "words" else None
    if chosen != "words" and meaning is None:
        note(f"the model {settings.model.name} gives no embeddings: searched by words")
        chosen = "words"
    question = Question(
        text=text,
        meaning=meaning,
        by=chosen,
        company=company or "",
        event=event_of(event),
        sentiment=_label(sentiment),
        channel=channel_of(channel) if channel else "",
        begin=first,
        end=last,
        known_before=moment_of(as_of),
        limit=limit,
    )
    answer = searched(ArchiveTables.of(settings), question)
    values = {
        "run": settings.run,
        "by": chosen,
        "matches": answer.matches,
        "scored": answer.scored,
        "documents": [_plain(found) for found in answer.found],
    }
    words = (_line(each, each.score / MICRO) for each in answer.found)
    say(values, words, as_json=as_json)
    if not as_json:
        note(f"{answer.matches:,} match, {answer.scored:,} scored")


def _by(text: str) -> By:
    from shared.reading.archive.search import WAYS

    for way in WAYS:
        if way == text:
            return way
    raise OptionError(f"--by {text}: use words, meaning or both")


def _label(text: str | None) -> Label | Any:
    from shared.reading.archive.search import LABELS

    if text is None:
        return ""
    for label in LABELS:
        if label == text:
            return label
    raise OptionError(f"--sentiment {text}: use one of: {', '.join(LABELS)}")


def _meaning(settings: Settings, text: str) -> Meaning | None:
    """The embedding of a question by the configured model; None where it gives none."""
    from services.model.engine import build_engine
    from services.model.interface import Request
    from shared.reading.archive.search import Meaning

    answer = build_engine(settings.model).score([Request(text)])[0]
    return Meaning(answer.model, answer.packed, answer.scale) if answer.packed else None


def _plain(found: Found) -> dict[str, Any]:
    from shared.clock import to_iso
    from shared.contract.events import MICRO

    document = found.document
    return {
        "id": document.id,
        "score": found.score / MICRO,
        "words": None if found.words is None else found.words / MICRO,
        "meaning": None if found.meaning is None else found.meaning / MICRO,
        "channel": document.channel,
        "source": document.source,
        "title": document.title,
        "text": document.text,
        "url": document.url,
        "language": document.language,
        "published_at": to_iso(document.published_at),
        "available_at": to_iso(document.available_at),
        "synthetic": document.synthetic,
        "opinions": [
            {
                "company": opinion.company,
                "negative": opinion.negative / MICRO,
                "neutral": opinion.neutral / MICRO,
                "positive": opinion.positive / MICRO,
                "event": opinion.event_class,
            }
            for opinion in found.opinions
        ],
    }


def _line(found: Found, score: float) -> str:
    from shared.clock import to_iso

    companies = " ".join(opinion.company for opinion in found.opinions)
    said = (found.document.title or found.document.text).replace("\n", " ")[:100]
    return f"{score:.3f}  {to_iso(found.document.available_at)}  {companies:12} {said}"
