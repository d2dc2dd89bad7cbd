"""`bellwether sample …`: the synthetic week as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Json, note, say

sample_app = typer.Typer(help="The synthetic week: invented texts and prices.", no_args_is_help=True)

_SEED = (
    20260302  # services.ingest.sample.prices.SEED, not imported here: `bellwether --help` starts without the catalogue
)


@sample_app.callback()
def about() -> None:
    """The synthetic week: invented texts and prices with a planted opinion."""


@sample_app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; created if it does not exist.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed gives another week.")] = _SEED,
    documents: Annotated[
        int | None,
        typer.Option(
            "--documents", min=1, help="Number of originals, copies aside; default: 6,000, or 60 a day if that is more."
        ),
    ] = None,
    days: Annotated[
        int,
        typer.Option("--days", min=7, max=730, help="Length; a longer sample begins earlier and ends with the week."),
    ] = 7,
    posts: Annotated[
        bool, typer.Option("--posts", help="Write posts.jsonl, too: the posts with foreign column names, for --map.")
    ] = False,
    planted: Annotated[bool, typer.Option("--planted/--no-planted", help="Whether prices follow the opinions.")] = True,
    hourly: Annotated[bool, typer.Option("--hourly", help="Hourly bars instead of daily ones.")] = False,
    bars: Annotated[
        int, typer.Option("--bars", min=0, max=60, help="Write bars.csv, too: bars of so many minutes, 1 to 60.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Write documents.jsonl (and one file per channel), prices.csv and planted.json."""
    from services.ingest.sample.files import write_sample

    try:
        written = write_sample(out, seed, documents, planted=planted, hourly=hourly, days=days, posts=posts, bars=bars)
    except OSError as error:
        note(f"--out {out}: {error.strerror or error}; name a folder that can be written to")
        raise typer.Exit(1) from None
    words = f"{written['documents']:,} documents and {written['prices']:,} prices, all synthetic, written to {out}"
    say(written, words, as_json=as_json)
