"""The engine of Bellwether's own model: companies' and document's sentiment, event and embedding in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.model.device import device_errors
from services.model.encoder import Encoder
from services.model.event_labels import answered_labels
from services.model.fixed_point import to_sentiments
from services.model.interface import Answer, Request
from services.model.packing import most_probable, pack, roles_of, rumours_of, second_of
from services.model.tokenizing import TOKENS_AT_ONCE, Windows, WindowTokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from services.model.opinion_heads import PooledStates
    from services.model.served import ServedOpinion

Pooler = Callable[["Tensor", Windows], "PooledStates"]  # packed states [N, H] -> sums by document and by company


class OpinionEngine:
    """A ServedOpinion behind the Engine interface. Built by `build_engine`.

    `language` is that of the texts that the model learnt from.
    """

    invariant = True

    def __init__(
        self,
        name: str,
        model_id: str,
        device: str,
        model: ServedOpinion,
        encoder: Encoder,
        tokenizer: WindowTokenizer,
        language: str = "",
    ) -> None:
        self.name, self.model_id, self.device, self.precision = name, model_id, device, encoder.precision
        self.packs: Mapping[str, str] = {}
        self._model, self._encoder, self._tokenizer = model, encoder, tokenizer
        self._pool = _pooler(model, encoder)
        self.event_labels = tuple(model.event_labels)  # the columns of `raw`'s event
        self._answered = answered_labels(self.event_labels, language)

    def encode(self, requests: Sequence[Request]) -> Windows:
        return self._tokenizer.encode(requests)

    def forward(self, encoded: Windows) -> list[Answer]:
        if encoded.documents == 0:
            return []
        raw = self.raw(encoded)
        companies = iter(to_sentiments(raw["company"]))
        counts = np.bincount(encoded.company_document, minlength=encoded.documents).tolist()
        events = most_probable(raw["event"], self._answered)
        answers = [
            Answer(
                document=document,
                companies=tuple(next(companies) for _ in range(count)),
                event=told[0][0],
                event_probability=told[0][1],
                embedding=tuple(embedding),
                events=told,
                packed=packed,
                scale=scale,
                model=self.model_id,
            )
            for document, count, told, embedding, (packed, scale) in zip(
                to_sentiments(raw["document"]),
                counts,
                events,
                raw["embedding"].tolist(),
                pack(raw["embedding"]),
                strict=True,
            )
        ]
        return self._recorded(answers, raw)

    def _recorded(self, answers: list[Answer], raw: dict[str, NDArray[np.float32]]) -> list[Answer]:
        """With second events, roles and rumours, where the model's configuration gives it what they are read from."""
        least = self._model.second_least
        if least is None and "role" not in raw and "rumour" not in raw:
            return answers
        roles = iter(roles_of(raw["role"], self._model.role_labels) if "role" in raw else ())
        rumours = rumours_of(raw["rumour"]) if "rumour" in raw else [None] * len(answers)
        found = []
        for answer, rumour in zip(answers, rumours, strict=True):
            second, chance = ("", 0) if least is None else second_of(answer.events, least)
            mine = tuple(islice(roles, len(answer.companies)))
            more = {"second_event": second, "second_probability": chance, "roles": mine, "rumour": rumour}
            found.append(msgspec.structs.replace(answer, **more))
        return found

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))

    def raw(self, encoded: Windows) -> dict[str, NDArray[np.float32]]:
        """What the model gives before rounding: document [D, 3], company [C, 3], event [D, E], embedding [D, H], and
        role [C, R] and rumour [D] where there are heads for them."""
        parts = [self._raw(part) for part in encoded.parts(TOKENS_AT_ONCE)]
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    def _raw(self, encoded: Windows) -> dict[str, NDArray[np.float32]]:
        import torch

        with device_errors(), torch.inference_mode():
            states = self._encoder.states(encoded)
            pooled = self._pool(states, encoded)
            output = self._model.logits(pooled, torch.from_numpy(encoded.company_document).to(states.device))
            chances = self._model.probabilities(output)
            named = {
                "document": chances.document,
                "company": chances.company,
                "event": chances.event,
                "embedding": output.embedding,
                "role": chances.role,
                "rumour": chances.rumour,
            }
            return {key: value.cpu().numpy() for key, value in named.items() if value is not None}


def _pooler(model: ServedOpinion, encoder: Encoder) -> Pooler:
    from services.model.kernel.encoder import KernelEncoder
    from services.model.kernel.pooling import KernelPooler
    from services.model.pooling import TorchPooler

    if isinstance(encoder, KernelEncoder):
        return KernelPooler(encoder.library, model, encoder.threads)
    return TorchPooler(model)
