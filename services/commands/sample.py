"""`bellwether sample …`: the synthetic week as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

sample_app = typer.Typer(help="The synthetic week: invented texts and prices.", no_args_is_help=True)

_SEED = 20260302  # sample_path.SEED, not imported here: `bellwether --help` starts without the catalogue


@sample_app.callback()
def about() -> None:
    """The synthetic week: invented texts and prices with a planted opinion."""


@sample_app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; it is made when it is not there.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed gives another week.")] = _SEED,
    documents: Annotated[int, typer.Option("--documents", min=1, help="Originals; copies come on top.")] = 6_000,
    planted: Annotated[bool, typer.Option("--planted/--no-planted", help="Whether prices follow the opinions.")] = True,
    hourly: Annotated[bool, typer.Option("--hourly", help="Hourly bars instead of daily ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Write documents.jsonl (and one file per channel), prices.csv and planted.json."""
    from services.ingest.sample.files import write_sample

    try:
        written = write_sample(out, seed, documents, planted=planted, hourly=hourly)
    except OSError as error:
        typer.echo(f"--out {out}: {error.strerror or error}; name a folder that can be written to", err=True)
        raise typer.Exit(1) from None
    typer.echo(
        json.dumps(written)
        if as_json
        else f"{written['documents']:,} documents and {written['prices']:,} prices, all synthetic, in {out}"
    )
