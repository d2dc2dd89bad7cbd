"""`bellwether dead-letters …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Json, Limit, Run, State, print_json, say, settings_of

if TYPE_CHECKING:
    from services.scoring.dead_letters import DeadLetter

dead_letters_app = typer.Typer(help="Documents that could not be scored: list, inspect or requeue them.")


@dead_letters_app.command("list")
def list_letters(state: State = None, run: Run = None, as_json: Json = False, limit: Limit = 1000) -> None:
    """List dead letters, oldest first. With --json, one object per line and the counts as the last line."""
    from services.scoring.dead_letters import read_dead_letters

    letters = read_dead_letters(settings_of(state, run))
    if as_json:
        for letter in letters[-limit:]:
            print_json(letter)
        dead = sum(letter.state != "scored" for letter in letters)
        print_json({"letters": len(letters), "dead": dead, "scored": len(letters) - dead})
        return
    _print_table(letters[-limit:], len(letters))


@dead_letters_app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the letter, or the end of it.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Show one letter with its content (bytes that are not UTF-8 appear as \\xNN)."""
    import msgspec

    from services.scoring.dead_letters import find_dead_letters, gone_letters, read_bytes, read_dead_letters
    from shared.reading.deleted import DELETED

    settings = settings_of(state, run)
    letter = find_dead_letters(read_dead_letters(settings), [letter_id])[0]
    gone = gone_letters(settings, [letter])
    text = f"({DELETED})" if gone else read_bytes(settings, letter).decode("utf-8", "backslashreplace")
    names = ("id", "state", "reason", "detail", "topic", "partition", "origin", "key", "tries", "bytes")
    words = (*(f"{name:>9}  {getattr(letter, name)}" for name in names), f"\n{text}")
    say(msgspec.to_builtins(letter) | {"text": text}, words, as_json=as_json)


@dead_letters_app.command()
def requeue(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids, or the ends of them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Requeue every letter that is not scored yet.")] = False,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Put letters back on the topics they came from. Each counts once, however often it is requeued."""
    from services.scoring import dead_letters

    if bool(letter_ids) == every:
        raise typer.BadParameter("give either letter ids or --all")
    settings = settings_of(state, run)
    letters = dead_letters.read_dead_letters(settings)
    unscored = [letter for letter in letters if letter.state != "scored"]
    chosen = unscored if every else dead_letters.find_dead_letters(letters, letter_ids or [])
    count = dead_letters.requeue(settings, chosen)
    deleted = len(chosen) - count
    told = f"; {deleted} stay: deleted at their source" if deleted else ""
    say({"requeued": count, "deleted": deleted}, f"{count} requeued{told}", as_json=as_json)


def _print_table(letters: list[DeadLetter], total: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from shared.clock import to_iso

    table = Table()
    for heading in ("id", "state", "reason", "detail", "topic", "bytes", "tries", "dead since"):
        table.add_column(heading, overflow="fold")  # an id that is cut is none
    for letter in letters:
        cells = (letter.id, letter.state or "dead", letter.reason, letter.detail[:80], letter.topic)
        rest = (str(letter.bytes), str(letter.tries), to_iso(letter.dead_at)[:19])
        table.add_row(*(escape(cell) for cell in (*cells, *rest)))
    Console().print(table)
    typer.echo(f"{total} dead letters" + (f", the latest {len(letters)} shown" if total > len(letters) else ""))
