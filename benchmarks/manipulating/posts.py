"""What is posted: when, on which feed, and the item as that feed would give it; and texts that say one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shared.clock import DAY, HOUR, MINUTE
from shared.contract.events import Channel

COMPANY: Final = "BA"
NAME: Final = "Boeing"


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


BEGIN: Final = _micros(datetime(2026, 3, 2, tzinfo=UTC))
QUIET_DAYS: Final = 30  # of ordinary posts before anything happens: more than the baseline of every shipped strategy
ATTACK: Final = BEGIN + QUIET_DAYS * DAY + 14 * HOUR  # a full hour
END: Final = ATTACK + 3 * DAY


@dataclass(frozen=True, slots=True)
class Feed:
    """A configured source. Whoever can post there chooses what an item says, never which feed it is."""

    name: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Post:
    """An item, and when it was read (microseconds)."""

    at: int
    feed: Feed
    item: dict[str, Any]


SOCIAL, FORUM, WIRE = Feed("bluesky", "social"), Feed("forum", "social"), Feed("rss:wire.example", "news")

_DEALS: Final = ("a record order for 120 jets", "a $14 billion defence contract", "a huge order from Emirates",
                 "approval for the 777X", "a profit far above expectations", "an upgrade to buy from two brokers",
                 "its best quarter in a decade", "a raised forecast for the year", "a surge in deliveries",
                 "a large new contract with the Air Force")  # fmt: skip
_HOW: Final = ("{name} wins {deal}, shares jump", "{name} stock soars after {deal}",
               "Great news for {name}: {deal} lifts profit outlook", "{name} rallies to a new high on {deal}",
               "Analysts cheer as {name} announces {deal}", "{name} beats all estimates with {deal}")  # fmt: skip
_BLOWS: Final = ("a large recall of jets", "a fraud inquiry", "a huge quarterly loss", "cancelled orders",
                 "a grounded fleet", "a cut forecast", "two downgrades", "a failed safety audit")  # fmt: skip
_FALLS: Final = ("{name} shares plunge after {deal}", "{name} tumbles to a new low on {deal}",
                 "Bad news for {name}: {deal} hurts profit", "{name} stock sinks as investors flee {deal}")  # fmt: skip

PRAISE: Final = tuple(how.format(name=NAME, deal=deal) for deal in _DEALS for how in _HOW)  # 60, all of them good
BLAME: Final = tuple(how.format(name=NAME, deal=deal) for deal in _BLOWS for how in _FALLS)  # 32, all of them bad

_ORDINARY: Final = (
    "{name} delivers {n} aircraft in the week, in line with plan", "{name} shares slip {n} cents on light volume",
    "{name} gains {n} cents as the market rises", "Talks between {name} and its machinists go on, day {n}",
    "{name} opens a training centre for {n} mechanics", "{name} faces a delay of {n} days at a supplier",
    "{name} wins an order for {n} freighters", "A customer of {name} defers {n} jets",
)  # fmt: skip
REGULARS: Final = tuple(f"@regular{number}" for number in range(7))


def ordinary() -> Iterator[Post]:
    """What is said of the company when nobody manipulates anything: four posts a day by regular voices, until END."""
    number, at = 0, BEGIN + 7 * HOUR
    while at < END:
        text = _ORDINARY[number * 5 % len(_ORDINARY)].format(name=NAME, n=number % 90 + 3)
        if number % 3:
            author = REGULARS[number % len(REGULARS)]
            yield Post(at, SOCIAL, {"text": text, "author": author, "external_id": f"ordinary{number}"})
        else:
            yield Post(at, WIRE, {"title": text, "external_id": f"ordinary{number}"})
        number += 1
        at += 6 * HOUR + 11 * MINUTE


def honest(hours: set[int], praise: bool = True) -> Iterator[Post]:
    """One account that says the same as loudly as it can: five posts in its own words in each of these hours."""
    texts, number = (PRAISE if praise else BLAME), 0
    for hour in sorted(hours):
        for minute in range(5):
            text = texts[number * 7 % len(texts)]
            item = {"text": text, "author": "@honest", "external_id": f"honest{number}"}
            yield Post(hour + (10 + 9 * minute) * MINUTE, SOCIAL, item)
            number += 1
