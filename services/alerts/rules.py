"""A rule file: channels, and rules that say when to speak. Declared, versioned; secrets stand in it as ${NAME}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from services.alerts.channels import CHANNELS, Channel
from services.alerts.kinds import KINDS
from services.alerts.kinds.event import EventClass
from services.alerts.kinds.kind import Kind, unknown_event
from shared.contract.alerts import DASHBOARD
from shared.contract.names import NAME
from shared.event_classes.selection import about_former
from shared.reading.readers.profiles import Interests
from shared.token_bucket import Limit
from shared.universe.securities import Catalogue
from shared.unreadable import UnreadableFile, read_yaml

VERSION: Final = 1
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHORTEST_SECRET: Final = 6  # what is shorter (a port) is not blanked out of logs


class RuleError(ValueError):
    """A rule file that cannot be used; the text names the file, the rule or channel, the key, and the remedy."""


class Only(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of which companies a rule speaks: those named, of these sectors, written about with these events, or followed."""

    companies: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    watchlist: str = ""  # PROFILE, or PROFILE/LIST

    @property
    def interests(self) -> Interests:
        """What is named here, without the watchlist."""
        return Interests(frozenset(self.companies), frozenset(self.sectors), frozenset(self.events))


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. In the file the keys of its kind stand among these."""

    name: str
    kind: str
    condition: Kind
    description: str = ""
    strategy: str = ""  # of this strategy's signals alone
    minimum_confidence: float = 0.0
    only: Only | None = None
    channels: tuple[str, ...] = (DASHBOARD,)
    limit: Limit = Limit()

    @property
    def outside(self) -> tuple[str, ...]:
        """The channels that leave the house."""
        return tuple(name for name in self.channels if name != DASHBOARD)


@dataclass(frozen=True, slots=True)
class Rules:
    """A file as it is used. `secrets` never reach a log."""

    file: Path
    rules: tuple[Rule, ...]
    channels: Mapping[str, Channel] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)  # channel -> its kind
    secrets: tuple[str, ...] = ()

    @property
    def former(self) -> list[str]:
        """What to tell of the event classes of former versions that stand in the file, each once."""
        named = [name for rule in self.rules if rule.only for name in rule.only.events]
        named += [
            name for rule in self.rules if isinstance(rule.condition, EventClass) for name in rule.condition.events
        ]
        told = list(dict.fromkeys(filter(None, map(about_former, named))))
        return [f"{self.file}: {each}" for each in told]

    def rule(self, name: str) -> Rule:
        """Raises RuleError."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        known = ", ".join(rule.name for rule in self.rules) or "none"
        raise RuleError(f"{self.file}: no rule {name!r}; its rules are: {known}")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    rules: list[dict[str, Any]] = []
    channels: dict[str, dict[str, Any]] = {}


def built_in(name: str) -> Path:
    """The file of rules that ship with Bellwether."""
    return Path(__file__).parent / "rule_files" / f"{name}.yaml"


def load_rules(name_or_path: str, variables: Mapping[str, str]) -> Rules:
    """Read a rule file by built-in name or by path. `variables` gives what ${NAME} stands for. Raises RuleError."""
    path = Path(name_or_path)
    if not path.is_file():
        path = built_in(name_or_path)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in built_in("x").parent.glob("*.yaml")))
        raise RuleError(f"no rule file {name_or_path!r}: give a YAML file or one of {known}")
    content = _content(path)
    secrets: list[str] = []
    channels = {
        name: _channel(f"{path}: channel {name!r}", name, values, variables, secrets)
        for name, values in content.channels.items()
    }
    rules = tuple(_rule(path, number, values, channels) for number, values in enumerate(content.rules, 1))
    _distinct(path, rules)
    kinds = {name: str(values["kind"]) for name, values in content.channels.items()}
    return Rules(path, rules, channels, kinds, tuple(s for s in secrets if len(s) >= _SHORTEST_SECRET))


def _content(path: Path) -> _File:
    try:
        raw = read_yaml(path)
    except UnreadableFile as error:
        raise RuleError(str(error)) from None
    if not isinstance(raw, dict) or "version" not in raw:
        raise RuleError(f"{path}: expected `version: {VERSION}`, `channels:` and `rules:`")
    _known(str(path), raw, ("version", "channels", "rules"))
    try:
        content = msgspec.convert({key: value for key, value in raw.items() if value is not None}, _File)
    except msgspec.ValidationError as error:
        raise RuleError(f"{path}: {error}") from None
    if content.version != VERSION:
        raise RuleError(f"{path}: version {content.version}; this program reads version {VERSION}")
    return content


def _channel(where: str, name: str, values: dict[str, Any], variables: Mapping[str, str], found: list[str]) -> Channel:
    if name == DASHBOARD or not NAME.fullmatch(name):
        raise RuleError(f"{where}: choose another name (letters, digits, - and _; {DASHBOARD!r} is reserved)")
    kind = _table_entry(where, values, CHANNELS)
    own = {key: value for key, value in values.items() if key != "kind"}
    _known(where, own, _keys(kind), "kind")
    for key in kind.SECRETS:
        if key in own and not _VARIABLE.fullmatch(str(own[key])):
            raise RuleError(f"{where}: {key} is a secret: write {key}: ${{NAME}}, and give NAME by the environment")
    expanded = {key: _expanded(f"{where}: {key}", value, variables, found) for key, value in own.items()}
    try:
        channel = cast(Channel, msgspec.convert(expanded, kind))
    except msgspec.ValidationError as error:  # its text names the key, never the value
        raise RuleError(f"{where}: {error}") from None
    if problem := channel.problem():
        raise RuleError(f"{where}: {problem}")
    return channel


