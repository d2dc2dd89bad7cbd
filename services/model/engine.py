"""`build_engine`: from the settings to a loaded engine. Torch and transformers load only when a model needs them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.model.event_labels import learnt_language
from services.model.folders import CLASSIFIER, OPINION, ModelError, find_model, kind_of, longest_text, read_config
from services.model.identity import model_id
from services.model.interface import Engine, Request
from services.model.packs import LanguageEngine, Pack
from services.model.stub import StubEngine
from shared.settings import ModelSettings, default_cache_dir

log = logging.getLogger(__name__)


def build_engine(settings: ModelSettings, cache_dir: Path | None = None) -> Engine:
    """The engine that `settings.name` names: `stub`, a name under models/, a folder, or a Hub id.

    `cache_dir` (default: the user's cache) keeps hashes of weights, the measured precision and the compiled kernel.
    Where `settings.packs` names models for languages, the answer is a LanguageEngine. Raises ModelError with the remedy
    when the model cannot be used.
    """
    if settings.name.partition(":")[0] == "stub":
        return StubEngine(settings.name)
    folder = find_model(settings.name)
    engine = _BUILDERS[kind_of(folder)](settings, folder, cache_dir or default_cache_dir())
    log.info("model %s (%s) on %s in %s", engine.name, engine.model_id, engine.device, engine.precision)
    packs = {
        language: _pack(name, settings, engine, cache_dir or default_cache_dir())
        for language, name in settings.packs.items()
        if name
    }
    return LanguageEngine(engine, packs) if packs else engine


def _pack(name: str, settings: ModelSettings, main: Engine, cache_dir: Path) -> Pack:
    """A model for one language, in the main model's precision: so its id is known before it loads."""
    folder = find_model(name)
    plain = kind_of(folder) == OPINION or read_config(folder).get("model_type") == "bert"
    precision = main.precision if plain or main.precision != "int8" else "fp32"
    own = settings.model_copy(update={"name": name, "precision": precision, "packs": {}})
    identity = model_id(folder, precision, main.device, cache_dir)
    return Pack(identity, lambda: build_engine(own, cache_dir))


def _opinion(settings: ModelSettings, folder: Path, cache_dir: Path) -> Engine:
    from services.model.device import pick_device
    from services.model.encoders import pick_encoder
    from services.model.opinion_engine import OpinionEngine
    from services.model.precision import PROBE
    from services.model.served import load_served
    from services.model.tokenizing import WindowTokenizer, load_tokenizer

    device = pick_device(settings.device)
    model, weights = load_served(folder)
    model = model.to(device)
    longest = min(settings.window_tokens, int(weights.config.max_position_embeddings))
    tokenizer = WindowTokenizer(load_tokenizer(folder), longest, settings.max_windows)

    language = learnt_language(folder)

    def built(encoder: Any) -> OpinionEngine:
        identity = model_id(folder, encoder.precision, device, cache_dir)
        return OpinionEngine(settings.name, identity, device, model, encoder, tokenizer, language)

    probe = tokenizer.encode([Request(text) for text in PROBE])
    key = model_id(folder, "auto", device, cache_dir)
    return built(
        pick_encoder(
            weights.tree,
            weights.torch_bert,
            settings,
            device,
            probe,
            lambda found: built(found).raw(probe)["document"],
            key,
            cache_dir,
        )
    )


def _classifier(settings: ModelSettings, folder: Path, cache_dir: Path) -> Engine:
    import torch
    from transformers import AutoModelForSequenceClassification, BertForSequenceClassification

    from services.model.classifier_engine import ClassifierEngine, any_logits, bert_logits
    from services.model.device import pick_device
    from services.model.encoders import pick_encoder, set_threads
    from services.model.precision import PROBE
    from services.model.tokenizing import WindowTokenizer, load_tokenizer

    device = pick_device(settings.device)
    model = _load(AutoModelForSequenceClassification, folder).to(device)
    tokenizer = WindowTokenizer(load_tokenizer(folder), longest_text(folder), 1, links=True)

    def built(logits: Any, precision: str) -> ClassifierEngine:
        identity = model_id(folder, precision, device, cache_dir)
        return ClassifierEngine(settings.name, identity, device, precision, logits, model.config.id2label, tokenizer)

    if isinstance(model, BertForSequenceClassification):
        probe = tokenizer.encode([Request(text) for text in PROBE])

        def probabilities(encoder: Any) -> Any:
            return built(bert_logits(model, encoder), encoder.precision).raw(probe)

        key = model_id(folder, "auto", device, cache_dir)
        encoder = pick_encoder(
            lambda: model.bert, lambda: model.bert, settings, device, probe, probabilities, key, cache_dir
        )
        return built(bert_logits(model, encoder), encoder.precision)
    set_threads(settings.threads)
    if settings.precision == "int8":
        raise ModelError(f"{folder}: int8 is for models of the BERT architecture; set model.precision to auto")
    precision = "bf16" if settings.precision == "bf16" or (settings.precision, device) == ("auto", "cuda") else "fp32"
    model = model.to(torch.bfloat16) if precision == "bf16" else model
    return built(any_logits(model, device, settings.token_budget), precision)


_BUILDERS: dict[str, Callable[[ModelSettings, Path, Path], Engine]] = {OPINION: _opinion, CLASSIFIER: _classifier}


def _load(model_class: Any, folder: Path) -> Any:
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = model_class.from_pretrained(folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32)
        return model.eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{folder}: the model cannot be loaded ({str(error).splitlines()[0]})") from error
