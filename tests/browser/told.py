"""An archive of invented stories around the end of the synthetic week, for the page that shows them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from shared.clock import DAY, HOUR, MINUTE
from shared.contract.events import MICRO, Document, Opinion, Origin
from shared.contract.readings import Reading
from shared.story import story_key
from tests.archived import Message, archive_at
from tests.browser.seed import END

PLOTS = (
    ("Regulator opens a case against {}", "investigation", -0.6, 0.2),
    ("{} answers the regulator and denies it all", "investigation", -0.3, 0.5),
    ("{} lifts its outlook after a strong quarter", "guidance_up", 0.7, 0.1),
    ("{} wins a large order from an airline", "contract_win", 0.6, 0.0),
    ("{} recalls chargers that may overheat", "product_problem", -0.5, -0.3),
    ("What to expect of {} in the coming week", "commentary", 0.0, 0.1),
)
SOURCES = ("Synthetic Wire", "Synthetic Ledger", "Synthetic Courier", "synthetic-social", "synthetic-forum")
CLAUSES = ("people familiar with it said", "shares had fallen before", "analysts had asked for it", "the company wrote")


def tell(folder: Path | str, companies: list[str], *, plots: int = 6, documents: int = 9) -> None:
    """For each company so many stories, told again and again over two days, from before the week's end up to it."""
    draw, number = random.Random(11), 0
    messages: list[Message] = []
    for place, company in enumerate(companies):
        for index, (title, event, first, drift) in enumerate(PLOTS[:plots]):
            begin = END - 2 * DAY + index * 5 * HOUR - place * 20 * MINUTE
            count = 1 + draw.randrange(documents) + (documents if index == 0 else 0)
            for told in range(count):
                at = min(begin + told * draw.randrange(5, 120) * MINUTE, END)
                sentiment = max(-0.95, min(0.95, first + drift * told / count + draw.uniform(-0.15, 0.15)))
                messages += _told(number, company, title.format(company), event, at, sentiment, index, draw)
                number += 1
    archive_at(folder, messages, batch=5_000)


def _told(
    number: int, company: str, title: str, event: str, at: int, sentiment: float, plot: int, draw: random.Random
) -> list[Message]:
    source = draw.choice(SOURCES)
    name, item = f"{number:032x}", f"{number:031x}f"
    text = f"{title}. " + " ".join(draw.choice(CLAUSES).capitalize() + "." for _ in range(draw.choice((1, 1, 2, 6))))
    shared: dict[str, Any] = {
        "channel": "social" if source.startswith("synthetic-") else "news",
        "source": source,
        "title": title,
        "url": f"https://news.example/{number}",
        "language": "en",
        "author": f"{draw.randrange(40):016x}",
        "item": item,
        "published_at": at,
        "available_at": at,
        "synthetic": True,
    }
    origin = Origin("t", 0, number)
    strong = round(abs(sentiment) * MICRO)
    return [
        Document(id=name, text=text, received_at=at, companies=(company,), **shared),
        Opinion(
            origin=origin,
            document_id=name,
            company=company,
            relevance=MICRO,
            story=story_key(title, text),
            excerpt=text[:600],
            negative=strong if sentiment < 0 else 0,
            neutral=MICRO - strong,
            positive=strong if sentiment >= 0 else 0,
            event=event,
            event_probability=700_000,
            model="m",
            companies=1,
            **shared,
        ),
        Reading(
            origin=origin,
            document_id=name,
            available_at=at,
            model="m",
            embedding=bytes((100, 10 * (plot // 2), 10 * (plot % 2), 90 if plot > 1 else 0)),
            scale=round(
                1e9 / (100**2 + (10 * (plot // 2)) ** 2 + (10 * (plot % 2)) ** 2 + (90 if plot > 1 else 0) ** 2) ** 0.5
            ),
        ),
    ]
