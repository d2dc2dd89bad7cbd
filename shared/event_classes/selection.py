"""What somebody asks for by an event's name: a class, a group of classes, or a class of former versions.

One name says one thing: no group is called like a class (a test holds it). `earnings`, once a class, is the group now,
which is what it meant; `dividend`, `ipo`, `bonds`, `currencies` and `politics` are classes then and now.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from shared.event_classes.classes import BY_NAME, EVENT_CLASSES, EVENT_GROUPS, GROUP_WORDS
from shared.event_classes.former import FORMER_EVENT_CLASSES, class_of_former, classes_meant, is_former

_PLACES: Final[Mapping[str, int]] = {name: place for place, name in enumerate(EVENT_CLASSES)}


class UnknownEvent(ValueError):
    """A name of no class and no group; the text says which names come nearest."""


def _key(text: str) -> str:
    return "_".join(text.casefold().replace("_", " ").replace("-", " ").split())


_BY_KEY: Final[Mapping[str, str]] = (
    {_key(words): group for group, words in GROUP_WORDS.items()}
    | {_key(each.words): name for name, each in BY_NAME.items()}
    | {name: name for name in (*FORMER_EVENT_CLASSES, *EVENT_GROUPS, *EVENT_CLASSES)}
)


def event_name(text: str) -> str:
    """The class or group that is meant by what somebody typed: its name, or its words, in any case. A class of former
    versions stays one (`classes_of` says what it stands for). Raises UnknownEvent.
    """
    key = _key(text)
    if key in _BY_KEY:
        return _BY_KEY[key]
    near = list(dict.fromkeys(_BY_KEY[each] for each in difflib.get_close_matches(key, _BY_KEY, 4, 0.5)))
    parts = [name for name in (*EVENT_GROUPS, *EVENT_CLASSES) if key and key in name.split("_") and name not in near]
    known = ", ".join([*parts, *near][:4])
    advice = f"did you mean {known}?" if known else "docs/events.md lists them"
    raise UnknownEvent(f"unknown event {text!r}: {advice} Groups: {', '.join(EVENT_GROUPS)}")


def classes_of(text: str) -> tuple[str, ...]:
    """The classes that a name stands for: one, a group's, or what a former class was about. Raises UnknownEvent."""
    name = event_name(text)
    return EVENT_GROUPS.get(name) or ((name,) if name in BY_NAME else classes_meant(name))


def classes_of_all(names: Iterable[str]) -> frozenset[str]:
    """The classes of any of the names. Raises UnknownEvent."""
    return frozenset(each for name in names for each in classes_of(name))


def classes_wanted(names: Iterable[str]) -> frozenset[str]:
    """The classes of names that were taken up before, by a former version too: one that is unknown is its own class."""
    known = [name for name in names if _key(name) in _BY_KEY]
    return classes_of_all(known) | frozenset(name for name in names if _key(name) not in _BY_KEY)


def recorded_as(classes: Iterable[str]) -> list[str]:
    """Every name under which records of these classes may stand, those of former versions among them."""
    wanted = frozenset(classes)
    return sorted(wanted | {name for name in FORMER_EVENT_CLASSES if class_of_former(name) in wanted})


def about_former(text: str) -> str:
    """What to tell somebody who named a class of former versions; "" for any other name."""
    name = event_name(text)
    if not is_former(name) or name in EVENT_GROUPS:
        return ""
    return f"{name} is an event class of former versions; it stands for {', '.join(classes_of(name))} now"


def event_words(name: str) -> str:
    """A class or group as a person calls it; a class of former versions by the words of what it is shown under."""
    if name in GROUP_WORDS and name not in BY_NAME:
        return GROUP_WORDS[name]
    known = BY_NAME.get(class_of_former(name))
    return known.words if known else name.replace("_", " ")


def picked(name: str) -> str:
    """A class or group as a list to pick from shows it: a group says that it is all of its classes."""
    words = event_words(name)
    return f"{words} (all)" if name in EVENT_GROUPS else words


def in_order(names: Iterable[str]) -> list[str]:
    """Groups with their classes behind them, in the order of the classes; what is neither last, by name."""
    order = [each for group, classes in EVENT_GROUPS.items() for each in (group, *classes)]
    found = set(names)
    return [name for name in order if name in found] + sorted(found.difference(order))


def in_classes(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by class, where records of former versions are among what was counted: each under the class that it is
    shown under, in the order of the classes; a model's own classes behind them by name.
    """
    found: dict[str, int] = {}
    for name, count in counts.items():
        shown = class_of_former(name)
        found[shown] = found.get(shown, 0) + count
    return dict(sorted(found.items(), key=lambda each: (_PLACES.get(each[0], len(_PLACES)), each[0])))


def in_groups(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by group, in the order of the groups; what has no group by its own name."""
    found: dict[str, int] = {}
    for name, count in in_classes(counts).items():
        group = group_of(name)
        found[group] = found.get(group, 0) + count
    return found


def group_of(name: str) -> str:
    """The group of a class, also of one of former versions; a model's own class is its own group."""
    known = BY_NAME.get(class_of_former(name))
    return known.group if known else name
