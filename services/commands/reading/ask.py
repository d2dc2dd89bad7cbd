"""`bellwether ask`: a question in your words, answered with sentences of cited documents and exact counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from services.commands.options import Json, OptionError, Run, State, note, say, settings_of
from services.commands.then import moment_of

if TYPE_CHECKING:
    from shared.asking.ask import Asker
    from shared.asking.phrasing.phrasing import Phrased
    from shared.asking.reply import Reply


def ask(
    question: Annotated[str | None, typer.Argument(help="A question, as you would put it to a person.")] = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="Ask each line of a JSONL file: id, question, asked_at, after.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the answers to --questions go, a line each.")] = None,
    asked_at: Annotated[
        str | None,
        typer.Option(
            "--asked-at", help="As if asked then: later documents are not looked at (default: the newest's day)."
        ),
    ] = None,
    before: Annotated[
        list[str] | None,
        typer.Option("--before", help="A question before this one, that it leans on. May be repeated."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Only what had arrived by that moment: ISO 8601, UTC without a zone.")
    ] = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Ask the archive. Answers are sentences of cited documents, or counts; without evidence it says so."""
    from shared.asking.ask import Asker
    from shared.asking.phrasing.phrasing import phrased
    from shared.asking.reply import Request
    from shared.reading.archive.tables import ArchiveTables
    from shared.universe.securities import Catalogue

    if (question is None) == (questions is None):
        raise OptionError("give either a question or --questions FILE")
    if (questions is None) != (out is None):
        raise OptionError("--questions and --out belong together; name both")
    known = moment_of(as_of)
    settings = settings_of(state, run)
    asker = Asker(ArchiveTables.of(settings), Catalogue.load())
    if questions is not None and out is not None:
        _many(asker, questions, out, asked_at or "", known)
        return
    reply = asker.ask(Request(question or "", asked_at or "", tuple(before or ()), known))
    said = phrased(reply, settings.ask.phrasing)
    if said is None:
        say(reply, _lines(reply), as_json=as_json)
    else:
        say(
            msgspec.to_builtins(reply) | {"phrased": msgspec.to_builtins(said)},
            _phrased(said) + _lines(reply),
            as_json=as_json,
        )


def _phrased(said: Phrased) -> list[str]:
    """The sentences, and whose they are; the quotes follow."""
    if not said.text:
        return [said.note, ""]
    return [said.text, f"    (put into sentences by {said.model}, from what is quoted below)", ""]


def _many(asker: Asker, questions: Path, out: Path, asked_at: str, known: int | None) -> None:
    import json

    from shared.asking.ask import UnreadableQuestion
    from shared.asking.reply import Request

    talks: dict[str, tuple[str, ...]] = {}  # id -> the questions up to that one
    lines, refused = [], 0
    for number, row in _rows(questions):
        after, text = str(row.get("after") or ""), str(row["question"])
        if after and after not in talks:
            raise OptionError(f"{questions}, line {number}: after names {after!r}, which is no earlier line's id")
        before = talks[after] if after else ()
        try:
            reply = asker.ask(Request(text, str(row.get("asked_at") or asked_at), before, known))
        except UnreadableQuestion as error:
            raise OptionError(f"{questions}, line {number}: {error}") from None
        talks[str(row["id"])] = (*before, text)
        refused += reply.refused
        lines.append(json.dumps(_line(str(row["id"]), reply), ensure_ascii=False))
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    note(f"{len(lines):,} answers in {out}, {refused:,} of them refused")


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    import json

    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--questions {path}: {error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise OptionError(f"{path}, line {number}: not JSON: {error}") from None
        if not isinstance(row, dict) or not isinstance(row.get("question"), str) or row.get("id") in (None, ""):
            raise OptionError(f"{path}, line {number}: a line is an object with id and question")
        found.append((number, row))
    return found


def _line(name: str, reply: Reply) -> dict[str, Any]:
    quotes = [
        {"text": each.text, "external_id": each.external_id, "document_id": each.document_id} for each in reply.quotes
    ]
    told = {"id": name, "refused": reply.refused, "answer": reply.answer, "quotes": quotes}
    return told | {"count": reply.count, "value": reply.value, "retrieved": reply.retrieved, "query": reply.query}


def _lines(reply: Reply) -> list[str]:
    lines = reply.answer.splitlines()
    links = dict.fromkeys(each.url for each in reply.quotes if each.url)
    return [*lines, *(f"    {link}" for link in links)]
