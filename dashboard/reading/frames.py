"""What the read side gives, as frames of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pandas as pd

from shared.reading.run import PriceDay
from shared.reading.values.buckets import Columns, Row

COLUMNS: Final = (
    "documents",
    "positive",
    "neutral",
    "negative",
    "weight_sum",
    "score_sum",
    "score_square_sum",
    "authors",
    "stories",
)
_sums = attrgetter(*COLUMNS)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as columns company, channel, resolution, start and the integer sums (without sources and events)."""
    places = list(zip(*(row[:4] for row in rows), strict=True)) or [(), (), (), ()]
    data: dict[str, Any] = dict(zip(("company", "channel", "resolution", "start"), places, strict=True))
    sums = np.array([_sums(row.bucket) for row in rows], dtype=np.int64).reshape(-1, len(COLUMNS))
    data |= {name: sums[:, i] for i, name in enumerate(COLUMNS)}
    return pd.DataFrame(data).astype({"start": "int64"})


def frame_of(columns: Columns) -> pd.DataFrame:
    """The same of columns."""
    company, channel, resolution, start, sums = columns
    places = {"company": company, "channel": channel, "resolution": resolution, "start": start}
    return pd.DataFrame(places | sums)


def price_frame(days: Sequence[PriceDay]) -> pd.DataFrame:
    """Columns date, open, high, low, close, volume, by date; empty where there are none."""
    return pd.DataFrame(days, columns=list(PriceDay._fields))
