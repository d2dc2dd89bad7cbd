"""`bellwether feedback …`: what people said of the model's answers, to look at and to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from services.commands.analyst.review import labels_in
from services.commands.options import Json, Limit, State, count, note, say, settings_of

if TYPE_CHECKING:
    from shared.contract.feedback.label import Label
    from shared.contract.feedback.resolution import Resolution
    from shared.settings import Settings

feedback_app = typer.Typer(help="What people said of the model's answers.", no_args_is_help=True)


@feedback_app.command("list")
def list_feedback(limit: Limit = 100, state: State = None, as_json: Json = False) -> None:
    """List what people said, by question: an answer stands where one said it, two agree, or a third decided."""
    from shared.contract.feedback.resolution import resolutions
    from shared.reading.review.shown import resolution_row

    found = list(resolutions(every_label(settings_of(state))).values())
    rows = [resolution_row(each) for each in found][:limit]
    say(rows, map(_words, found[:limit]), as_json=as_json)
    if not as_json:
        settled = sum(each.settled for each in found)
        note(f"{count(len(found), 'question')}, {settled:,} with an answer")


def every_label(settings: Settings) -> list[Label]:
    """Of the topic, and what waits to get there; of Redis alone where Kafka does not answer."""
    from shared.clients.redis import connect
    from shared.reading.offsets import KafkaUnreachable
    from shared.reading.review import feedback_topic

    with connect(settings.redis) as client:
        labels = labels_in(client)
        try:
            return feedback_topic.every_label(settings.kafka, labels)
        except KafkaUnreachable as error:
            note(f"{error}; taking the labels that Redis has")
            return labels.all()


def _words(found: Resolution) -> str:
    votes = ", ".join(f"{name}: {said or 'unsure'}" for name, said in found.votes.items())
    return f"{found.state:8}  {' '.join(found.asked):48}  {found.answer or '-'}  ({votes})"
