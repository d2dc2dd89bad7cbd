"""The opinion model: one encoder pass gives company sentiment, document sentiment, event class and embedding.

It knows tensors alone. Cutting a text into windows, finding the tokens of a company's mentions and choosing a
precision belong to the engine; losses and data belong to training. It was trained on texts that went through
``services.model.reading.blank_links``, with the tokens of ``reading.mention_tokens``: serve it the same.
Training and explanations use it; the worker serves the same weights without transformers (`served.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from services.model.opinion_heads import (
    EVENTS,
    EVENTS_OF_TFNS_TOPIC,
    ROLES,
    SENTIMENTS,
    OpinionHeads,
    OpinionProbabilities,
    PooledStates,
    calibrated,
)
from services.model.weights import is_plain, read_weights

__all__ = [
    "EVENTS",
    "EVENTS_OF_TFNS_TOPIC",
    "ROLES",
    "SENTIMENTS",
    "OpinionConfig",
    "OpinionModel",
    "OpinionOutput",
    "OpinionProbabilities",
    "PooledStates",
]


class OpinionConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Configuration of :class:`OpinionModel`: the encoder's own configuration, label names, temperatures, windows.

    ``temperatures`` divide the logits before the softmax; keys ``document``, ``company`` and ``event``.
    """

    model_type = "bellwether_opinion"

    encoder: dict[str, Any] | None = None
    sentiment_labels: list[str] | None = None
    event_labels: list[str] | None = None
    role_labels: list[str] | None = None  # none: a model without that head
    rumour: bool = False  # whether there is a head for it
    temperatures: dict[str, float] | None = None
    window_tokens: int = 256
    max_windows: int = 8
    head_dropout: float = 0.1
    delta_of: str | None = None  # set in a folder that holds a difference only: the base model's name
    delta_base: str | None = None  # and the digest of its weights

    def __post_init__(self, **kwargs: Any) -> None:
        self.encoder = dict(self.encoder or {})
        self.sentiment_labels = list(self.sentiment_labels or SENTIMENTS)
        self.event_labels = list(self.event_labels or EVENTS)
        self.role_labels = list(self.role_labels or ())
        self.temperatures = {"document": 1.0, "company": 1.0, "event": 1.0} | (self.temperatures or {})
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]

    def encoder_config(self) -> BertConfig:
        """The encoder's configuration object."""
        return BertConfig(**(self.encoder or {}))


@dataclass
class OpinionOutput(ModelOutput):
    """Logits and embedding: document_sentiment [B, 3], company_sentiment [C, 3], event [B, E], embedding [B, H]; with
    these heads, role [C, R] and rumour [B, 2].

    Logits are uncalibrated (see :meth:`OpinionModel.probabilities`); the embedding has length 1. All float32.
    """

    document_sentiment: Tensor | None = None
    company_sentiment: Tensor | None = None
    event: Tensor | None = None
    embedding: Tensor | None = None
    role: Tensor | None = None
    rumour: Tensor | None = None


class OpinionModel(PreTrainedModel, OpinionHeads):  # type: ignore[no-untyped-call]
    """BERT-type encoder with heads for company and document sentiment, event class and embedding."""

    config_class = OpinionConfig
    config: OpinionConfig
    base_model_prefix = "encoder"
    main_input_name = "input_ids"
    _supports_sdpa = True

    def __init__(self, config: OpinionConfig) -> None:
        super().__init__(config)
        encoder = config.encoder_config()
        encoder._attn_implementation = config._attn_implementation or "sdpa"
        hidden, dropout = encoder.hidden_size, config.head_dropout
        sentiments, events = len(config.sentiment_labels or ()), len(config.event_labels or ())
        self.encoder: Any = BertModel(encoder, add_pooling_layer=False)  # type: ignore[no-untyped-call]
        self.add_heads(hidden, sentiments, events, dropout, len(config.role_labels or ()), config.rumour)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if module is self:
            nn.init.normal_(self.unnamed, std=0.02)
            nn.init.eye_(self.embedding_head.weight)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *args: Any, **kwargs: Any) -> Self:  # type: ignore[override]
        """As in transformers; a folder that holds a difference to another model, or 8-bit weights, is read too."""
        if not Path(folder).is_dir() or is_plain(Path(folder)):
            return super().from_pretrained(folder, *args, **kwargs | {"use_safetensors": True})  # a pickle runs code
        model = cls(OpinionConfig.from_pretrained(folder))
        model.load_state_dict(read_weights(Path(folder)))
        nn.Module.to(model, kwargs.get("dtype") or torch.float32)
        nn.Module.eval(model)
        return model

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        mention_mask: Tensor | None = None,
        mention_row: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> OpinionOutput:
        """Read B documents of one window each, and C companies mentioned in them.

        input_ids, attention_mask: [B, T]. mention_mask: [C, T], true on the tokens of the company's mentions (a row
        of zeros: not named). mention_row: [C], the document of each company. Without companies, C = 0.
        """
        pooled = self.pool(input_ids, attention_mask, mention_mask, mention_row, token_type_ids)
        if mention_row is None:
            mention_row = torch.zeros(0, dtype=torch.long, device=input_ids.device)
        return self.read(pooled, mention_row)

    def pool(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        mention_mask: Tensor | None = None,
        mention_row: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> PooledStates:
        """Run the encoder on windows and sum its states; arguments as in :meth:`forward`, a row being a window."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.pool_states(states, attention_mask, mention_mask, mention_row)

    def read(self, pooled: PooledStates, mention_row: Tensor) -> OpinionOutput:
        """Apply the heads to pooled states; ``mention_row`` [C] names the document of each company."""
        return OpinionOutput(**vars(self.logits(pooled, mention_row)))

    def probabilities(self, output: OpinionOutput) -> OpinionProbabilities:
        """Calibrated probabilities: softmax of the logits over the temperatures of the configuration."""
        return calibrated(output, self.config.temperatures or {})
