"""A synthetic week of aggregates, written into a real Redis through the functions of shared/contract/aggregates.py.

Seeded, so that two runs show the same. Everything in it is invented: figures, titles, sources, prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
import redis

from shared.clock import DAY, DAY_SECONDS, HOUR, HOUR_SECONDS, SECOND, SystemClock
from shared.contract.aggregates import (
    DETAILED,
    RECENT_DOCUMENTS,
    RESOLUTIONS,
    SECONDS,
    TOP_DOCUMENTS,
    Bucket,
    RecentDocument,
    Resolution,
    Share,
    Totals,
    pack,
)
from shared.contract.events import MARKET, MICRO, Channel
from shared.contract.keys import RUNS, Keys, prices_key, run_key, worker_key
from shared.contract.operation.composition import Composition, pack_day
from shared.contract.operation.health import WorkerReport, encode_report
from shared.contract.topics import Topics
from shared.universe.securities import Catalogue

END: Final = 1_772_204_640_000_000  # 2026-02-27T15:04:00Z, a Friday: the newest opinion of the synthetic week
MINUTES_KEPT: Final = 3 * DAY_SECONDS
EVENTS: Final = (
    "earnings_beat", "guidance", "rating_up", "acquisition", "product_launch", "lawsuit", "executive_change", "",
)  # fmt: skip
NEWS: Final = ("Synthetic Wire", "Synthetic Ledger", "Synthetic Courier", "Synthetic Times")
SOCIAL: Final = ("synthetic-social", "synthetic-forum")
TITLES: Final = {
    "positive": (
        "{} lifts its outlook after a strong quarter",
        "{} wins a large order",
        "Analysts raise {} on margins",
    ),
    "neutral": ("{} sets the date of its annual meeting", "{} names a new head of logistics", "What to expect of {}"),
    "negative": ("{} cuts its outlook as demand softens", "Regulator opens a case against {}", "{} misses on revenue"),
}


@dataclass(slots=True)
class Opinions:
    """Opinions on one company, oldest first; parallel arrays."""

    at: np.ndarray  # microseconds
    social: np.ndarray
    weight: np.ndarray  # micro-units
    probabilities: np.ndarray  # n x 3, micro-units: negative, neutral, positive
    author: np.ndarray
    story: np.ndarray
    event: np.ndarray
    source: np.ndarray


def invent(random: np.random.Generator, days: int, mean_per_day: float) -> Opinions:
    """Opinions whose mood wanders and now and then jumps."""
    count = max(int(random.poisson(mean_per_day * days)), 1)
    at = np.sort(END - (random.beta(1.15, 1.0, count) * days * DAY).astype(np.int64))
    mood = random.normal(0.08, 0.25) + 0.35 * np.sin(np.linspace(0, random.uniform(2, 7), count) + random.uniform(0, 6))
    mood += np.where(np.arange(count) > count * random.uniform(0.6, 1.3), random.normal(0, 0.5), 0)
    logits = np.stack([-2.2 * mood, np.full(count, 0.4), 2.2 * mood], axis=1) + random.normal(0, 1.0, (count, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    outer = np.round(shares[:, [0, 2]] * MICRO).astype(np.int64)
    probabilities = np.stack([outer[:, 0], MICRO - outer.sum(axis=1), outer[:, 1]], axis=1)
    relevance = random.uniform(0.3, 1.0, count)
    return Opinions(
        at=at,
        social=random.random(count) < 0.6,
        weight=(relevance * shares.max(axis=1) * MICRO).astype(np.int64),
        probabilities=probabilities,
        author=random.integers(0, 400, count),
        story=random.integers(0, max(count // 2, 1), count),
        event=random.choice(len(EVENTS), count, p=[0.2, 0.08, 0.14, 0.05, 0.12, 0.08, 0.05, 0.28]),
        source=random.integers(0, 100, count),
    )


@dataclass(slots=True)
class Sums:
    """One bucket while it fills."""

    bucket: Bucket = field(default_factory=Bucket)
    authors: dict[str, Share] = field(default_factory=dict)
    stories: dict[str, Share] = field(default_factory=dict)


def fold(opinions: Opinions) -> dict[tuple[Channel, Resolution, int], Sums]:
    """The buckets of one company, as the aggregation worker would leave them."""
    buckets: dict[tuple[Channel, Resolution, int], Sums] = {}
    cut = END // SECOND - MINUTES_KEPT
    for i in range(len(opinions.at)):
        second = int(opinions.at[i]) // SECOND
        channel: Channel = "social" if opinions.social[i] else "news"
        for resolution in RESOLUTIONS:
            if resolution == "minute" and second < cut:
                continue
            start = second // SECONDS[resolution] * SECONDS[resolution]
            _add(buckets.setdefault((channel, resolution, start), Sums()), opinions, i, channel, resolution in DETAILED)
    return buckets


def _add(sums: Sums, opinions: Opinions, i: int, channel: Channel, detailed: bool) -> None:
    negative, neutral, positive = (int(v) for v in opinions.probabilities[i])
    weight, score = int(opinions.weight[i]), positive - negative
    bucket = sums.bucket
    bucket.documents += 1
    bucket.positive += positive > max(neutral, negative)
    bucket.negative += negative > max(neutral, positive)
    bucket.neutral = bucket.documents - bucket.positive - bucket.negative
    bucket.weight_sum += weight
    bucket.score_sum += weight * score // MICRO
    bucket.score_square_sum += weight * score * score // MICRO // MICRO
    source = _source(opinions, i, channel)
    bucket.sources[source] = bucket.sources.get(source, 0) + 1
    event = EVENTS[opinions.event[i]]
    if event:
        bucket.events[event] = bucket.events.get(event, 0) + 1
    if detailed:
        for shares, name in ((sums.authors, opinions.author[i]), (sums.stories, opinions.story[i])):
            share = shares.setdefault(f"{name:016x}", Share())
            share.documents, share.weight_sum = share.documents + 1, share.weight_sum + weight
            share.score_sum += weight * score // MICRO
        bucket.authors, bucket.stories = len(sums.authors), len(sums.stories)


def _source(opinions: Opinions, i: int, channel: Channel) -> str:
    names = SOCIAL if channel == "social" else NEWS
    return names[int(opinions.source[i]) % len(names)]


def document(company: str, name: str, opinions: Opinions, i: int) -> RecentDocument:
    """The i-th opinion as a document with a title."""
    negative, neutral, positive = (int(v) for v in opinions.probabilities[i])
    mood = ("negative", "neutral", "positive")[int(np.argmax(opinions.probabilities[i]))]
    channel: Channel = "social" if opinions.social[i] else "news"
    titles = TITLES[mood]
    title = titles[int(opinions.story[i]) % len(titles)].format(name)
    return RecentDocument(
        id=f"{i:08x}{company.encode().hex():>024.24}",
        company=company,
        channel=channel,
        source=_source(opinions, i, channel),
        title=title,
        excerpt=f"{title}. This text is synthetic and says nothing about any real company.",
        url=f"https://synthetic.invalid/{company}/{i}" if channel == "news" else "",
        author=f"{opinions.author[i]:016x}",
        story=f"{opinions.story[i]:016x}",
        published_at=int(opinions.at[i]),
        available_at=int(opinions.at[i]),
        negative=negative,
        neutral=neutral,
        positive=positive,
        relevance=min(int(opinions.weight[i]) * MICRO // max(negative, neutral, positive), MICRO),
        weight=int(opinions.weight[i]),
        event=EVENTS[opinions.event[i]],
        event_probability=700_000 if EVENTS[opinions.event[i]] else 0,
        model="bellwether-mini",
        synthetic=True,
    )


def write_company(client: redis.Redis, keys: Keys, company: str, name: str, opinions: Opinions) -> None:
    """Everything that one company has in Redis."""
    pipeline = client.pipeline(transaction=False)
    for (channel, resolution, start), sums in fold(opinions).items():
        pipeline.hset(keys.series(company, channel, resolution), str(start), pack(sums.bucket))
        if resolution in DETAILED:
            for shares, key in ((sums.authors, keys.authors), (sums.stories, keys.stories)):
                where = key(company, channel, resolution, start)
                pipeline.hset(where, mapping={each: pack(share) for each, share in shares.items()})
    documents = [document(company, name, opinions, i) for i in range(len(opinions.at))]
    recent = {d.id: msgspec.json.encode(d) for d in documents[-RECENT_DOCUMENTS:]}
    pipeline.hset(keys.recent(company), mapping=recent)
    by_hour: dict[int, list[RecentDocument]] = {}
    for each in documents:
        by_hour.setdefault(each.available_at // SECOND // HOUR_SECONDS * HOUR_SECONDS, []).append(each)
    heaviest = {h: sorted(some, key=lambda d: (-d.weight, d.id))[:TOP_DOCUMENTS] for h, some in by_hour.items()}
    pipeline.hset(keys.top(company), mapping={str(h): msgspec.json.encode(some) for h, some in heaviest.items()})
    pipeline.hset(keys.companies(keys.slot_of(company)), company, int(opinions.at[-1]))
    pipeline.execute()


def write_prices(client: redis.Redis, company: str, random: np.random.Generator, days: int) -> None:
    """A random walk on weekdays."""
    dates = np.arange(np.datetime64(END // DAY - days, "D"), np.datetime64(END // DAY, "D"))
    close = 100 * np.exp(np.cumsum(random.normal(0.0004, 0.016, len(dates))))
    values = {
        str(date): msgspec.json.encode([round(c * 0.995, 2), round(c * 1.01, 2), round(c * 0.985, 2), round(c, 2), 1e6])
        for date, c in zip(dates, close.tolist(), strict=True)
        if np.is_busday(date)
    }
    client.hset(prices_key(company), mapping=values)


def write_health(client: redis.Redis, run: str, keys: Keys, opinions: int) -> None:
    """Totals, the run's record, and reports of workers that do not expire."""
    client.sadd(RUNS, run)
    bound = {
        "model_id": "5eed5eed5eed5eed",
        "cluster_id": "synthetic",
        f"partitions.{Topics(run).opinions}": keys.slots,
    }
    client.hset(run_key(run), mapping=bound)
    totals = msgspec.to_builtins(
        Totals(documents_scored=opinions * 3 // 4, documents_dead=7, opinions_applied=opinions, duplicates=42, late=3)
    )
    client.hset(keys.totals(0), mapping=totals)
    now = SystemClock().now()
    for role, rate in (("ingest", 52.0), ("scoring", 48.7), ("aggregation", 61.2)):
        scoring = {"model": "bellwether-mini", "model_id": "5eed5eed5eed5eed", "device": "cpu", "precision": "int8"}
        report = WorkerReport(
            role=role,
            name=f"{role}-1",
            pid=4242,
            started_at=now - 3 * HOUR,
            reported_at=now,
            processed=opinions,
            per_second=rate,
            latency_p50_ms=41.0,
            latency_p99_ms=188.0,
            queue=3,
            partitions=["0", "1", "2", "3"],
            resident_bytes=512_000_000,
            **(scoring if role == "scoring" else {}),
        )
        client.set(worker_key(run, role, report.name), encode_report(report))


def write_composition(client: redis.Redis, keys: Keys) -> None:
    """A month of days alike, and two in which Japanese documents came that name no company we know."""
    newest = int(END // DAY)
    for number in range(newest - 29, newest + 1):
        new, some = number > newest - 2, 1_000 + 37 * (number % 7)
        languages = {"en": some * 7 // 10, "zh": some // 5, "de": some // 10} | ({"ja": some // 4} if new else {})
        documents = sum(languages.values())
        day = Composition(
            documents=documents,
            unlinked=documents // 5 + (some // 4 if new else 0),
            positive=documents * 3 // 10,
            neutral=documents // 2,
            negative=documents // 5,
            confidence=[0, 0, 0, 10, 60, 120, 200, 260, 220, 130],
            languages=languages,
            events={"results_good": documents // 6, "guidance_raised": documents // 30, "none": documents * 4 // 5},
        )
        client.hset(keys.composition(0), str(number), pack_day(day))


def move_on(client: redis.Redis, keys: Keys) -> None:
    """Move every slot's position, as the aggregation worker does with each batch that it applies."""
    for slot in range(keys.slots):
        offset = int((client.get(keys.position(slot)) or b"synthetic:0").rpartition(b":")[2])
        client.set(keys.position(slot), f"synthetic:{offset + 1}")


def seed(
    client: redis.Redis,
    names: Sequence[tuple[str, str]],
    run: str = "live",
    slots: int = 8,
    days: int = 7,
    volume: float = 1.0,
) -> dict[str, Opinions]:
    """Writes `days` days for (id, name) of every company, and for the market; returns the opinions by company id.

    `volume` 1 makes some 220,000 opinions a week on 500 companies.
    """
    random = np.random.default_rng(20260227)
    keys = Keys(run, slots)
    written: dict[str, Opinions] = {}
    for rank, (company, name) in enumerate([*names, (MARKET, "the market")]):
        written[company] = invent(random, days, volume * (30 + 4000 / (rank + 8)))
        write_company(client, keys, company, name, written[company])
        if company != MARKET:
            write_prices(client, company, random, days + 30)
    write_health(client, run, keys, sum(len(opinions.at) for opinions in written.values()))
    write_composition(client, keys)
    move_on(client, keys)
    return written


def listed(count: int) -> list[tuple[str, str]]:
    """Ids and names of `count` companies of the catalogue, spread over its sectors."""
    companies = [each for each in Catalogue.load().companies if not each.listings[-1].end]
    order = np.random.default_rng(4).permutation(len(companies))[:count]
    return [(companies[i].id, companies[i].name) for i in order]
