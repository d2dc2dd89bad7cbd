"""`build_engine`: from the settings to a loaded engine. Torch and transformers load only when a model needs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.model.folders import CLASSIFIER, OPINION, ModelError, find_model, kind_of, read_config
from services.model.identity import model_id
from services.model.interface import Engine
from services.model.stub import StubEngine
from shared.settings import ModelSettings, default_cache_dir


def build_engine(settings: ModelSettings, catalogue_digest: str = "", cache_dir: Path | None = None) -> Engine:
    """The engine that `settings.name` names: `stub`, a name under models/, a folder, or a Hub id.

    `catalogue_digest` goes into the model id. `cache_dir` (default: the user's cache) keeps hashes of weights, the
    measured precision and compiled kernels. Raises ModelError with the remedy when the model cannot be used.
    """
    if settings.name.partition(":")[0] == "stub":
        return StubEngine(settings.name, catalogue_digest)
    folder = find_model(settings.name)
    return _BUILDERS[kind_of(folder)](settings, folder, catalogue_digest, cache_dir or default_cache_dir())


def _opinion(settings: ModelSettings, folder: Path, catalogue_digest: str, cache_dir: Path) -> Engine:
    from services.model.device import pick_device
    from services.model.encoder import TorchEncoder
    from services.model.opinion_engine import OpinionEngine
    from services.model.opinion_model import OpinionModel
    from services.model.tokenizing import WindowTokenizer, load_tokenizer

    device = pick_device(settings.device)
    _set_threads(settings.threads)
    model = _load(OpinionModel, folder).to(device)
    automatic = "bf16" if device == "cuda" else "fp32"
    precision = settings.precision if settings.precision in {"fp32", "bf16"} else automatic
    encoder = TorchEncoder(model.encoder, device, precision, settings.token_budget)
    identity = model_id(folder, catalogue_digest, encoder.precision, device, cache_dir)
    tokenizer = WindowTokenizer(load_tokenizer(folder), settings.window_tokens, settings.max_windows)
    return OpinionEngine(settings.name, identity, device, model, encoder, tokenizer)


def _classifier(settings: ModelSettings, folder: Path, catalogue_digest: str, cache_dir: Path) -> Engine:
    from transformers import AutoModelForSequenceClassification

    from services.model.classifier_engine import ClassifierEngine
    from services.model.device import pick_device
    from services.model.tokenizing import WindowTokenizer, load_tokenizer

    device = pick_device(settings.device)
    _set_threads(settings.threads)
    model = _load(AutoModelForSequenceClassification, folder).to(device)
    identity = model_id(folder, catalogue_digest, "fp32", device, cache_dir)
    tokenizer = WindowTokenizer(load_tokenizer(folder), _longest(folder), 1, links=True)
    return ClassifierEngine(settings.name, identity, device, model, tokenizer, "fp32")


_BUILDERS: dict[str, Callable[[ModelSettings, Path, str, Path], Engine]] = {OPINION: _opinion, CLASSIFIER: _classifier}


def _load(model_class: Any, folder: Path) -> Any:
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = model_class.from_pretrained(folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32)
        return model.eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{folder}: the model does not load ({str(error).splitlines()[0]})") from error


def _longest(folder: Path) -> int:
    """Tokens that a classifier reads at most: 512, or less when the model has fewer positions."""
    config = read_config(folder)
    positions = int(config.get("max_position_embeddings") or 512)
    if config.get("model_type") in {"roberta", "xlm-roberta", "camembert"}:
        positions -= 2  # their positions are counted from padding_idx + 1
    return min(512, positions)


def _set_threads(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)
