"""Rule files, read and checked: an error names the file, the rule, what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from services.scoring.rules.patterns import PatternError, Patterns
from services.scoring.rules.rule import VERSION, Rule, Rules, Setting, Where
from shared.contract.events import MARKET
from shared.contract.names import WHAT, is_name
from shared.event_classes.classes import BY_NAME
from shared.event_classes.selection import UnknownEvent, about_former, event_name
from shared.settings import Settings
from shared.universe.securities import Catalogue
from shared.unreadable import UnreadableFile, read_yaml

MOST_RULES: Final = 200  # of all files together: each costs a pass over every text
FOLDER: Final = "rules"  # of the state folder: files there are read without being named
_LISTS: Final = tuple(item.name for item in msgspec.structs.fields(Where))
_KEYS: Final = tuple(item.name for item in msgspec.structs.fields(Rule))


class RuleError(ValueError):
    """A rule file that cannot be used; the text names the file, the rule, and the remedy."""


def built_in(name: str) -> Path:
    """The file of rules that ship with Bellwether."""
    return Path(__file__).parent / "rule_files" / f"{name}.yaml"


def rules_of(settings: Settings) -> Rules:
    """The rules that a run is read by: the settings' files, then those of STATE/rules. Raises RuleError."""
    own = sorted(path for path in (settings.state_dir / FOLDER).glob("*") if path.suffix in (".yaml", ".yml"))
    named = [_named(settings.state_dir, each) for each in settings.rules.files]
    return load_rules([*named, *own])


def _named(state: Path, name: str) -> Path:
    """A shipped file by its name, or a file; a relative path starts in the state folder."""
    if is_name(name) and built_in(name).is_file():
        return built_in(name)
    path = state / Path(name).expanduser()
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in built_in("x").parent.glob("*.yaml")))
        raise RuleError(f"rules.files: {path} does not exist; correct the path, or name one of: {known}")
    return path


def load_rules(files: Sequence[Path]) -> Rules:
    """Read files, in their order. Raises RuleError."""
    rules: list[Rule] = []
    where: dict[str, Path] = {}
    for path in files:
        for rule in _read(path):
            if rule.name in where:
                at = "twice" if where[rule.name] == path else f"in {where[rule.name]}, too"
                raise RuleError(f"{path}: rule {rule.name!r} is there {at}; rename one of them")
            where[rule.name] = path
            rules.append(rule)
    if len(rules) > MOST_RULES:
        raise RuleError(f"{files[-1]}: {len(rules)} rules in all files, at most {MOST_RULES} are read; join some")
    told = [said for rule in rules for name in rule.when.event + rule.unless.event if (said := about_former(name))]
    return Rules(tuple(rules), tuple(files), tuple(dict.fromkeys(told)))


def _read(path: Path) -> list[Rule]:
    try:
        raw = read_yaml(path)
    except UnreadableFile as error:
        raise RuleError(str(error)) from None
    if not isinstance(raw, dict) or not isinstance(raw.get("rules"), list):
        raise RuleError(f"{path}: expected `version: {VERSION}` and a list `rules:`")
    if unknown := next((key for key in raw if key not in ("version", "rules")), ""):
        raise RuleError(f"{path}: unknown key {unknown!r}; a file has version and rules")
    if raw.get("version") != VERSION:
        raise RuleError(f"{path}: version {raw.get('version')!r}; this program reads version {VERSION}")
    return [_rule(path, number, values) for number, values in enumerate(raw["rules"], 1)]


def _rule(path: Path, number: int, values: Any) -> Rule:
    name = values.get("name") if isinstance(values, dict) else None
    where = f"{path}: rule {name!r}" if isinstance(name, str) else f"{path}: rule number {number}"
    if not isinstance(values, dict):
        raise RuleError(f"{where}: expected a mapping that begins with `name:`")
    if not isinstance(name, str) or not is_name(name):
        raise RuleError(f"{where}: give it a name: {WHAT}")
    if unknown := next((key for key in values if key not in _KEYS), ""):
        raise RuleError(f"{where}: unknown key {unknown!r}; choose from {', '.join(_KEYS)}")
    if "when" not in values:
        raise RuleError(f"{where}: no `when:`; say what it matches, for example when: {{text: ['giveaway']}}")
    given = values | {key: _lists(where, key, values[key]) for key in ("when", "unless") if key in values}
    try:
        rule = msgspec.convert(given, Rule)
    except msgspec.ValidationError as error:
        raise RuleError(f"{where}: {error}") from None
    if problem := _problem(rule):
        raise RuleError(f"{where}: {problem}")
    return rule


def _lists(where: str, key: str, given: Any) -> dict[str, Any]:
    """One word may stand for a list of one."""
    if not isinstance(given, dict):
        raise RuleError(f"{where}: {key} is a mapping of {', '.join(_LISTS)}")
    if unknown := next((name for name in given if name not in _LISTS), ""):
        raise RuleError(f"{where}: {key}: unknown key {unknown!r}; choose from {', '.join(_LISTS)}")
    return {name: [value] if isinstance(value, str) else value for name, value in given.items()}


def _problem(rule: Rule) -> str:
    """What is wrong with a rule's values, or ""."""
    if not any(getattr(rule.when, name) for name in _LISTS):
        return "when: matches everything; name text, title, company, event, source, language or channel"
    return _action_problem(rule) or _where_problem("when", rule.when) or _where_problem("unless", rule.unless)


def _action_problem(rule: Rule) -> str:
    if not rule.does:
        return "it does nothing; give it drop: true, weight, flag or set"
    if not 0 < rule.weight <= 1:
        return f"weight {rule.weight:g}: above 0, at most 1; to count nothing write drop: true"
    if rule.drop and (rule.weight != 1.0 or rule.set != Setting()):
        return "what is dropped has no weight, and nothing to set; take out drop, or these"
    if rule.flag and not is_name(rule.flag):
        return f"flag {rule.flag!r}: {WHAT}"
    if rule.set.event and rule.set.event not in BY_NAME:
        return f"set: unknown event class {rule.set.event!r}; docs/events.md lists them"
    return ""


def _where_problem(key: str, where: Where) -> str:
    for name, patterns in (("text", where.text), ("title", where.title)):
        try:
            if patterns:
                Patterns(patterns)
        except PatternError as error:
            return f"{key}: {name}: {error}"
    for event in where.event:
        try:
            event_name(event)
        except UnknownEvent as error:
            return f"{key}: {error}"
    if where.company:
        known = Catalogue.load().by_id
        if unknown := next((each for each in where.company if each not in known and each != MARKET), ""):
            return f"{key}: unknown company {unknown!r}; use catalogue ids, for example AAPL, or {MARKET}"
    for name in ("source", "language"):
        if any(not each.strip() for each in getattr(where, name)):
            return f"{key}: {name}: an empty name; take it out"
    return ""
