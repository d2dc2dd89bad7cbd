"""`bellwether alerts …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from shared.contract.alerts import Alert
    from shared.settings import Settings

alerts_app = typer.Typer(help="Rules that speak of signals, and what they said.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Name of the run (default: live).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]


@alerts_app.command("list")
def list_alerts(
    rule: Annotated[str | None, typer.Option("--rule", help="Of this rule alone.")] = None,
    company: Annotated[str | None, typer.Option("--company", help="On this company alone.")] = None,
    most: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """What was alerted, newest first."""
    import json

    from services.alerts.store import AlertStore
    from services.runtime.binding import slots_of
    from shared.clients.redis import connect
    from shared.clock import to_iso
    from shared.contract.keys import Keys

    settings = _settings(state, run)
    client = connect(settings.redis)
    found = [
        (number, alert)
        for number, alert in AlertStore(client, Keys(settings.run, slots_of(client, settings.run))).alerts()
        if (rule is None or alert.rule == rule) and (company is None or alert.company == company)
    ][:most]
    if as_json:
        typer.echo(json.dumps([_plain(number, alert) for number, alert in found]))
        return
    for _, alert in found:
        marks = " ".join(word for word, is_so in (("[test]", alert.test), (f"({alert.inside})", alert.inside)) if is_so)
        typer.echo(f"{to_iso(alert.available_at)}  {alert.company:6} {alert.rule:16} {alert.text} {marks}".rstrip())


@alerts_app.command("rules")
def list_rules(state: State = None, as_json: Json = False) -> None:
    """The rules and channels that the settings name, checked. Exit code 1 with the reason when the file is wrong."""
    import json

    import msgspec

    from services.alerts.main import rules_of

    rules = rules_of(_settings(state, None))
    if as_json:
        plain = [msgspec.to_builtins(rule) for rule in rules.rules]
        typer.echo(json.dumps({"file": str(rules.file), "rules": plain, "channels": dict(rules.kinds)}))
        return
    typer.echo(f"{rules.file}: {len(rules.rules)} rules")
    for rule in rules.rules:
        typer.echo(f"  {rule.name:18} {rule.kind:10} to {', '.join(rule.channels):24} {rule.description}")
    for name, kind in rules.kinds.items():
        typer.echo(f"  channel {name}: {kind}")


@alerts_app.command("test")
def test_rule(
    rule: Annotated[str, typer.Argument(help="Name of the rule.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """What a rule says of the latest signals now, and a marked test through each of its channels; 1 if one failed."""
    import json

    from services.alerts.main import rules_of
    from services.alerts.trial import try_rule
    from services.runtime.binding import slots_of
    from shared.clients.redis import connect
    from shared.clock import SystemClock
    from shared.contract.keys import Keys

    settings = _settings(state, run)
    rules = rules_of(settings)
    rules.rule(rule)
    client = connect(settings.redis)
    keys = Keys(settings.run, slots_of(client, settings.run))
    found = try_rule(settings, rules, rule, client, keys, SystemClock())
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(f"{rule} speaks of {found['speaks_of']} of {found['evaluated']} latest signals")
        for each in found["speaks"]:
            typer.echo(f"  {each['company']:6} {each['why']}")
        for each in found["channels"]:
            typer.echo(f"  {each['channel']} ({each['kind']}): {each['state']}, {each['detail']}")
    if not found["ok"]:
        raise typer.Exit(1)


def _plain(number: int, alert: Alert) -> dict[str, Any]:
    """An alert with scores as fractions, and times in ISO 8601 beside the microseconds."""
    import msgspec

    from shared.clock import to_iso
    from shared.contract.events import MICRO

    value: dict[str, Any] = msgspec.to_builtins(alert)
    return value | {
        "number": number,
        "score": alert.score / MICRO,
        "confidence": alert.confidence / MICRO,
        "time": to_iso(alert.available_at),
        "channels": list(alert.channels),
        "inside": alert.inside,
        "test": alert.test,
        "documents": [msgspec.to_builtins(document) for document in alert.documents],
    }


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))
