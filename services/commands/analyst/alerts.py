"""`bellwether alerts …`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Company, Json, Limit, Run, State, note, say, settings_of
from services.commands.then import AsOf, moment_of

if TYPE_CHECKING:
    from services.alerts.rules import Rules

alerts_app = typer.Typer(help="Alert rules, and the alerts they raised.", no_args_is_help=True)


@alerts_app.command("list")
def list_alerts(
    rule: Annotated[str | None, typer.Option("--rule", help="Only this rule.")] = None,
    company: Company = None,
    limit: Limit = 50,
    as_of: AsOf = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """List alerts, newest first; with --as-of those that were kept then, as long as none of them made room since."""
    from services.alerts.history import history
    from shared.clients.redis import connect
    from shared.reading.run import RunView

    settings = settings_of(state, run)
    with connect(settings.redis) as client:
        kept, at = RunView.open(client, settings.run).alerts, moment_of(as_of)
        numbered = kept.numbered() if at is None else kept.as_of(at)
    alerts = history(numbered, rule=rule, company=company, limit=limit)
    say(alerts, map(_line, alerts), as_json=as_json)


def _line(alert: dict[str, Any]) -> str:
    marks = ("[test]" if alert["test"] else "", f"({alert['inside']})" if alert["inside"] else "")
    words = f"{alert['time']}  {alert['company']:6} {alert['rule']:16} {alert['text']}"
    return " ".join([words, *filter(None, marks)])


@alerts_app.command("rules")
def list_rules(state: State = None, as_json: Json = False) -> None:
    """Check the configured rules and channels and list them. Exits with 1 and the reason if the file is wrong."""
    import msgspec

    from services.alerts.main import rules_of

    rules = rules_of(settings_of(state))
    for said in rules.former:
        note(said)
    plain = [msgspec.to_builtins(rule) for rule in rules.rules]
    values = {"file": str(rules.file), "rules": plain, "channels": dict(rules.kinds)}
    say(values, _rules(rules), as_json=as_json)


def _rules(rules: Rules) -> Iterator[str]:
    yield f"{rules.file}: {len(rules.rules)} rules"
    for rule in rules.rules:
        yield f"  {rule.name:18} {rule.kind:10} to {', '.join(rule.channels):24} {rule.description}"
    for name, kind in rules.kinds.items():
        yield f"  channel {name}: {kind}"


@alerts_app.command("test")
def test_rule(
    rule: Annotated[str, typer.Argument(help="Name of the rule.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Try a rule on the latest signals and send a marked test through its channels. Exits with 1 if one fails."""
    from services.alerts.main import rules_of
    from services.alerts.trial import try_rule
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    settings = settings_of(state, run)
    rules = rules_of(settings)
    rules.rule(rule)  # a name that is not there is told before Redis is asked
    client = connect(settings.redis)
    trial = try_rule(settings, rules, rule, client, SystemClock())
    say(trial, _trial(trial), as_json=as_json)
    if not trial["ok"]:
        raise typer.Exit(1)


def _trial(trial: dict[str, Any]) -> Iterator[str]:
    yield f"{trial['rule']} matches {trial['speaks_of']} of the {trial['evaluated']} latest signals"
    for each in trial["speaks"]:
        yield f"  {each['company']:6} {each['why']}"
    for each in trial["channels"]:
        yield f"  {each['channel']} ({each['kind']}): {each['state']}, {each['detail']}"
