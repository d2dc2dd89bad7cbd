"""How alike documents are by the embeddings that were kept of them. Those of two models cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.contract.events import MICRO
from shared.contract.readings import SCALE, Reading


class Likeness:
    """Of some documents, each with the likeness to whatever was named to `near`: 0 to MICRO, 0 without an embedding."""

    def __init__(self, readings: Mapping[str, Reading], names: Sequence[str]) -> None:
        import numpy as np

        self._readings = readings
        self._place = {name: place for place, name in enumerate(names)}
        self._largest: Any = np.zeros(len(names))
        self._rows: dict[tuple[str, int], tuple[Any, Any]] = {}  # (model, width) -> places, embeddings of length one
        kinds: dict[tuple[str, int], list[str]] = {}
        for name in names:
            if (reading := readings.get(name)) is not None and reading.embedding:
                kinds.setdefault((reading.model, len(reading.embedding)), []).append(name)
        for kind, mine in kinds.items():
            self._rows[kind] = np.array([self._place[name] for name in mine]), self._matrix(mine)

    def near(self, names: Iterable[str]) -> None:
        """From here on these count as known, too."""
        import numpy as np

        kinds: dict[tuple[str, int], list[str]] = {}
        for name in names:
            if name in self._place:  # itself, also without an embedding
                self._largest[self._place[name]] = MICRO
            if (reading := self._readings.get(name)) is not None:
                kinds.setdefault((reading.model, len(reading.embedding)), []).append(name)
        for kind, mine in kinds.items():
            if kind in self._rows:
                places, rows = self._rows[kind]
                cosines = (rows @ self._matrix(mine).T).max(axis=1)
                self._largest[places] = np.maximum(self._largest[places], np.rint(cosines * MICRO))

    def of(self, name: str) -> int:
        return min(MICRO, max(0, int(self._largest[self._place[name]])))

    def _matrix(self, names: Sequence[str]) -> Any:
        import numpy as np

        readings = [self._readings[name] for name in names]
        rows = np.frombuffer(b"".join(each.embedding for each in readings), np.int8).reshape(len(names), -1)
        return rows.astype(np.float64) * (np.array([each.scale for each in readings]) / SCALE)[:, None]
