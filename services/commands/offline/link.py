"""`bellwether link`: which companies and other instruments a text speaks of; no model is loaded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import JsonLines, note, text_or_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.scoring.on_demand.link_texts import TextLinker


def link(
    text: Annotated[str | None, typer.Argument(help="The text (default: all of standard input, as one text).")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="One JSON object per line, with text, title and day; - is standard input."),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Name the companies and other instruments that texts speak of, how much and where."""
    from services.ingest.documents.cleaning import clean
    from services.scoring.on_demand.link_texts import TextLinker
    from shared.universe.securities import Catalogue

    text_or_file(text, file)
    linker = TextLinker(Catalogue.load(), clean)
    refused = 0
    for answer in _answers(linker, text, file):
        refused += "error" in answer
        typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else _readable(answer))
    if refused:
        note(f"{refused:,} lines could not be read")
        raise typer.Exit(1)


def _answers(linker: TextLinker, text: str | None, file: Path | None) -> Iterator[dict[str, Any]]:
    if file is None:
        yield linker.link(sys.stdin.read() if text is None else text)
    elif str(file) == "-":
        yield from linker.link_lines(sys.stdin)
    elif not file.is_file():
        raise typer.BadParameter(f"{file}: no such file")
    else:
        with file.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            yield from linker.link_lines(lines)


def _readable(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"line {answer['line']}: {answer['error']}"
    told = [
        f"{one['id']:<16} {one['relevance']:.2f}  {one['name']}  ({' '.join(one['symbols'])})"
        for one in answer["companies"]
    ]
    if answer["unlinked"]:
        told.append(f"unlinked: {' '.join(answer['unlinked'])}")
    return "\n".join(told) or "(nobody)"
