"""Analyst profiles: what somebody follows, and what they thought of what they were shown. The contract of page,
commands and alert rules; kept in Redis, beside the runs, not in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import msgspec
import redis

from shared.contract.keys import PROFILES, follows_key, ratings_key
from shared.contract.names import WHAT, is_name
from shared.event_classes.former import class_of_former
from shared.event_classes.selection import classes_wanted, event_words

DEFAULT_LIST: Final = "main"
MOST_FOLLOWS: Final = 2_000  # of a profile, on all its lists
_LONGEST_FOLLOW: Final = 100  # characters
KEPT_RATINGS: Final = 2_000  # of a profile; the oldest are forgotten first

FollowKind = Literal["company", "sector", "event"]
FOLLOW_KINDS: Final[tuple[FollowKind, ...]] = get_args(FollowKind)


class ProfileError(ValueError):
    """A name that cannot be used; the text says what can."""


class Follow(msgspec.Struct, frozen=True, order=True):
    """One thing that a profile follows, on one of its lists."""

    list: str
    kind: FollowKind
    value: str

    @property
    def field(self) -> str:
        return f"{self.list}|{self.kind}|{self.value}"

    @classmethod
    def parse(cls, field: str) -> Follow | None:
        """None for what another version wrote."""
        name, _, rest = field.partition("|")
        kind, _, value = rest.partition("|")
        return cls(name, kind, value) if kind in FOLLOW_KINDS and value else None


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """A thumb on an article or a signal, with the features that the item had then (shared/analyst/ranking.py)."""

    value: Literal[-1, 1]
    at: int  # wall clock, microseconds
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interests:
    """What is followed, over all lists or one of them."""

    companies: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()

    @classmethod
    def of(cls, follows: Iterable[Follow], chosen: str = "") -> Interests:
        """`chosen`: of this list alone."""
        held: dict[str, set[str]] = {kind: set() for kind in FOLLOW_KINDS}
        for follow in follows:
            if not chosen or follow.list == chosen:
                held[follow.kind].add(follow.value)
        return cls(frozenset(held["company"]), frozenset(held["sector"]), frozenset(held["event"]))

    def __bool__(self) -> bool:
        return bool(self.companies or self.sectors or self.events)

    def __or__(self, other: Interests) -> Interests:
        return Interests(self.companies | other.companies, self.sectors | other.sectors, self.events | other.events)

    def reasons(self, company: str, sector: str, events: Iterable[str]) -> list[str]:
        """What of these is followed, in words: `AAPL`, `sector Energy`, `event price rise`; empty when nothing is."""
        found = [company] if company in self.companies else []
        found += [f"sector {sector}"] if sector in self.sectors else []
        told = {class_of_former(event) for event in events}
        return found + [f"event {event_words(each)}" for each in sorted(told & self.event_classes)]

    @property
    def event_classes(self) -> frozenset[str]:
        """The classes of the events and groups that are followed."""
        return classes_wanted(self.events)


class Profiles:
    """Profiles in Redis. Every change is one command, so that page and command line may work at once.

    Methods raise redis.RedisError; names are checked on writing (ProfileError).
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def names(self) -> list[str]:
        return sorted(name.decode() for name in cast("set[bytes]", self._client.smembers(PROFILES)))

    def follows(self, profile: str) -> list[Follow]:
        fields = cast("list[bytes]", self._client.hkeys(follows_key(profile)))
        return sorted(found for field in fields if (found := Follow.parse(field.decode())))

    def add(self, profile: str, follow: Follow, now: int) -> bool:
        """Whether it was new."""
        checked_name(profile)
        checked_name(follow.list)
        _check_value(follow)
        key = follows_key(profile)
        if self._client.hlen(key) >= MOST_FOLLOWS and not self._client.hexists(key, follow.field):
            raise ProfileError(f"profile {profile} follows {MOST_FOLLOWS:,} things, as many as it may")
        self._client.sadd(PROFILES, profile)
        return bool(self._client.hsetnx(key, follow.field, str(now)))

    def remove(self, profile: str, follow: Follow) -> bool:
        """Whether it was there."""
        return bool(self._client.hdel(follows_key(profile), follow.field))

    def ratings(self, profile: str) -> dict[str, Rating]:
        raw = cast(Mapping[bytes, bytes], self._client.hgetall(ratings_key(profile)))
        return {item.decode(): _rating.decode(value) for item, value in raw.items()}

    def rate(self, profile: str, item: str, rating: Rating | None) -> None:
        """Put a thumb on an item in place of the one that it has; None takes it away."""
        checked_name(profile)
        key = ratings_key(profile)
        if rating is None:
            self._client.hdel(key, item)
            return
        self._client.sadd(PROFILES, profile)
        self._client.hset(key, item, msgspec.json.encode(rating).decode())
        if self._client.hlen(key) > KEPT_RATINGS:
            kept = self.ratings(profile)
            oldest = sorted(kept, key=lambda name: (kept[name].at, name))[: len(kept) - KEPT_RATINGS]
            self._client.hdel(key, *oldest)


def _check_value(follow: Follow) -> None:
    """Pages and rules show it: no control characters, no novel. Raises ProfileError."""
    value = follow.value
    if not value.strip() or len(value) > _LONGEST_FOLLOW or not value.isprintable():
        raise ProfileError(
            f"{follow.kind} {value[:_LONGEST_FOLLOW]!r} cannot be followed: 1 to {_LONGEST_FOLLOW} printable characters"
        )


_rating = msgspec.json.Decoder(Rating)


def checked_name(name: str) -> str:
    """`name` itself; raises ProfileError when it can be no profile's or list's."""
    if not is_name(name):
        raise ProfileError(f"{name!r} is not a valid name: {WHAT}")
    return name
