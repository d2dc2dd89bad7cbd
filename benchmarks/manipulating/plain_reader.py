"""A reader that counts good and bad words: for tests, where the question is what weighs, not what a text says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from services.model.interface import Answer, Request, Sentiment

_GOOD: Final = re.compile(r"(?i)\b(?:wins?|gets|lands|books|secures|record|jumps?|soars?|surge|great|cheer"
                          r"|rall(?:y|ies)|beats|lifts|gains?|best)\b")  # fmt: skip
_BAD: Final = re.compile(r"(?i)\b(?:plunges?|tumbles|bad|sinks?|recall|fraud|loss|false|delay|slip|defers|no record)\b")
_NEUTRAL: Final = Sentiment(50_000, 900_000, 50_000)


class PlainReader:
    """As an engine; the same sentiment for every company of a text."""

    name, model_id, device, precision, invariant = "plain", "plain-reader-0001", "cpu", "plain", True
    packs: Mapping[str, str] = {}

    def encode(self, requests: Sequence[Request]) -> list[Request]:
        return list(requests)

    def forward(self, encoded: list[Request]) -> list[Answer]:
        return [_answer(request) for request in encoded]

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))


def _answer(request: Request) -> Answer:
    good, bad = len(_GOOD.findall(request.text)), len(_BAD.findall(request.text))
    said = _NEUTRAL
    if good > bad:
        said = Sentiment(25_000, 25_000, 950_000)
    elif bad > good:
        said = Sentiment(950_000, 25_000, 25_000)
    return Answer(document=said, companies=tuple(said for _ in request.companies))
