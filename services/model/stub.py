"""An engine that answers at once, for tests, chaos and benchmarks: a pure function of text and spans, without torch.

`stub` takes options after a colon, comma-separated: `stub:poison,slow=20`.
- `poison`: a batch that holds a text with POISON_MARK fails, as a whole, each time, also alone.
- `lost`: a batch that holds a text with LOST_MARK raises DeviceLost.
- `slow=MS`: every batch takes MS milliseconds.
- `records`: it also tells second events, roles and rumours, as models with those heads do; its model id is another one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence

import msgspec

from services.model.identity import LAST_CATALOGUE
from services.model.interface import Answer, DeviceLost, Request, Sentiment, Span
from shared.contract.events import MICRO, ROLES

POISON_MARK = "bellwether-poison"
LOST_MARK = "bellwether-lost-device"
_EVENTS = ("earnings_schedule", "rating_other", "commentary", "lawsuit", "acquisition", "trading_activity")


class StubEngine:
    """Deterministic answers from a hash of the text. Raises ValueError for an unknown option."""

    device = "cpu"
    precision = "stub"
    invariant = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.packs: Mapping[str, str] = {}
        self._poison = self._lost = self._records = False
        self._seconds = 0.0
        for option in filter(None, name.partition(":")[2].split(",")):
            self._take(option)
        told = f"stub:{LAST_CATALOGUE}{':records' if self._records else ''}"
        self.model_id = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    def _take(self, option: str) -> None:
        key, _, value = option.partition("=")
        if option == "poison":
            self._poison = True
        elif option == "lost":
            self._lost = True
        elif option == "records":
            self._records = True
        elif key == "slow" and value.replace(".", "", 1).isdigit():
            self._seconds = float(value) / 1000
        else:
            raise ValueError(f"model name {self.name!r}: {option!r} is not one of poison, lost, records, slow=MS")

    def encode(self, requests: Sequence[Request]) -> list[Request]:
        return list(requests)

    def forward(self, encoded: list[Request]) -> list[Answer]:
        if self._seconds:
            time.sleep(self._seconds)
        if self._poison and any(POISON_MARK in request.text for request in encoded):
            raise ValueError("a text that the stub was told to fail on")
        if self._lost and any(LOST_MARK in request.text for request in encoded):
            raise DeviceLost("a text on which the stub was told to lose its device")
        answers = [_answer(request, self.model_id) for request in encoded]
        return list(map(_recorded, encoded, answers)) if self._records else answers

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))


def _answer(request: Request, model_id: str) -> Answer:
    digest = hashlib.blake2b(request.text.encode(errors="surrogatepass"), digest_size=16).digest()
    event, chance = _EVENTS[digest[8] % len(_EVENTS)], 300_000 + digest[9] * 2_500
    return Answer(
        document=_sentiment(digest),
        companies=tuple(_company(digest, spans) for spans in request.companies),
        event=event,
        event_probability=chance,
        events=((event, chance),),
        model=model_id,
    )


def _recorded(request: Request, answer: Answer) -> Answer:
    """With what models with more heads tell."""
    digest = hashlib.blake2b(f"records:{request.text}".encode(errors="surrogatepass"), digest_size=16).digest()
    second, chance = next(name for name in _EVENTS[digest[0] % 3 :] if name != answer.event), 100_000 + digest[1] * 500
    told = digest[2] % 3 == 0  # a third of all texts tell two events
    return msgspec.structs.replace(
        answer,
        second_event=second if told else "",
        second_probability=chance if told else 0,
        roles=tuple(ROLES[(digest[3] + place) % len(ROLES)] for place in range(len(request.companies))),
        rumour=digest[4] % 4 == 0,
        events=(*answer.events, (second, chance)),
    )


def _company(digest: bytes, spans: tuple[Span, ...]) -> Sentiment:
    return _sentiment(hashlib.blake2b(digest + repr(spans).encode(), digest_size=16).digest())


def _sentiment(digest: bytes) -> Sentiment:
    negative = int.from_bytes(digest[:3], "little") % 1_000_001
    positive = int.from_bytes(digest[3:6], "little") % (1_000_001 - negative)
    return Sentiment(negative, MICRO - negative - positive, positive)
