"""Two invented days of news and posts on a few companies: a good day, then a bad one. Nothing of it ever happened."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from shared.clock import HOUR, MINUTE_SECONDS, SECOND
from shared.contract.events import Channel, Document

FIRST_DAY: Final = 1_772_150_400_000_000  # 2026-02-27T00:00:00Z
SECOND_DAY: Final = FIRST_DAY + 24 * HOUR
MINUTE: Final = MINUTE_SECONDS * SECOND


class Line(NamedTuple):
    """A text, the hour of the two days at which it is told first, and by whom, some minutes apart."""

    hour: float
    title: str
    text: str
    sources: tuple[str, ...]


LINES: Final = (
    Line(8, "Boeing wins a large order of 737 aircraft", "Boeing won an order for 120 aircraft, its largest of the "
         "year. Shares of the plane maker rose in early trading.", ("Courier", "Ledger", "Wire")),
    Line(10, "Boeing raises its delivery outlook", "Boeing lifted its outlook for deliveries after a strong quarter "
         "and said that demand is solid.", ("Ledger",)),
    Line(13, "Analyst upgrades Boeing to buy on strong orders", "The broker raised Boeing to buy and lifted its price "
         "target by 15 percent.", ("Wire",)),
    Line(15, "", "Boeing looks great here, strong orders and a strong quarter, buying more", ("forum",)),
    Line(16, "Boeing names a date for its annual meeting", "Boeing will hold its annual meeting in April.", ("Wire",)),
    Line(31, "Regulator opens a case against Boeing over faulty parts", "The regulator opened a case against Boeing "
         "after faulty parts were found. Boeing shares fell sharply.", ("Wire", "Courier", "Ledger", "Times", "Post")),
    Line(33, "Boeing cuts its delivery outlook as a line stops", "Boeing cut its outlook for deliveries after a "
         "production line stopped. Analysts warned of a weak quarter and of losses.", ("Ledger", "Times")),
    Line(34, "", "Boeing is a disaster, faulty parts again, selling everything before it falls further", ("forum",)),
    Line(36, "Airline cancels its order of Boeing jets", "An airline cancelled an order of 30 jets from Boeing and "
         "asked for its money back.", ("Courier",)),
    Line(38, "Boeing names a new head of logistics", "Boeing named a new head of logistics from within.", ("Wire",)),
    Line(9, "Apple beats forecasts on record sales", "Apple reported record sales and beat forecasts.", ("Wire",)),
    Line(12, "Apple and Microsoft agree on cloud licences", "Apple and Microsoft agreed on licences.", ("Ledger",)),
    Line(33, "Apple cuts its outlook as demand softens", "Apple cut its outlook on weak demand.", ("Times",)),
    Line(35, "Microsoft raises its outlook on cloud demand", "Microsoft lifted its outlook; cloud demand is strong.",
         ("Wire", "Post")),
    Line(37, "Lockheed Martin wins a contract for satellites", "Lockheed Martin won a contract.", ("Courier",)),
)  # fmt: skip


def documents() -> list[Document]:
    """In the order in which they became available."""
    found = []
    for line in LINES:
        for place, source in enumerate(line.sources):
            at = round(FIRST_DAY + line.hour * HOUR) + place * 17 * MINUTE
            channel: Channel = "social" if source == "forum" else "news"
            title = f"{line.title} - Reuters" if place == 2 else line.title  # who tells it changes no story
            found.append(_document(title, line.text, channel, source, at))
    return sorted(found, key=lambda each: (each.available_at, each.id))


def _document(title: str, text: str, channel: Channel, source: str, at: int) -> Document:
    name = hashlib.blake2b(f"{title}{text}{source}".encode(), digest_size=16).hexdigest()
    return Document(
        id=name, channel=channel, source=f"synthetic-{source.lower()}", title=title, text=text,
        url=f"https://synthetic.invalid/{name[:8]}" if channel == "news" else "", language="en",
        external_id=f"{source}-{name[:6]}", published_at=at - 2 * MINUTE, received_at=at - MINUTE, available_at=at,
        item=name, synthetic=True,
    )  # fmt: skip
