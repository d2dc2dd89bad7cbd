"""Rules applied to the opinions of one document. Pure: the same document, answer and rules give the same opinions.

Every rule looks at what the model read, never at what another rule made of it, so their order decides about one thing
alone: of two that set the same field, the later one has its way. Weights multiply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from services.scoring.rules.patterns import Patterns, looked_at
from services.scoring.rules.rule import Rule, Rules, Where
from shared.contract.events import MICRO, RULED, Document, Opinion
from shared.event_classes.selection import classes_wanted

NO_RULES: Final = Rules()


class Speakers:
    """Rules, ready to be applied; thread-safe."""

    def __init__(self, rules: Rules = NO_RULES) -> None:
        self.rules = rules
        self.digest = rules.digest
        self._speakers = [(rule, _Condition(rule.when), _Condition(rule.unless)) for rule in rules.rules]

    def applied(self, document: Document, opinions: Sequence[Opinion]) -> list[Opinion]:
        """The opinions as they are sent, each with the digest and the names of the rules that spoke."""
        if not self._speakers:
            return list(opinions)
        seen = _Seen(document)
        found: list[list[Rule]] = [[] for _ in opinions]
        for rule, when, unless in self._speakers:
            if not when.may_hold(seen):
                continue
            excepted = not unless.empty and unless.may_hold(seen)
            for place, opinion in enumerate(opinions):
                if when.holds_of(opinion) and not (excepted and unless.holds_of(opinion)):
                    found[place].append(rule)
        return [_ruled(opinion, mine, self.digest) for opinion, mine in zip(opinions, found, strict=True)]


class _Seen:
    """What patterns see of a document, encoded once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.title = looked_at(document.title)
        self.text = looked_at(f"{document.title}\n{document.text}" if document.title else document.text)


class _Condition:
    """A `Where` with its patterns compiled and its names resolved."""

    def __init__(self, where: Where) -> None:
        self.empty = where == Where()
        self._text = Patterns(where.text) if where.text else None
        self._title = Patterns(where.title) if where.title else None
        self._sources = Patterns([_glob(each) for each in where.source]) if where.source else None
        self._languages, self._channels = frozenset(where.language), frozenset(where.channel)
        self._companies, self._events = frozenset(where.company), classes_wanted(where.event)

    def may_hold(self, seen: _Seen) -> bool:
        """Whether all holds that is asked of the document; the cheap questions first."""
        document = seen.document
        return (
            (not self._channels or document.channel in self._channels)
            and (not self._languages or document.language in self._languages)
            and (self._sources is None or self._sources.found_in(document.source.encode("utf-8", "replace")))
            and (self._title is None or self._title.found_in(seen.title))
            and (self._text is None or self._text.found_in(seen.text))
        )

    def holds_of(self, opinion: Opinion) -> bool:
        """Whether all holds that is asked of the opinion on one company."""
        return (not self._companies or opinion.company in self._companies) and (
            not self._events or opinion.event_class in self._events
        )


def _glob(name: str) -> str:
    """A name, in which * stands for anything, as a pattern of the whole."""
    return rf"\A{'.*'.join(_quoted(part) for part in name.split('*'))}\z"


def _quoted(text: str) -> str:
    return "".join(sign if sign.isalnum() else f"\\x{{{ord(sign):x}}}" for sign in text)


def _ruled(opinion: Opinion, rules: Sequence[Rule], digest: str) -> Opinion:
    if not rules:
        return msgspec.structs.replace(opinion, rules=digest)
    left = MICRO
    for rule in rules:
        left = left * round(rule.weight * MICRO) // MICRO
    changes: dict[str, Any] = {
        "rules": digest,
        "spoke": tuple(rule.name for rule in rules),
        "flags": tuple(dict.fromkeys(rule.flag for rule in rules if rule.flag)),
        "dropped": any(rule.drop for rule in rules),
        "weight_left": left,
    }
    if changes["dropped"] or left != MICRO:
        changes["schema"] = RULED  # a former version would count it whole
    return msgspec.structs.replace(opinion, **changes, **_set(rules))


def _set(rules: Iterable[Rule]) -> dict[str, Any]:
    """The fields that rules set; of two that set one, the later."""
    changes: dict[str, Any] = {}
    for rule in rules:
        if rule.set.event:
            changes |= {
                "event": rule.set.event,
                "event_probability": MICRO,
                "second_event": "",
                "second_probability": 0,
            }
        if rule.set.sentiment:
            changes |= {name: MICRO * (name == rule.set.sentiment) for name in ("negative", "neutral", "positive")}
        if rule.set.rumour is not None:
            changes["rumour"] = rule.set.rumour
    return changes


NOBODY: Final = Speakers()
