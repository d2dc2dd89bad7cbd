"""What leaves the model beside sentiment: embeddings in 8 bits, events, roles and rumours. numpy, whole batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.contract.events import MICRO, ROLES
from shared.contract.readings import EVENTS_READ, SCALE

Events = tuple[tuple[str, int], ...]


def pack(rows: NDArray[np.float32]) -> list[tuple[bytes, int]]:
    """Per row one signed byte a dimension, and the scale that they are multiples of (an integer, never 0)."""
    wide = rows.astype(np.float64)
    largest = np.abs(wide).max(axis=1, initial=0.0)
    scales = np.maximum(np.ceil(largest * SCALE / 127), 1.0)
    packed = np.rint(wide * (SCALE / scales)[:, None]).astype(np.int8)
    return [(row.tobytes(), int(scale)) for row, scale in zip(packed, scales, strict=True)]


def unpack(packed: bytes, scale: int) -> NDArray[np.float64]:
    """The embedding again, to half a scale's step in every dimension."""
    return np.frombuffer(packed, np.int8).astype(np.float64) * (scale / SCALE)


def most_probable(chances: NDArray[np.floating], labels: Sequence[str]) -> list[Events]:
    """Per row the EVENTS_READ most probable classes with micro-units; of equal ones the lower class first.

    Where labels repeat (former classes that are answered alike), the more probable of them counts.
    """
    order = np.argsort(-chances, axis=1, kind="stable")[:, : EVENTS_READ + len(labels) - len(set(labels))]
    micro = np.rint(np.take_along_axis(chances, order, 1) * MICRO).astype(int)
    if len(set(labels)) == len(labels):
        return [
            tuple((labels[index], chance) for index, chance in zip(*row, strict=True))
            for row in zip(order.tolist(), micro.tolist(), strict=True)
        ]
    return [_first_of_each(labels, *row) for row in zip(order.tolist(), micro.tolist(), strict=True)]


def _first_of_each(labels: Sequence[str], order: Sequence[int], micro: Sequence[int]) -> Events:
    found: dict[str, int] = {}
    for index, chance in zip(order, micro, strict=True):
        found.setdefault(labels[index], chance)
    return tuple(found.items())[:EVENTS_READ]


def second_of(events: Events, least: int) -> tuple[str, int]:
    """The second event of a text, of its most probable ones: the next class, where its chance is at least `least`
    micro-units; ("", 0) where it tells one alone."""
    return events[1] if len(events) > 1 and events[1][1] >= least else ("", 0)


def roles_of(chances: NDArray[np.floating], labels: Sequence[str] = ROLES) -> list[str]:
    """Per company the most probable role; of equal ones the earlier label."""
    return [labels[index] for index in chances.argmax(axis=1).tolist()]


def rumours_of(chances: NDArray[np.floating], least: float = 0.5) -> list[bool]:
    """Per document whether it is told as hearsay."""
    return [bool(chance >= least) for chance in chances.tolist()]
