"""Kinds of rules: one file per kind and a line in KINDS; they are pure and neither read Redis nor send."""

from __future__ import annotations

from typing import Final

from services.alerts.kinds.event import EventClass
from services.alerts.kinds.kind import Kind
from services.alerts.kinds.spillover import Spillover
from services.alerts.kinds.threshold import Threshold
from services.alerts.kinds.velocity import Velocity
from services.alerts.kinds.volume import Volume
from services.alerts.kinds.watchlist import Watchlist

KINDS: Final[dict[str, type[Kind]]] = {
    "threshold": Threshold,
    "velocity": Velocity,
    "volume": Volume,
    "event": EventClass,
    "watchlist": Watchlist,
    "spillover": Spillover,
}
