"""The synthetic week: documents that nobody wrote, of companies that exist. Seeded; every item says `synthetic`.

A seed gives the same items, byte for byte. Texts come from a grammar (sample_grammar.yaml); how many speak well of a
company at an hour is drawn by its planted path (sample_path.py). Wires copy each other, posts are re-posted.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from services.ingest.sample.prices import COMPANIES, DAYS, HOURS, SEED, START, first_hour, opinion
from shared.clock import DAY_SECONDS, HOUR_SECONDS
from shared.contract.events import Channel
from shared.universe.securities import Catalogue, Instrument

Mood = Literal["negative", "neutral", "positive"]

DOCUMENTS: Final = 6_000  # originals; copies and re-posts come on top
NEUTRAL_SHARE: Final = 0.22
SOURCE: Final = "sample"

_OPPOSITE: Final[dict[Mood, Mood]] = {"negative": "positive", "neutral": "neutral", "positive": "negative"}
_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_LOOSE_MARK: Final = re.compile(r" ([,.])(?=\s|$)")  # what an empty choice leaves before a comma
_SOCIAL_SHARE: Final = 0.6
_PAIR_SHARE: Final = 0.08
_MARKET_SHARE: Final = 0.03
_COPIED_SHARE: Final = 0.10


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One synthetic text, as a source would give it. `moods`, what was planted per company id, is not published."""

    channel: Channel
    published_at: datetime
    text: str
    title: str
    source: str
    author: str
    url: str
    external_id: str
    event: str
    moods: Mapping[str, Mood] = field(default_factory=dict)

    def raw(self) -> dict[str, str]:
        """The fields that `normalise` reads (its FIELDS)."""
        return {
            "text": self.text,
            "title": self.title,
            "published_at": self.published_at.isoformat().replace("+00:00", "Z"),
            "source": self.source,
            "author": self.author,
            "url": self.url,
            "external_id": self.external_id,
        }


def sample_week(seed: int = SEED, documents: int = DOCUMENTS, days: int = DAYS) -> list[SampleItem]:
    """The items in order of time: about `documents` originals and a fifth more copies and re-posts. A sample of more
    `days` ends with the week and begins earlier.
    """
    return _Week(seed, days).items(documents)


def usual_documents(days: int) -> int:
    """How many originals a sample of so many days has unless somebody asks for more."""
    return max(DOCUMENTS, days * 60)


@lru_cache(maxsize=1)
def _grammar() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("sample_grammar.yaml").read_text("utf-8"))
    return loaded


def _activity(moment: datetime, social: bool) -> float:
    """How busy an hour is, 0..1: news around the exchange's open and close, posts also at night; little at weekends."""
    hour = moment.hour + moment.minute / 60
    open_, close = math.exp(-((hour - 14) ** 2) / 6), math.exp(-((hour - 21) ** 2) / 4)
    floor = 0.25 if social else 0.08
    weekday = 1.0 if moment.weekday() < 5 else 0.35
    return weekday * min(1.0, floor + 0.75 * open_ + 0.6 * close)


