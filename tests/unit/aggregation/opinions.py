"""Made-up opinions for the tests of aggregation, and hypothesis strategies over whole histories of a slot."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from services.aggregation.core.plan import Decoded
from shared.clock import DAY, HOUR, MINUTE
from shared.contract.events import CHANNELS, MICRO, Opinion, OpinionMessage, Origin, Tick

TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
BASE = 1_400_000_000_000_000


def opinion(offset: int = 0, index: int = 0, **fields: object) -> Opinion:
    """An opinion with everything filled in; `fields` override. `partition` sets the origin's."""
    partition = int(str(fields.pop("partition", 0)))
    values: dict[str, object] = {
        "origin": Origin(TOPIC_ID, partition, offset, index),
        "document_id": f"{partition:08d}{offset:024d}",
        "company": "AAPL",
        "relevance": MICRO,
        "channel": "news",
        "source": "test",
        "author": "a" * 16,
        "story": "b" * 16,
        "published_at": BASE,
        "available_at": BASE,
        "negative": 100_000,
        "neutral": 200_000,
        "positive": 700_000,
        "model": "m" * 16,
        "companies": 1,
    }
    return Opinion(**(values | fields))  # type: ignore[arg-type]


def random_opinion(draw: random.Random, partition: int, offset: int, index: int, at: int) -> Opinion:
    """An opinion on one of a few companies, with few authors and stories, so that everything meets."""
    negative = draw.randrange(MICRO + 1)
    neutral = draw.randrange(MICRO - negative + 1)
    return opinion(
        offset,
        index,
        partition=partition,
        company=draw.choice(("AAPL", "MSFT", "_MARKET")),
        channel=draw.choice(CHANNELS),
        source=draw.choice(("rss:a", "file:b")),
        author=draw.choice(("", "a" * 16, "c" * 16)),
        story=draw.choice(("1" * 16, "2" * 16, "3" * 16)),
        available_at=at,
        relevance=draw.randrange(MICRO + 1),
        negative=negative,
        neutral=neutral,
        positive=MICRO - negative - neutral,
        event=draw.choice(("", "earnings", "merger")),
    )


def history(seed: int, partitions: int, documents: int, jump: int = HOUR, first: int = 0) -> list[list[OpinionMessage]]:
    """Per origin partition: opinions in origin order, copies of earlier documents and ticks among them.

    Times wander forwards and sometimes back; `jump` is the mean step, `first` the origin offset to begin with.
    """
    draw = random.Random(seed)
    return [_stream(draw, partition, range(first, first + documents), jump) for partition in range(partitions)]


def _stream(draw: random.Random, partition: int, offsets: range, jump: int) -> list[OpinionMessage]:
    stream: list[OpinionMessage] = []
    firsts: list[Opinion] = []
    at = BASE + draw.randrange(DAY)
    for offset in offsets:
        if firsts and draw.random() < 0.15:
            first = draw.choice(firsts[-20:])
            origin = Origin(TOPIC_ID, partition, offset, 0)
            stream.append(Opinion(**{**_fields(first), "origin": origin}))
            continue
        at += draw.randrange(-jump, 3 * jump) if draw.random() < 0.9 else draw.randrange(MINUTE)
        for index in range(draw.choice((1, 1, 2))):
            made = random_opinion(draw, partition, offset, index, at)
            if any(isinstance(m, Opinion) and m.company == made.company and m.origin.offset == offset for m in stream):
                continue
            stream.append(made)
            firsts.append(made)
        if draw.random() < 0.1:
            stream.append(Tick(watermark=at - 2 * jump, origin=Origin(TOPIC_ID, partition, offset, 0)))
    return stream


def _fields(message: Opinion) -> dict[str, object]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


def merge(draw: random.Random, streams: Sequence[Sequence[OpinionMessage]], resend: float) -> list[Decoded]:
    """One partition of `opinions`: an interleaving that keeps each stream's order, with stretches sent again."""
    cursors = [0] * len(streams)
    out: list[OpinionMessage] = []
    while any(cursor < len(stream) for cursor, stream in zip(cursors, streams, strict=True)):
        which = draw.choice([i for i, stream in enumerate(streams) if cursors[i] < len(stream)])
        if cursors[which] and draw.random() < resend:
            cursors[which] = max(0, cursors[which] - draw.randrange(1, 12))
        for _ in range(draw.randrange(1, 6)):
            if cursors[which] < len(streams[which]):
                out.append(streams[which][cursors[which]])
                cursors[which] += 1
    return list(enumerate(out))


@dataclass(frozen=True)
class Case:
    """One way of delivering one history."""

    seed: int
    partitions: int
    documents: int
    jump: int


cases = st.builds(
    Case,
    seed=st.integers(0, 2**32),
    partitions=st.integers(1, 4),
    documents=st.integers(1, 60),
    jump=st.sampled_from((MINUTE, HOUR, DAY)),
)


def split(draw: random.Random, records: Sequence[Decoded], most: int) -> list[Sequence[Decoded]]:
    """`records` in batches of 1 to `most`."""
    out, start = [], 0
    while start < len(records):
        size = draw.randrange(1, most + 1)
        out.append(records[start : start + size])
        start += size
    return out
