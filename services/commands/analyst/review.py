"""`bellwether review …`: the answers of the model that people should look at, and what they say of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.access.audit import account
from services.commands.labels import labels_in
from services.commands.options import BoundedLimit, Company, Json, OptionError, Run, State, note, say, settings_of

if TYPE_CHECKING:
    from shared.contract.feedback.label import Aspect

review_app = typer.Typer(help="Correct the model: what to look at, and what is right.", no_args_is_help=True)

Who = Annotated[str | None, typer.Option("--reviewer", help="Who answers (default: the account of this machine).")]


@review_app.command("list")
def list_questions(
    aspect: Annotated[str | None, typer.Option("--aspect", help="Only sentiment, event or link.")] = None,
    company: Company = None,
    reviewer: Who = None,
    limit: BoundedLimit = 20,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """List the questions whose answers would help most: uncertain, of weight, and unlike what was answered before."""
    from shared.clients.redis import connect
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.review.queue import Seen
    from shared.reading.review.shown import review, rows

    settings = settings_of(state, run)
    chosen = _aspect(aspect) if aspect else None
    with connect(settings.redis) as client:
        seen = Seen(labels_in(client).resolutions(), reviewer or account())
    found = list(rows(review(ArchiveTables.of(settings), seen, limit, chosen, _company(company) if company else "")))
    say(found, _words(found), as_json=as_json)
    if not found and not as_json:
        note("nothing to review: there are no newer documents, or you have answered all that was asked")


@review_app.command("answer")
def answer(
    document: Annotated[str, typer.Argument(help="Id of the document.")],
    aspect: Annotated[str, typer.Argument(help="sentiment, event or link.")],
    said: Annotated[
        str,
        typer.Argument(
            metavar="ANSWER",
            help="right, unsure, or what is right: negative, neutral, positive; an event class; the company "
            "that is meant or none.",
        ),
    ],
    company: Annotated[str | None, typer.Option("--company", help="Whose sentiment or link (default: none's).")] = None,
    reviewer: Who = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Answer one question. No count changes; the label goes to the topic `feedback`, and into the audit log."""
    from shared.clients.redis import connect
    from shared.clock import SystemClock
    from shared.contract.events import MARKET
    from shared.contract.feedback.label import Asked
    from shared.contract.feedback.resolution import resolve
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.readers.audit import AuditLog
    from shared.reading.review.answering import Reviewer, label_of, question_about
    from shared.reading.review.shown import resolution_row
    from shared.universe.securities import Catalogue

    settings, clock = settings_of(state, run), SystemClock()
    chosen = _aspect(aspect)
    asked = Asked(document, chosen, "" if chosen == "event" else _company(company or MARKET))
    question = question_about(ArchiveTables.of(settings), asked)
    who = Reviewer(reviewer or account(), "command", settings.run)
    label = label_of(question, said, who, Catalogue.load(), clock.now())
    with connect(settings.redis) as client:
        log, labels = AuditLog(client, clock), labels_in(client)
        target, detail = " ".join(asked).strip(), f"{label.said} -> {label.answer or 'unsure'}"
        if who.name != account():
            detail += f", as {who.name}"
        labels.add(label, log.entry(account(), "command", "review answer", "done", target=target, detail=detail))
        found = resolve(asked, (each for each in labels.all() if each.asked == asked))
    stands = found.answer or "no answer yet" if found.state != "disputed" else "disputed: a third has to decide"
    say(resolution_row(found), f"{found.state}: {stands}", as_json=as_json)


def _aspect(text: str) -> Aspect:
    """Raises OptionError."""
    from shared.reading.review.answering import BadAnswer, aspect_of

    try:
        return aspect_of(text)
    except BadAnswer as error:
        raise OptionError(str(error)) from None


def _company(text: str) -> str:
    """The id that is meant; of what the catalogue does not know, the text itself: the archive may."""
    from shared.contract.events import MARKET
    from shared.universe.securities import Catalogue

    if text == MARKET:
        return text
    catalogue = Catalogue.load()
    found = catalogue.by_id.get(text) or catalogue.resolve(text)
    return found.id if found else text


def _words(found: list[dict[str, Any]]) -> Iterator[str]:
    """A document once, its questions below it."""
    last = ""
    for row in found:
        if row["document_id"] != last:
            last = row["document_id"]
            yield f"{last}  {row['available_at']}  {' '.join((row['title'] or row['text']).split())[:100]}"
        about = f"{row['aspect']} {row['company'] or ''}".strip()
        others = ", ".join(f"{each['answer']} {each['probability']:.2f}" for each in row["others"])
        told = f"    {about:20} {row['said']} {row['probability']:.2f}"
        yield f"{told}{f' ({others})' if others else ''}  priority {row['priority']:.3f}, {row['state']}"
