"""Invented opinions of one slot, in the order of their times, as the log holds them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from services.aggregation.core.plan import Decoded
from shared.clock import DAY, HOUR
from shared.contract.events import CHANNELS, MICRO, Opinion, Origin, Tick

START: Final = 1_700_006_400_000_000 // DAY * DAY
STREAM: Final = "T:0"
WORDS: Final = 1_000_000
EVENTS: Final = ("earnings", "analyst_rating", "general_news", "legal_regulation", "")


class Drawn:
    """Companies by Zipf's law, titles and excerpts of invented words, ids as hashes are; a tick behind every hour."""

    def __init__(self, companies: int, stride: int = 1, period: int = 0) -> None:
        """`stride`: offsets of the origin from one record to the next. `period`: after so many days everything is drawn
        again as it was, but for ids, stories and authors, which are always new ones; 0: nothing is."""
        self._draw, self._period, self._round = random.Random(7), period, 0
        self._new = random.Random(8) if period else self._draw  # of names that are never drawn again
        self._companies = [f"C{number}" for number in range(companies)]
        self._weights = list(accumulate(1 / (rank + 5) for rank in range(companies)))
        words = [f"{self._draw.randrange(10**7):x}" for _ in range(5_000)]
        self._words = self._draw.choices(words, k=WORDS)  # texts are cut from here: to draw each word takes far longer
        self._offset, self.opinions, self._stride = 0, 0, stride

    def day(self, number: int, opinions: int) -> Iterator[Decoded]:
        """One day's records; a day without opinions is one tick."""
        begin = START + number * DAY
        if self._period:
            self._round, day_of_it = divmod(number, self._period)
            self._draw.seed(day_of_it)
        hour = 0 if opinions else 24
        for at in sorted(self._draw.randrange(DAY) for _ in range(opinions)):
            while at >= (hour + 1) * HOUR:
                hour += 1
                yield self._next(Tick(watermark=begin + hour * HOUR, origin=Origin("T", 0, self._offset)))
            yield self._next(self._opinion(begin + at))
        yield self._next(Tick(watermark=begin + DAY, origin=Origin("T", 0, self._offset)))

    def _next(self, message: Opinion | Tick) -> Decoded:
        self._offset += 1
        self.opinions += isinstance(message, Opinion)
        return self._offset - 1, message

    def _opinion(self, at: int) -> Opinion:
        draw, number = self._draw, self._offset
        origin = Origin("T", 0, number * self._stride)
        positive = draw.randrange(MICRO + 1)
        channel = draw.choice(CHANNELS)
        return Opinion(
            origin=origin, document_id=f"{self._new.getrandbits(128):032x}",
            company=draw.choices(self._companies, cum_weights=self._weights)[0], relevance=MICRO, channel=channel,
            source=f"rss:source{draw.randrange(40)}", title=self._text(10), excerpt=self._text(40),
            url=f"https://example.org/{number:x}/{self._text(1)}",
            author=f"{self._of(3_000) * 7919:016x}" if channel == "social" else "",
            story=f"{self._new.getrandbits(64) if draw.random() < 0.7 else self._of(500):016x}", published_at=at,
            available_at=at, negative=(MICRO - positive) // 2, neutral=MICRO - positive - (MICRO - positive) // 2,
            positive=positive, event=draw.choice(EVENTS), model="m" * 16, companies=1,
            item=f"{self._new.getrandbits(128):032x}",
        )  # fmt: skip

    def _of(self, many: int) -> int:
        """One of so many that are there in a round."""
        return self._round * many + self._draw.randrange(many)

    def _text(self, words: int) -> str:
        first = int(self._draw.random() * (WORDS - words))
        return " ".join(self._words[first : first + words])
