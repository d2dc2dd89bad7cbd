"""`bellwether score`: what the model says about a text, a file of texts, or standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import JsonLines, State, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def score(
    text: Annotated[str | None, typer.Argument(help="The text (default: all of standard input, as one text).")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="One document per line; of .jsonl and .csv the text column; - reads lines from standard input.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A name under models/, a folder or a Hub id (default: the configured model)."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also show which words led to the answers.")] = False,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """Score texts: the sentiment of the document and of each company in it, and the event."""
    from services.model.engine import build_engine
    from services.scoring.score_texts import load_explainer, score_texts
    from shared.universe.securities import Catalogue

    if text is not None and file is not None:
        raise typer.BadParameter("give either a text or --file")
    if text is None and file is None and sys.stdin.isatty():
        raise typer.BadParameter("give a text or --file, or pipe a text in")
    settings = settings_of(state).model
    if model:  # the model that was named reads everything
        settings = settings.model_copy(update={"name": model, "packs": {}})
    catalogue = Catalogue.load()
    engine = build_engine(settings, catalogue.digest())
    explainer = load_explainer(settings.name, settings.packs) if explain else None
    names = {model_id: settings.packs[language] for language, model_id in engine.packs.items()}
    for answer in score_texts(_texts(text, file), engine, catalogue, explainer):
        said = answer | {"model": names.get(answer["model_id"], engine.name), "precision": engine.precision}
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else _readable(said))


def _texts(text: str | None, file: Path | None) -> Iterable[str]:
    from services.scoring.score_texts import lines, read_texts

    if text is not None:
        return iter([text])
    if file is None:
        return iter([sys.stdin.read()])
    return lines(sys.stdin) if str(file) == "-" else read_texts(file)


def _readable(said: dict[str, Any]) -> str:
    rows = [("document", said["document"])]
    rows += [(f"{one['ticker'] or one['company']} ({one['relevance']:.2f})", one) for one in said["companies"]]
    told = [
        f"{name:<16} negative {chances['negative']:.3f}  neutral {chances['neutral']:.3f}  "
        f"positive {chances['positive']:.3f}"
        for name, chances in rows
    ]
    if "event" in said:
        told.append(f"{'event':<16} {said['event']} ({said['event_probability']:.3f})")
    if "explanation" in said:
        strongest = sorted(said["explanation"]["document"], key=lambda word: -abs(word["share"]))[:8]
        told.append(f"{'words':<16} " + ", ".join(f"{word['word']} {word['share']:+.2f}" for word in strongest))
    return "\n".join(told)
