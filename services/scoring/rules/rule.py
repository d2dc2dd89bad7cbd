"""What a rule is: when it speaks, and what it then does. Plain data; files are read in rule_file.py."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

VERSION: Final = 1
Label = Literal["negative", "neutral", "positive"]


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a document, or its opinion on one company, has to be: all that is named, of each list one."""

    text: tuple[str, ...] = ()  # patterns (RE2), in the title or the text
    title: tuple[str, ...] = ()  # patterns, in the title alone
    company: tuple[str, ...] = ()  # ids of the catalogue; the opinion's
    event: tuple[str, ...] = ()  # classes or groups; the opinion's, as the model read it
    source: tuple[str, ...] = ()  # names, in which * stands for anything
    language: tuple[str, ...] = ()  # BCP 47 primary tags
    channel: tuple[Literal["news", "social"], ...] = ()


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands in the opinion instead of what the model read."""

    event: str = ""  # a class
    sentiment: Label | Literal[""] = ""
    rumour: bool | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. `when` has to hold and `unless` must not."""

    name: str
    when: Where
    description: str = ""
    unless: Where = Where()
    drop: bool = False  # kept and shown, and counts nowhere
    weight: float = 1.0  # part of its weight that is left, above 0, at most 1
    flag: str = ""  # a word that the opinion carries
    set: Setting = Setting()

    @property
    def does(self) -> str:
        """In words."""
        parts = ["drop"] if self.drop else []
        parts += [f"weight {self.weight:g}"] if self.weight != 1.0 else []
        changed = {"event": self.set.event, "sentiment": self.set.sentiment, "rumour": self.set.rumour}
        parts += [f"set {name} {value}" for name, value in changed.items() if value not in ("", None)]
        parts += [f"flag {self.flag}"] if self.flag else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of some files, in their order. `notes`: what to tell whoever wrote them."""

    rules: tuple[Rule, ...] = ()
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """16 hex digits that name all that decides about an opinion; "" while there are no rules."""
        if not self.rules:
            return ""
        said = [msgspec.structs.replace(rule, description="") for rule in self.rules]
        return hashlib.blake2b(msgspec.json.encode(said), digest_size=8).hexdigest()