def _expanded(where: str, value: Any, variables: Mapping[str, str], found: list[str]) -> Any:
    if isinstance(value, list):
        return [_expanded(where, each, variables, found) for each in value]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        given = variables.get(match[1])
        if not given:
            raise RuleError(
                f"{where}: ${{{match[1]}}} has no value; set {match[1]} in the environment, "
                f"or under alerts: {{secrets: …}} in STATE/bellwether.yaml"
            )
        found.append(given)
        return given

    return _VARIABLE.sub(put, value)


def _rule(path: Path, number: int, values: dict[str, Any], channels: Mapping[str, Channel]) -> Rule:
    name = values.get("name")
    where = f"{path}: rule {name!r}" if name else f"{path}: rule number {number}"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RuleError(f"{where}: give it a name (letters, digits, - and _)")
    kind = _table_entry(where, values, KINDS)
    common = tuple(key for key in _keys(Rule) if key != "condition")
    _known(where, values, (*common, *_keys(kind)))
    own = {key: value for key, value in values.items() if key not in common}
    try:
        condition = cast(Kind, msgspec.convert(own, kind))
        given: dict[str, Any] = {key: values[key] for key in common if key in values}
        only = msgspec.convert(given.pop("only", None), Only | None)
        limit = msgspec.convert(given.pop("limit", {}), Limit)
        rest = msgspec.convert({**given, "condition": {}}, _Common)
    except msgspec.ValidationError as error:
        raise RuleError(f"{where}: {error}") from None
    rule = Rule(
        name=rest.name, kind=rest.kind, condition=condition, description=rest.description, strategy=rest.strategy,
        minimum_confidence=rest.minimum_confidence, only=only, channels=rest.channels, limit=limit,
    )  # fmt: skip
    if problem := _problem(rule, channels):
        raise RuleError(f"{where}: {problem}")
    return rule


class _Common(msgspec.Struct, kw_only=True):
    """The keys of Rule that a file gives as they are."""

    name: str
    kind: str
    description: str = ""
    strategy: str = ""
    minimum_confidence: float = 0.0
    channels: tuple[str, ...] = (DASHBOARD,)


def _problem(rule: Rule, channels: Mapping[str, Channel]) -> str:
    """What is wrong with a rule's values, or ""."""
    if problem := rule.condition.problem():
        return problem
    for name in rule.outside:
        if name not in channels:
            return f"channels: unknown channel {name!r}; choose from {', '.join([DASHBOARD, *channels])}"
    if not 0 <= rule.minimum_confidence <= 1:
        return "minimum_confidence must lie in 0 to 1"
    if rule.limit.per_hour <= 0 or rule.limit.burst < 1:
        return "limit: per_hour must be above 0, burst at least 1"
    if rule.kind == "watchlist" and rule.only is None:
        return "only: name at least one, for example only: {watchlist: default} or only: {companies: [AAPL]}"
    return _only_problem(rule.only) if rule.only else ""


def _only_problem(only: Only) -> str:
    catalogue = Catalogue.load()
    if unknown := next((name for name in only.sectors if name not in catalogue.sectors), ""):
        return f"only: unknown sector {unknown!r}; choose from {', '.join(catalogue.sectors)}"
    if unknown := next((name for name in only.companies if name not in catalogue.by_id), ""):
        return f"only: unknown company {unknown!r}; use catalogue ids, for example AAPL"
    if problem := unknown_event("only: events", only.events):
        return problem
    profile, _, chosen = only.watchlist.partition("/")
    if only.watchlist and not (NAME.fullmatch(profile) and NAME.fullmatch(chosen or "x")):
        return "only: watchlist is PROFILE or PROFILE/LIST"
    if not (only.companies or only.sectors or only.events or only.watchlist):
        return "only: name companies, sectors, events or a watchlist, or leave it out"
    return ""


def _table_entry(where: str, values: dict[str, Any], table: Mapping[str, Any]) -> Any:
    kind = str(values.get("kind"))
    if kind not in table:
        raise RuleError(f"{where}: unknown kind {kind!r}; choose from {', '.join(table)}")
    return table[kind]


def _keys(kind: Any) -> tuple[str, ...]:
    return tuple(item.encode_name for item in msgspec.structs.fields(kind))


def _known(where: str, values: Mapping[str, Any], known: tuple[str, ...], *more: str) -> None:
    for key in values:
        if key not in known:
            raise RuleError(f"{where}: unknown key {key!r}; choose from {', '.join([*more, *known])}")


def _distinct(path: Path, rules: tuple[Rule, ...]) -> None:
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise RuleError(f"{path}: two rules are named {name!r}; rename one of them")
