"""`bellwether rules …`: the rules over what was read, and what a file of them would do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Begin, End, Json, Run, State, between, count, note, say, settings_of

if TYPE_CHECKING:
    from services.scoring.rules.rule import Rules

rules_app = typer.Typer(
    help="Rules over what was read: drop, weigh less, set right, flag (docs/rules.md).", no_args_is_help=True
)
Files = Annotated[list[Path], typer.Argument(help="YAML files of rules.")]


@rules_app.command("list")
def list_(state: State = None, as_json: Json = False) -> None:
    """List the rules that workers apply from their next start on. Exits with 1 and the reason if a file is wrong."""
    from services.scoring.rules.rule_file import rules_of

    rules = rules_of(settings_of(state))
    _notes(rules)
    say(_plain(rules), _lines(rules), as_json=as_json)


@rules_app.command()
def check(files: Files, state: State = None, as_json: Json = False) -> None:
    """Check files of rules: what is wrong is named with its file, its rule and the remedy, and exits with 1."""
    from services.scoring.rules.rule_file import load_rules

    settings_of(state)
    rules = load_rules(files)
    _notes(rules)
    say(_plain(rules), _lines(rules), as_json=as_json)


@rules_app.command()
def test(
    file: Annotated[Path | None, typer.Argument(help="YAML file of rules (default: the rules in use).")] = None,
    begin: Begin = None,
    end: End = None,
    documents: Annotated[
        int, typer.Option("--documents", min=1, help="Look at this many, at most: the newest.")
    ] = 50_000,
    examples: Annotated[int, typer.Option("--examples", min=0, max=100, help="Show this many of each rule.")] = 3,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Try rules on what was archived: what they would change, how much, and examples. Nothing is changed."""
    from services.scoring.rules.rule_file import load_rules, rules_of
    from services.scoring.rules.trial import Stretch, try_rules
    from shared.reading.archive.tables import ArchiveTables

    settings = settings_of(state, run)
    rules = load_rules([file]) if file is not None else rules_of(settings)
    _notes(rules)
    done = try_rules(ArchiveTables.of(settings), rules, Stretch(*between(begin, end), documents), examples)
    say(done, _trial(done), as_json=as_json)


@rules_app.command()
def history(run: Run = None, state: State = None, as_json: Json = False) -> None:
    """List all rules that a run was read by, oldest first: their digest and names, and the offsets where they began."""
    from services.scoring.provenance.rules_record import rules_history
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    with connect(settings.redis) as client:
        done = rules_history(client, settings.run)
    words = [
        f"{each['at']}  {each['rules'] or 'none':16}  {count(len(each['names']), 'rule')}  "
        f"from {', '.join(f'{place} {offset}' for place, offset in each['offsets'].items())}"
        for each in done
    ]
    say(done, words or [f"run {settings.run!r} was read without rules"], as_json=as_json)


def _notes(rules: Rules) -> None:
    for said in rules.notes:
        note(said)


def _plain(rules: Rules) -> dict[str, Any]:
    import msgspec

    listed = [msgspec.to_builtins(rule) | {"does": rule.does} for rule in rules.rules]
    return {"digest": rules.digest, "files": [str(file) for file in rules.files], "rules": listed}


def _lines(rules: Rules) -> Iterator[str]:
    files = ", ".join(map(str, rules.files)) or "no files"
    yield f"{count(len(rules.rules), 'rule')} ({rules.digest or 'none'}) in {files}"
    for rule in rules.rules:
        yield f"  {rule.name:24} {rule.does:32} {rule.description}"


def _trial(done: dict[str, Any]) -> Iterator[str]:
    from services.scoring.rules.trial import example_words

    yield (
        f"{count(done['documents'], 'document')}, {count(done['opinions'], 'opinion')}: "
        f"{done['dropped']:,} dropped, {done['lighter']:,} weigh less, {done['set']:,} set, {done['flagged']:,} flagged"
    )
    for rule in done["by_rule"]:
        found = f"{count(rule['documents'], 'document')} on {rule['companies']:,} companies"
        yield f"  {rule['rule']:24} {rule['does']:32} {found if rule['documents'] else 'nothing'}"
        yield from (f"      {example_words(each)}" for each in rule["examples"])
    if done["companies"]:
        yield "sentiment that moves most:"
    for row in done["companies"]:
        yield f"  {row['company']:10} {row['sentiment']:+.3f} to {row['sentiment_after']:+.3f}"
