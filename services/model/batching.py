"""Batches by cost: items of known length in, batches out, none costlier than the budget. Pure; knows no tensors."""

from __future__ import annotations

from collections.abc import Sequence

LENGTH_STEP = 16


def padded_length(length: int, step: int = LENGTH_STEP) -> int:
    """The next multiple of `step` that holds `length` tokens; a function of the item alone, never of its batch."""
    if length < 0:
        raise ValueError(f"a length of {length} tokens: expected 0 or more")
    return max(step, -(-length // step) * step)


def plan_batches(lengths: Sequence[int], budget: int, max_items: int = 1 << 30) -> list[list[int]]:
    """Group items so that (longest padded length in the group) x (items) <= `budget`; an item beyond it goes alone.

    Returns lists of indexes into `lengths`, each index once; longest first, so that the costliest batch (which decides
    the peak of memory) comes first and neighbours in a batch have like lengths. The caller restores its own order.
    """
    if budget < 1 or max_items < 1:
        raise ValueError(f"budget {budget} and max_items {max_items} must be at least 1")
    batches: list[list[int]] = []
    room = 0  # items that the open batch may still take
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if room == 0:
            room = min(max_items, max(1, budget // padded_length(lengths[index])))
            batches.append([])
        batches[-1].append(index)
        room -= 1
    return batches
