"""Language packs: a document in a language that has a model of its own is read by that model, the rest by the main one.

A pack loads with the first document that needs it; its id is known before, from its files. Each answer names its model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.model.interface import Answer, DeviceLost, Engine, Request
from shared.languages.registry import language_of_text

log = logging.getLogger(__name__)

_UNSAID: Final = frozenset({"", "und"})
_LOOKED_AT: Final = 600  # characters


def language_of(request: Request) -> str:
    """The tag of the language that the request says, else of the one that the text's script tells, else ""."""
    if request.language not in _UNSAID:
        return request.language
    if request.text.isascii():
        return ""
    language = language_of_text(request.text[:_LOOKED_AT])
    return language.tag if language else ""


@dataclass
class Pack:
    """A model that reads one language, and how to load it."""

    model_id: str
    load: Callable[[], Engine]
    _engine: Engine | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def engine(self) -> Engine:
        """The loaded model. Raises DeviceLost when it does not load: no document's fault, so the worker stops."""
        with self._lock:
            if self._engine is None:
                try:
                    engine = self.load()
                except Exception as error:
                    raise DeviceLost(f"the language pack cannot be loaded: {error}") from error
                if engine.model_id != self.model_id:
                    raise DeviceLost(f"the language pack {engine.name} has changed since the start")
                self._engine = engine
            return self._engine


@dataclass(frozen=True)
class _Part:
    """The requests of one engine: their places in the batch, and what its `encode` made of them."""

    engine: Engine
    places: list[int]
    encoded: Any


class LanguageEngine:
    """The main engine with its language packs, behind the Engine interface."""

    def __init__(self, main: Engine, packs: Mapping[str, Pack]) -> None:
        self._main, self._packs = main, packs
        self.name, self.model_id, self.device, self.precision = main.name, main.model_id, main.device, main.precision
        self.invariant = main.invariant
        self.packs: Mapping[str, str] = {language: pack.model_id for language, pack in sorted(packs.items())}

    def encode(self, requests: Sequence[Request]) -> list[_Part]:
        """Tokenise each request by its own model."""
        places: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            language = language_of(request)
            places.setdefault(language if language in self._packs else "", []).append(place)
        parts = []
        for language, chosen in places.items():
            engine = self._packs[language].engine() if language else self._main
            parts.append(_Part(engine, chosen, engine.encode([requests[place] for place in chosen])))
        return parts

    def forward(self, encoded: list[_Part]) -> list[Answer]:
        found: dict[int, Answer] = {}
        for part in encoded:
            found.update(zip(part.places, part.engine.forward(part.encoded), strict=True))
        return [found[place] for place in range(len(found))]

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))


def reader_of(engine: Engine, request: Request) -> str:
    """The id of the model that reads the request."""
    return engine.packs.get(language_of(request), engine.model_id) if engine.packs else engine.model_id
