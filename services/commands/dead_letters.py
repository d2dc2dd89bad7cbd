"""`bellwether dead-letters …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from shared.settings import Settings

dead_letters_app = typer.Typer(help="Documents that could not be scored: list them, look at one, try them again.")

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Run that the letters belong to (default: live).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; the last line is the object.")]


@dead_letters_app.command("list")
def list_letters(
    state: State = None,
    run: Run = None,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most the latest N.")] = 1000,
) -> None:
    """Dead letters, oldest first; with --json one object a line, the last line the counts."""
    from services.scoring.dead_letters import read_letters

    letters = read_letters(_settings(state, run))
    if as_json:
        for letter in letters[-limit:]:
            typer.echo(_json(letter))
        dead = sum(letter.state != "scored" for letter in letters)
        typer.echo(_json({"letters": len(letters), "dead": dead, "scored": len(letters) - dead}))
        return
    _print_table(letters[-limit:], len(letters))


@dead_letters_app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the letter, or its end.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """One letter with its bytes (what is not UTF-8 is shown as \\xNN)."""
    from services.scoring.dead_letters import find_letters, read_bytes, read_letters

    settings = _settings(state, run)
    letter = find_letters(read_letters(settings), [letter_id])[0]
    text = read_bytes(settings, letter).decode("utf-8", "backslashreplace")
    if as_json:
        import msgspec

        typer.echo(_json(msgspec.to_builtins(letter) | {"text": text}))
        return
    for name in ("id", "state", "reason", "detail", "topic", "partition", "origin", "key", "tries", "bytes"):
        typer.echo(f"{name:>9}  {getattr(letter, name)}")
    typer.echo(f"\n{text}")


@dead_letters_app.command()
def requeue(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids, or their ends.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every letter that is not scored yet.")] = False,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Put letters back on the topic that they came from. Each counts once, however often it is re-queued."""
    from services.scoring import dead_letters

    if bool(letter_ids) == every:
        raise typer.BadParameter("name the letters by their ids, or give --all")
    settings = _settings(state, run)
    letters = dead_letters.read_letters(settings)
    chosen = (
        [x for x in letters if x.state != "scored"] if every else dead_letters.find_letters(letters, letter_ids or [])
    )
    count = dead_letters.requeue(settings, chosen)
    typer.echo(_json({"requeued": count}) if as_json else f"{count} re-queued")


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


def _print_table(letters: list[Any], total: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from shared.clock import to_iso

    table = Table("id", "state", "reason", "detail", "topic", "bytes", "tries", "dead since")
    for letter in letters:
        cells = (letter.id, letter.state or "dead", letter.reason, letter.detail[:80], letter.topic)
        rest = (str(letter.bytes), str(letter.tries), to_iso(letter.dead_at)[:19])
        table.add_row(*(escape(cell) for cell in (*cells, *rest)))
    Console().print(table)
    typer.echo(f"{total} dead letters" + (f", the latest {len(letters)} shown" if total > len(letters) else ""))
