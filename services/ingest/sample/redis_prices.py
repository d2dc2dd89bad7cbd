"""The synthetic week's daily prices, put where the company page looks, where a company has no others."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import redis

from services.ingest.sample.prices import Price, synthetic_prices
from shared.contract.keys import prices_key


def put_prices(client: redis.Redis) -> int:
    """Write them for every company without prices; how many companies that was. Raises redis.RedisError."""
    by_company: dict[str, list[Price]] = defaultdict(list)
    for bar in synthetic_prices():
        by_company[bar.ticker].append(bar)
    without = [company for company in by_company if not client.exists(prices_key(company))]
    for company in without:
        days: dict[Any, Any] = {
            p.date: json.dumps([p.open, p.high, p.low, p.close, p.volume]) for p in by_company[company]
        }
        client.hset(prices_key(company), mapping=days)
    return len(without)
