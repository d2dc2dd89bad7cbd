"""`bellwether feedback …`: what people said of the model's answers, to look at and to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.labels import every_label
from services.commands.options import Json, Limit, Run, State, count, note, say, settings_of

if TYPE_CHECKING:
    from shared.contract.feedback.resolution import Resolution

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


@feedback_app.command()
def export(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Write every question that has an answer, with its text, as labelled sets: to learn from (train), to choose an
    epoch by (dev), and held back to measure by (held)."""
    from services.scoring.linking.linker import Linker
    from services.training.data.feedback import collect, write
    from shared.reading.archive.tables import ArchiveTables
    from shared.universe.securities import Catalogue

    settings = settings_of(state, run)
    found = collect(ArchiveTables.of(settings), every_label(settings), Linker(Catalogue.load()))
    write(found, out)
    rows = {f"{name}/{split}": len(some) for (name, split), some in found.rows.items()}
    words = [f"{place:28} {number:6,}" for place, number in rows.items() if number]
    say({"rows": rows, "left_out": dict(found.left_out)}, words, as_json=as_json)
    if not as_json:
        left = ", ".join(f"{number:,} {why}" for why, number in sorted(found.left_out.items()))
        note(f"{count(found.total, 'row')} in {out}{f'; left out: {left}' if left else ''}")


def _words(found: Resolution) -> str:
    votes = ", ".join(f"{name}: {said or 'unsure'}" for name, said in found.votes.items())
    return f"{found.state:8}  {' '.join(found.asked):48}  {found.answer or '-'}  ({votes})"
