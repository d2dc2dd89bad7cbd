"""Tokens in a rectangle of windows and in the packed row of all windows: the same ones, each once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.model.encoder import places


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.data())
def test_places_are_those_of_a_copy_a_window(lengths: list[int], data: st.DataObject) -> None:
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    batch = data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, unique=True))
    padded = max(lengths[window] for window in batch) + data.draw(st.integers(0, 15))
    states = np.arange(len(batch) * padded)
    expected = np.full(starts[-1], -1)
    for row, window in enumerate(batch):
        expected[starts[window] : starts[window + 1]] = states[row * padded : row * padded + lengths[window]]
    source, target = places(starts, batch, padded)
    found = np.full(starts[-1], -1)
    found[target] = states[source]
    assert found.tolist() == expected.tolist()
    assert len(set(target.tolist())) == len(target)
