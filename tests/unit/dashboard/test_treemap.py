"""The tree map's boxes fill their frame in proportion and never overlap."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.drawing.treemap import Box, squarify

sizes = st.lists(st.floats(1, 10_000), min_size=1, max_size=60).map(lambda values: sorted(values, reverse=True))
frames = st.tuples(st.floats(10, 2000), st.floats(10, 2000)).map(lambda pair: Box(3, 5, *pair))


@settings(deadline=None, max_examples=40)
@given(sizes, frames)
def test_areas_are_in_proportion_and_inside(values: list[float], frame: Box) -> None:
    boxes = squarify(values, frame)
    area = frame.width * frame.height
    for value, box in zip(values, boxes, strict=True):
        assert box.width * box.height == pytest.approx(value / sum(values) * area, rel=1e-6)
        assert box.x >= frame.x - 1e-6
        assert box.y >= frame.y - 1e-6
        assert box.x + box.width <= frame.x + frame.width + 1e-6
        assert box.y + box.height <= frame.y + frame.height + 1e-6


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(1, 100), min_size=2, max_size=25).map(lambda v: sorted(v, reverse=True)), frames)
def test_boxes_do_not_overlap(values: list[float], frame: Box) -> None:
    for a, b in itertools.combinations(squarify(values, frame), 2):
        across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        assert across <= 1e-6 or down <= 1e-6


def test_equal_sizes_come_out_nearly_square() -> None:
    for box in squarify([1.0] * 16, Box(0, 0, 400, 400)):
        assert box.width / box.height == pytest.approx(1.0)


def test_nothing_to_draw() -> None:
    assert squarify([], Box(0, 0, 1, 1)) == []


def test_an_inset_is_never_negative() -> None:
    assert Box(0, 0, 1, 10).inset(18, 2) == Box(2, 18, 0, 0)
