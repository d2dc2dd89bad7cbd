"""`bellwether sources …`: what documents come from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Json, Limit, Run, State, count, note, say, settings_of

if TYPE_CHECKING:
    from shared.contract.operation.health import SourceReport
    from shared.settings import Settings, SourceSettings

sources_app = typer.Typer(help="What documents come from: feeds, topics, folders.", no_args_is_help=True)

Kind = Annotated[str, typer.Option("--kind", help="What it is: see `bellwether sources kinds`.")]
PresetName = Annotated[
    str, typer.Option("--preset", help="One that is written down: see `bellwether sources presets`.")
]
OptionPairs = Annotated[
    list[str] | None,
    typer.Argument(help="NAME=VALUE of its kind; @FILE or @- (standard input) as VALUE for a secret."),
]


@sources_app.command("list")
def list_sources(state: State = None, run: Run = None, as_json: Json = False) -> None:
    """List the sources of the settings, and how the ingest worker finds each."""
    settings = settings_of(state, run)
    reports = _reports(settings)
    rows = [_row(source, reports.pop(source.name, None)) for source in settings.ingest.sources]
    rows += [{"name": name, "kind": report.kind, "options": {}, **_told(report)} for name, report in reports.items()]
    say(rows, [_line(row) for row in rows] or "no source yet; see: bellwether sources presets", as_json=as_json)


@sources_app.command()
def kinds(as_json: Json = False) -> None:
    """List the kinds of sources with their options."""
    from services.ingest.registry import KINDS, load_kind

    answer = {}
    lines: list[str] = []
    for name in KINDS:
        kind = load_kind(name)
        fields = kind.options.model_fields
        answer[name] = {"summary": kind.summary, "options": {each: fields[each].description for each in fields}}
        lines += [f"{name}: {kind.summary}", *(f"    {each}: {fields[each].description}" for each in fields)]
    say(answer, lines, as_json=as_json)


@sources_app.command()
def presets(as_json: Json = False) -> None:
    """List sources that need no more than a name, with the terms of their owners."""
    from dataclasses import asdict

    from services.ingest.presets import presets as known

    lines = []
    for preset in known().values():
        asks = f"; give {', '.join(preset.asks)}" if preset.asks else ""
        called = "" if preset.called else " (never called from here)"
        lines += [f"{preset.name} [{preset.kind}]: {preset.about}{asks}", f"    terms: {preset.terms}{called}"]
    say([asdict(preset) for preset in known().values()], lines, as_json=as_json)


@sources_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name: the feed of its items, and what pages call it.")],
    options: OptionPairs = None,
    kind: Kind = "",
    preset: PresetName = "",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Add a source. A running ingest worker takes it up within seconds; the others go on undisturbed."""
    from services.ingest.source_list import add_source

    source = _source(name, kind, preset, options or [])
    add_source(settings_of(state).state_dir, source)
    say({"name": name, "kind": source.kind}, f"{name} ({source.kind}) added", as_json=as_json)


@sources_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of the source.")], state: State = None, as_json: Json = False
) -> None:
    """Remove a source that was added. What it brought stays; added again under its name, it goes on where it was."""
    from services.ingest.source_list import remove_source

    remove_source(settings_of(state).state_dir, name)
    say({"removed": name}, f"{name} removed", as_json=as_json)


@sources_app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of a source, or a new one with --kind or --preset.")],
    options: OptionPairs = None,
    kind: Kind = "",
    preset: PresetName = "",
    limit: Limit = 10,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Give up after this long.")] = 30.0,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Read a source once and show what it would publish. Nothing is published. Exits with 1 if it cannot be read."""
    from services.ingest.sources.source import SourceError
    from services.ingest.trial import try_source
    from shared.clock import SystemClock, to_iso

    settings = settings_of(state)
    named = {source.name: source for source in settings.ingest.sources}
    if kind or preset:
        source = _source(name, kind, preset, options or [])
    elif name in named:
        source = named[name]
    else:
        raise SourceError(f"there is no source {name}; name one of `sources list`, or give --kind or --preset")
    trial = try_source(settings, source, SystemClock(), limit, seconds)
    lines = [f"{to_iso(one.published_at)}  {one.title or one.text[:100]}  {one.url}" for one in trial.documents]
    lines += [f"refused: {one.reason}: {one.detail}" for one in trial.refused]
    lines.append(f"{count(trial.read, 'item')} read, {len(trial.documents):,} would be published")
    answer = {"documents": trial.documents, "refused": [one.detail for one in trial.refused], "trouble": trial.trouble}
    say(answer, lines, as_json=as_json)
    if trial.trouble:
        note(f"{name}: {trial.trouble}")
        raise typer.Exit(1)


def _source(name: str, kind: str, preset: str, pairs: list[str]) -> SourceSettings:
    from pydantic import ValidationError

    from services.ingest.presets import preset as known
    from services.ingest.source_list import check_secrets, option_values
    from services.ingest.sources.source import SourceError
    from shared.contract.names import WHAT
    from shared.settings import SourceSettings

    chosen = known(preset) if preset else None
    given = option_values(pairs, lambda file: sys.stdin.read() if file == "-" else Path(file).expanduser().read_text())
    options: dict[str, Any] = {**(chosen.options if chosen else {}), **given}
    named = kind or (chosen.kind if chosen else "")
    if not named:
        raise SourceError("give --kind or --preset; see: bellwether sources kinds, bellwether sources presets")
    if chosen and (missing := [each for each in chosen.asks if each not in given]):
        raise SourceError(f"preset {preset} needs {', '.join(f'{each}=…' for each in missing)}")
    try:
        source = SourceSettings(name=name, kind=named, **options)
    except ValidationError:
        raise SourceError(f"{name!r} is not a valid name: {WHAT}") from None
    check_secrets(source, pairs)
    return source


def _reports(settings: Settings) -> dict[str, SourceReport]:
    """By name; nothing where Redis or the worker is away."""
    import redis

    from shared.clients.redis import connect
    from shared.reading.values.workers import Workers

    found: dict[str, SourceReport] = {}
    try:
        with connect(settings.redis) as client:
            for report in Workers(client, settings.run).all_reports():
                found |= report.sources
    except (redis.RedisError, OSError):
        note("Redis does not answer, so it is not known how they are")
    return found


def _row(source: SourceSettings, report: SourceReport | None) -> dict[str, Any]:
    from services.ingest.registry import KINDS, load_kind
    from services.ingest.sources.kind import shown_options

    kind = load_kind(source.kind) if source.kind in KINDS else None
    told = _told(report) if report else {"state": "not running"}
    return {"name": source.name, "kind": source.kind, "options": shown_options(kind, source.options), **told}


def _told(report: SourceReport) -> dict[str, Any]:
    import msgspec

    return {name: value for name, value in msgspec.structs.asdict(report).items() if name != "kind"}


def _line(row: dict[str, Any]) -> str:
    from shared.clock import to_iso

    said = f"{row['name']} [{row['kind']}]: {row['state']}"
    if row.get("trouble"):
        said += f" ({row['trouble']})"
    if "read" in row:
        said += f"; {row['read']:,} read, {row['taken']:,} taken, {row['refused']:,} refused, {row['copies']:,} copies"
        said += f", {row['gaps']:,} gaps" if row["gaps"] else ""
    if row.get("heard_at"):
        said += f"; last success {to_iso(row['heard_at'])}"
    if row.get("next_poll_at"):
        said += f", next poll {to_iso(row['next_poll_at'])}"
    return said
