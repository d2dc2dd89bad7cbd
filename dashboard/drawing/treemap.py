"""Layout of a tree map: squarified rectangles (Bruls, Huizing, van Wijk, "Squarified Treemaps", 2000). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; the unit is the caller's."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, top: float, margin: float = 0.0) -> Box:
        """What is left below a heading of height `top` and inside a margin; never negative."""
        return Box(
            self.x + margin,
            self.y + top,
            max(self.width - 2 * margin, 0.0),
            max(self.height - top - margin, 0.0),
        )


def squarify(sizes: Sequence[float], box: Box) -> list[Box]:
    """One rectangle per size, areas in proportion, filling `box`. `sizes` > 0, largest first."""
    total = sum(sizes)
    if not sizes or total <= 0:
        return []
    areas = [size * box.width * box.height / total for size in sizes]
    placed: list[Box] = []
    rest, first = box, 0
    while first < len(areas):
        last = _row_end(areas, first, min(rest.width, rest.height))
        row, rest = _place(areas[first:last], rest)
        placed.extend(row)
        first = last
    return placed


def _row_end(areas: Sequence[float], first: int, side: float) -> int:
    """How far a row goes before its worst aspect ratio would get worse."""
    total = largest = smallest = areas[first]
    worst = _worst(total, largest, smallest, side)
    for index in range(first + 1, len(areas)):
        total += areas[index]
        smallest, largest = min(smallest, areas[index]), max(largest, areas[index])
        following = _worst(total, largest, smallest, side)
        if following > worst:
            return index
        worst = following
    return len(areas)


def _worst(total: float, largest: float, smallest: float, side: float) -> float:
    if not total or not smallest or not side:
        return float("inf")
    return max(side * side * largest / (total * total), total * total / (side * side * smallest))


def _place(areas: Sequence[float], rest: Box) -> tuple[list[Box], Box]:
    """The row along the shorter side of `rest`, and what remains of it."""
    total, boxes = sum(areas), []
    if rest.width >= rest.height:
        width, y = total / rest.height if rest.height else 0.0, rest.y
        for area in areas:
            height = area / width if width else 0.0
            boxes.append(Box(rest.x, y, width, height))
            y += height
        return boxes, Box(rest.x + width, rest.y, max(rest.width - width, 0.0), rest.height)
    height, x = total / rest.width if rest.width else 0.0, rest.x
    for area in areas:
        width = area / height if height else 0.0
        boxes.append(Box(x, rest.y, width, height))
        x += width
    return boxes, Box(rest.x, rest.y + height, rest.width, max(rest.height - height, 0.0))