class _Week:
    """The generator's state: one random stream, companies, authors."""

    def __init__(self, seed: int, days: int) -> None:
        self._seed, self._days = seed, days
        self._start = START + timedelta(hours=first_hour(days))
        self._random = random.Random(f"week:{seed}")
        catalogue = Catalogue.load()
        self._companies = [catalogue.by_id[company] for company in COMPANIES]
        self._weights = [1 / (1 + rank) ** 0.3 for rank in range(len(self._companies))]
        self._handles = [f"trader_{n:03d}" for n in range(400)]
        self._bylines = [f"{first} {last}" for first in _FIRST for last in _LAST]
        self._count = 0

    def items(self, documents: int) -> list[SampleItem]:
        found: list[SampleItem] = []
        for _ in range(documents):
            item = self._original()
            found.append(item)
            if self._random.random() < _COPIED_SHARE:
                found += self._copies(item)
        end = START + timedelta(hours=HOURS)
        return sorted(
            (item for item in found if item.published_at < end), key=lambda item: (item.published_at, item.external_id)
        )

    def _moment(self, social: bool) -> datetime:
        while True:
            moment = self._start + timedelta(seconds=self._random.randrange(self._days * DAY_SECONDS))
            if self._random.random() < _activity(moment, social):
                return moment

    def _mood(self, company: Instrument, moment: datetime) -> Mood:
        if self._random.random() < NEUTRAL_SHARE:
            return "neutral"
        planted = opinion(company.id, (moment - START).total_seconds() / HOUR_SECONDS, self._seed, self._days)
        return "positive" if self._random.random() < (1 + planted) / 2 else "negative"

    def _pick(self, words: Sequence[str], skew: float = 1.0) -> str:
        """One of `words`; `skew` > 1 prefers the first."""
        return words[int(len(words) * self._random.random() ** skew)]

    def _original(self) -> SampleItem:
        social = self._random.random() < _SOCIAL_SHARE
        moment = self._moment(social)
        if self._random.random() < _MARKET_SHARE:
            mood: Mood = self._random.choice(("negative", "neutral", "positive"))
            text = _Sentence(self._random, {}).expand(self._pick(_grammar()["market"][mood]))
            return self._item(social, moment, "market", text, "", {})
        company = self._random.choices(self._companies, self._weights)[0]
        mood = self._mood(company, moment)
        other = self._rival(company, moment, mood) if self._random.random() < _PAIR_SHARE * 2 else None
        sentence = _Sentence(self._random, self._slots(company, other))
        moods: dict[str, Mood] = {company.id: mood}
        if other is not None and mood != "neutral":
            moods[other.id] = _OPPOSITE[mood]
            template = self._pick(_grammar()["social" if social else "news"]["pair"][mood])
            return self._item(social, moment, "pair", sentence.expand(template), "", moods)
        if social:
            text = sentence.expand(self._pick(_grammar()["social"][mood]))
            return self._item(True, moment, "post", text, "", moods)
        event = self._pick([name for name in _grammar()["news"] if name != "pair"])
        title = sentence.expand(self._pick(_grammar()["news"][event][mood]))
        bodies = self._random.sample(_grammar()["bodies"][mood], self._random.choice((1, 2, 2, 3)))
        return self._item(False, moment, event, title, " ".join(map(sentence.expand, bodies)), moods)

    def _rival(self, company: Instrument, moment: datetime, mood: Mood) -> Instrument | None:
        """Another company of the sector whose own draw goes the other way."""
        peers = [each for each in self._companies if each.sector == company.sector and each is not company]
        rival = self._random.choice(peers)
        return rival if mood != "neutral" and self._mood(rival, moment) == _OPPOSITE[mood] else None

    def _slots(self, company: Instrument, other: Instrument | None) -> dict[str, str]:
        grammar, pick = _grammar(), self._pick
        other = other or self._random.choice([each for each in self._companies if each is not company])
        return {
            "C": _said(company, self._random),
            "T": f"${company.ticker}",
            "D": _said(other, self._random),
            "U": f"${other.ticker}",
            "product": pick(grammar["products"][company.id]),
            "region": pick(grammar["regions"]),
            "city": pick(grammar["cities"]),
            "quarter": pick(grammar["quarters"]),
            "day": pick(grammar["days"]),
            "broker": pick(grammar["brokers"]),
            "person": pick(grammar["people"]),
        }

    def _item(
        self, social: bool, moment: datetime, event: str, head: str, body: str, moods: dict[str, Mood]
    ) -> SampleItem:
        self._count += 1
        number = f"{self._seed}-{self._count:06d}"
        if social:
            author = self._pick(self._handles, 2.0)
            return SampleItem("social", moment, head, "", f"{SOURCE}:posts", author, "", f"post-{number}", event, moods)
        wire = self._pick(_grammar()["wires"], 1.5)
        address = f"https://news.invalid/{wire.lower().replace(' ', '-')}/{number}"
        title = head[0].upper() + head[1:]
        return SampleItem(
            "news", moment, body or f"{title}.", title, f"{SOURCE}:{wire}", self._pick(self._bylines), address,
            f"story-{number}", event, moods,
        )  # fmt: skip

    def _copies(self, item: SampleItem) -> list[SampleItem]:
        """The same story again: other wires with their label and suffix, or re-posts of the post."""
        copies = []
        for number in range(self._random.choice((1, 1, 2, 3))):
            later = item.published_at + timedelta(seconds=self._random.randrange(120, 4 * HOUR_SECONDS))
            changed: dict[str, Any] = {"published_at": later, "external_id": f"{item.external_id}-{number + 1}"}
            if item.channel == "social":
                changed |= {"author": self._pick(self._handles), "text": f"RT @{item.author}: {item.text}"}
            else:
                wire = self._pick(_grammar()["wires"])
                label = self._pick(("", "", "UPDATE 1-", "UPDATE 2-", "BRIEF-", "RPT-"))
                suffix = self._pick(("", " - Synthetic Wire", " | Synthetic Wire"))
                changed |= {
                    "title": f"{label}{item.title}{suffix}",
                    "source": f"{SOURCE}:{wire}",
                    "author": self._pick(self._bylines),
                    "url": f"{item.url}/{number + 1}",
                }
            copies.append(_replaced(item, changed))
        return copies


def _replaced(item: SampleItem, changed: Mapping[str, Any]) -> SampleItem:
    values = {name: getattr(item, name) for name in SampleItem.__dataclass_fields__}
    return SampleItem(**{**values, **changed})


_FIRST: Final = ("Alma", "Bruno", "Celia", "Dev", "Edith", "Farid", "Greta", "Hugo")
_LAST: Final = ("Ashdown", "Brightwater", "Calloway", "Dunmore", "Elmhurst")


def _said(company: Instrument, draw: random.Random) -> str:
    """The company's name as a text would have it: mostly the short one, now and then an alias."""
    plain = [name for name in (company.name, *company.aliases) if len(name) <= 14 and name not in company.everyday]
    names = plain or [company.name]
    return names[0] if draw.random() < 0.8 else draw.choice(names)


class _Sentence:
    """Expands templates with one set of slots, so that title and body speak of the same thing."""

    def __init__(self, draw: random.Random, slots: Mapping[str, str]) -> None:
        self._draw, self._slots = draw, slots

    def expand(self, template: str) -> str:
        """`template` with every [choice|of] made and every {slot} filled."""
        while (match := _CHOICE.search(template)) is not None:
            chosen = self._draw.choice(match[1].split("|"))
            template = template[: match.start()] + chosen + template[match.end() :]
        return _LOOSE_MARK.sub(r"\1", " ".join(_SLOT.sub(self._fill, template).split()))

    def _fill(self, match: re.Match[str]) -> str:
        name, draw = match[1], self._draw
        numbers = {
            "big": lambda: f"{draw.randrange(8, 46)}%",
            "small": lambda: str(draw.randrange(2, 30)),
            "bln": lambda: f"${draw.randrange(11, 99) / 10} billion",
            "mln": lambda: f"${draw.randrange(20, 900)} million",
        }
        return numbers[name]() if name in numbers else self._slots[name]
