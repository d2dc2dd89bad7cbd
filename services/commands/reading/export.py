"""`bellwether export`: opinions, aggregates and signals of a live run or a replay as Parquet files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Begin, End, Json, OptionError, Run, State, between, note, say, settings_of

if TYPE_CHECKING:
    import pandas as pd

    from shared.settings import Settings

export_app = typer.Typer(help="Export opinions, aggregates and signals as Parquet files.", no_args_is_help=True)


def _file(out: Path) -> Path:
    """A table has its footer last and is written in place: standard output is no place for it."""
    if str(out) == "-":
        raise OptionError("--out -: a table cannot go to standard output; name a file, e.g. --out opinions.parquet")
    return out


Out = Annotated[Path, typer.Option("--out", help="Parquet file to write.", callback=_file)]


@export_app.command("opinions")
def export_opinions(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Export every opinion that counts, one per row, as of `available_at`; of a replay, too."""
    from redis.exceptions import RedisError

    from services.aggregation.admin import export
    from services.runs.opinion_file import opinions_of
    from shared.reading.runs_folder import OPINIONS

    settings = settings_of(state, run)
    kept = _of_a_replay(settings, OPINIONS)
    if kept is None:
        opinions = export.read_opinions(settings)
    else:
        opinions = opinions_of(kept.parent, settings.aggregation)
        try:
            opinions = export.as_shown(settings, opinions)
        except RedisError:
            note("warning: Redis does not answer: what was deleted at its source since the replay is not known here")
    _exported(export.export_opinions(opinions, out, *_range(begin, end)), out, as_json)


@export_app.command("aggregates")
def export_aggregates(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Export every bucket that lies within the range, one per row; of a replay, too."""
    from services.aggregation.admin import export
    from services.aggregation.admin.runs import dump_on_disk, dumped_lines, open_run
    from shared.contract.aggregates import RESOLUTIONS

    settings = settings_of(state, run)
    if dump_on_disk(settings):
        rows = export.export_dump(dumped_lines(settings, RESOLUTIONS), out, *_range(begin, end))
    else:
        rows = export.export_aggregates(open_run(settings), out, *_range(begin, end))
    _exported(rows, out, as_json)


class SignalFormat(StrEnum):
    """A table, or a data folder of Microsoft's qlib."""

    parquet = "parquet"
    qlib = "qlib"


@export_app.command("signals")
def export_signals(
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write; for qlib, the folder.", callback=_file)],
    form: Annotated[
        SignalFormat, typer.Option("--format", help="parquet, or qlib: one strategy's scores by day.")
    ] = SignalFormat.parquet,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this strategy.")] = None,
    begin: Begin = None,
    end: End = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Export every revision of every signal that was known within the range, one per row; of a replay, too."""
    from services.runs.tables import read_table, write_signals
    from shared.clients.state_folder import whole_file
    from shared.reading.runs_folder import SIGNALS

    settings = settings_of(state, run)
    kept = _of_a_replay(settings, SIGNALS)
    frame = read_table(kept) if kept else _live_signals(settings)
    first, last = _range(begin, end)
    chosen = frame[(frame["available_at"] >= first) & (frame["available_at"] < last)]
    if form is SignalFormat.qlib:
        _as_qlib(chosen, out, strategy, as_json=as_json)
        return
    chosen = chosen if strategy is None else chosen[chosen["strategy"] == strategy]
    with whole_file(out) as draft:
        _exported(write_signals(draft, chosen), out, as_json)


def _as_qlib(signals: pd.DataFrame, out: Path, strategy: str | None, *, as_json: bool) -> None:
    from services.runs.qlib_data import write_qlib

    instruments, days = write_qlib(out, signals, strategy)
    words = f"{instruments:,} instruments over {days:,} days written to {out}; qlib.init(provider_uri={str(out)!r})"
    say({"instruments": instruments, "days": days, "folder": str(out)}, words, as_json=as_json)


def _live_signals(settings: Settings) -> pd.DataFrame:
    from services.runs.folder import signal_frame
    from shared.clients.redis import connect
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.run import RunView

    with connect(settings.redis) as client:
        signals = RunView.open(client, settings.run, ArchiveTables.of(settings)).signals
        return signal_frame(signals.revisions(sorted({signal.company for signal in signals.latest()})))


def _of_a_replay(settings: Settings, name: str) -> Path | None:
    """The file of this name that a replay left; None for a run that is live."""
    from shared.contract.topics import LIVE
    from shared.reading.runs_folder import RunFolder

    return RunFolder.of(settings.state_dir, settings.run).table(name) if settings.run != LIVE else None


def _range(begin: str | None, end: str | None) -> tuple[int, int]:
    from services.aggregation.admin.export import FIRST, LAST

    first, last = between(begin, end)
    return FIRST if first is None else first, LAST if last is None else last


def _exported(rows: int, out: Path, as_json: bool) -> None:
    say({"rows": rows, "file": str(out)}, f"{rows:,} rows written to {out}", as_json=as_json)
