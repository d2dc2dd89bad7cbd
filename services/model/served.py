"""An opinion model as the worker serves it: heads, and the encoder's weights by name. torch without transformers.

Importing transformers' models costs seconds of CPU, and a worker whose encoder is the fused kernel needs nothing of
them; a BertModel is made of the same weights only where torch has to run the encoder (`torch_bert`).
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from torch import Tensor

from services.model.folders import ModelError, read_config
from services.model.opinion_heads import EVENTS, SENTIMENTS, OpinionHeads, OpinionProbabilities, calibrated
from services.model.weights import read_weights
from shared.contract.events import MICRO, ROLES

_ENCODER: Final = "encoder."
_BERT: Final = {  # what a configuration of transformers means when it leaves something out
    "model_type": "bert", "hidden_act": "gelu", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "max_position_embeddings": 512, "layer_norm_eps": 1e-12, "is_decoder": False,
}  # fmt: skip


class ServedOpinion(OpinionHeads):
    """The heads of a model folder, in evaluation mode, with the labels and temperatures of its configuration."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.event_labels: list[str] = list(config.get("event_labels") or EVENTS)
        self.temperatures = {"document": 1.0, "company": 1.0, "event": 1.0} | (config.get("temperatures") or {})
        sentiments = len(config.get("sentiment_labels") or SENTIMENTS)
        hidden = (_BERT | (config.get("encoder") or {}))["hidden_size"]
        self.role_labels: list[str] = list(config.get("role_labels") or ())
        if unknown := set(self.role_labels).difference(ROLES):
            raise ValueError(f"role_labels has {sorted(unknown)}, which are none of {', '.join(filter(None, ROLES))}")
        rumour = bool(config.get("rumour"))
        second = config.get("second_event")  # the chance from which on the next class is a second event; none: never
        self.second_least: int | None = None if second is None else round(float(second) * MICRO)
        self.add_heads(hidden, sentiments, len(self.event_labels), 0.0, len(self.role_labels), rumour)

    def probabilities(self, output: Any) -> OpinionProbabilities:
        """Calibrated probabilities of what `logits` gave."""
        return calibrated(output, self.temperatures)


class EncoderWeights:
    """A BERT's weights in float32 by their names, and its configuration with BERT's defaults."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
        self.given = config
        self.config = SimpleNamespace(**(_BERT | config))
        self._weights = weights

    def tree(self) -> Any:
        """The weights as the attributes of a BertModel: `tree.encoder.layer[0].attention.self.query.weight`."""
        root: dict[str, Any] = {"config": self.config}
        for name, tensor in self._weights.items():
            *path, last = name.split(".")
            node = root
            for part in path:
                node = node.setdefault(part, {})
            node[last] = tensor
        return _attributes(root)

    def torch_bert(self) -> Any:
        """The same encoder as a transformers BertModel, in evaluation mode."""
        from transformers import BertConfig, BertModel

        config = BertConfig(**self.given)
        config._attn_implementation = "sdpa"
        bert: Any = BertModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
        bert.load_state_dict(self._weights)
        return bert.eval()


def load_served(folder: Path) -> tuple[ServedOpinion, EncoderWeights]:
    """A model folder, or a difference to another, in float32. Raises ModelError when it does not fit together."""
    config = read_config(folder)
    try:
        weights = read_weights(folder)
        names = [name for name in weights if name.startswith(_ENCODER)]
        encoder = {name.removeprefix(_ENCODER): weights.pop(name) for name in names}
        heads = ServedOpinion(config)
        heads.load_state_dict(weights)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{folder}: the model cannot be loaded ({str(error).splitlines()[0]})") from error
    return heads.eval().requires_grad_(False), EncoderWeights(config.get("encoder") or {}, encoder)


def _attributes(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if all(name.isdigit() for name in node):
        return [_attributes(node[str(number)]) for number in range(len(node))]
    return SimpleNamespace(**{name: _attributes(value) for name, value in node.items()})
