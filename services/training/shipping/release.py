"""From a run's best checkpoint to a folder under ``models/``: calibrated, 16 bits, measured, with its model card."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from services.model.delta import apply_delta, weights_digest, write_delta
from services.model.event_labels import answered_labels, classes_of_logits
from services.model.opinion_model import OpinionModel
from services.model.weights import encoder_digest
from services.training.checkpoints import load_opinion_model, new_model, save_eight_bits, save_opinion_model
from services.training.data.datasets import DOCUMENT_SETS, Example, has_dev, load_examples
from services.training.data.overlap import Overlap
from services.training.errors import DataError
from services.training.learning.settings import STAGES
from services.training.measuring.devset import Half, Judged, answer, by_head, by_set, chooses, judge_heads
from services.training.measuring.evaluate import restrict
from services.training.measuring.faithfulness import measure_faithfulness
from services.training.measuring.fields import field_metrics
from services.training.measuring.measures import Floats, bootstrap_intervals, score, softmax
from services.training.measuring.neighbours import read_chains, recall
from services.training.measuring.perturbations import measure_flips
from services.training.measuring.prediction import predict
from services.training.shipping.calibration import calibration_errors, fit_offsets, fit_temperatures
from services.training.shipping.embedding_head import fit_embedding_head
from services.training.shipping.shrink import cut_tokenizer, drop_words, reachable_tokens
from shared.languages.english import ENGLISH
from shared.languages.registry import language_of_set

log = logging.getLogger(__name__)
METRICS = "metrics.json"
_HALVES: tuple[Half, ...] = ("all", "choose", "report")
_MEASURES = ("accuracy", "macro_f1", "weighted_f1")
_PERTURBED = ("sentfin", "tfns_sentiment", "zh_news_titles")


@dataclass(frozen=True)
class Release:
    """What to release: the run's folder, where to, which dev sets to report, which of them the model learnt from."""

    run: Path  # a run's folder, or a model's, which is then calibrated and measured anew
    out: Path
    labelled: Path
    learnt: tuple[str, ...]
    reported: tuple[str, ...]
    seed: int
    delta_of: Path | None = None  # ship as a difference to this model's folder
    reuters: Path | None = None  # stories to measure the embedding on
    bits: int = 16  # of a stored weight: 16 or 8
    encoder: str | None = None  # what the encoder started from, as the card says it; None: the base encoder
    cut_vocabulary: bool = False  # leave out word vectors that the tokenizer never uses
    embedding_of: str | None = None  # encoder (folder or hub id) whose embedding the model shall give; None: its own
    compared_with: str | None = None  # encoder whose embedding the model's is compared with; None: embedding_of's
    offsets: bool = True  # fit an offset per sentiment into the heads' biases; False leaves the weights as they are


def release(order: Release, overlaps: Mapping[str, Overlap], texts: Sequence[str] = ()) -> dict[str, Any]:
    """Calibrate, save and measure; returns (and writes to ``metrics.json``) what the model card is made of.

    ``texts`` are what the embedding may be fitted on (``embedding_of``).
    """
    if order.out.resolve() == order.run.resolve():
        raise DataError(f"--out {order.out}: is what --run names; a model is not written while it is read")
    for name in order.reported:  # a wrong name now, not after the weights are written
        load_examples(order.labelled, name, "dev")
    model, tokenizer = _checkpoint(order)
    log.info("calibrating")
    cosine = fit_embedding_head(model, tokenizer, *new_model(order.embedding_of), texts) if order.embedding_of else None
    calibrating = [name for name in order.learnt if has_dev(order.labelled, name)]
    chosen = judge_heads(model, tokenizer, order.labelled, calibrating, "choose")
    offsets = fit_offsets(chosen) if order.offsets else None
    _add_offsets(model, offsets or {})
    _save(order, model, tokenizer)
    stages = order.run / STAGES
    if stages.is_file():
        shutil.copy2(stages, order.out / STAGES)
    log.info("saved to %s; now measuring: the dev files", order.out)
    shipped, tokenizer = load_opinion_model(order.out)  # measured as it ships: in its bits, read back
    answers = answer(shipped, tokenizer, order.labelled, list(dict.fromkeys([*order.reported, *calibrating])))
    judged, own = by_set(answers), by_head({name: answers[name] for name in calibrating})
    temperatures = fit_temperatures(own)
    shipped.config.temperatures = temperatures
    _write_temperatures(order.out, temperatures)
    metrics: dict[str, Any] = {
        "name": order.out.name,
        "seed": order.seed,
        "learnt": list(order.learnt),
        "stages": json.loads(stages.read_text(encoding="utf-8")) if stages.is_file() else [],
        "temperatures": temperatures,
        "calibration_error_crossed": calibration_errors(own, offsets),
        "sets": {name: _set_metrics(found, temperatures) for name, found in judged.items()},
        "fields": {name: field_metrics(found, temperatures) for name, found in by_head(answers).items()},
        "overlap": {name: {"exact": len(o.exact), "near": len(o.near)} for name, o in overlaps.items()},
        "offsets": order.offsets,
        "delta_of": order.delta_of.name if order.delta_of else None,
        "encoder": order.encoder,
        "bits": order.bits,
        "layers": shipped.encoder.config.num_hidden_layers,
        "event_classes": len(shipped.config.event_labels or ()),
        "vocabulary": shipped.encoder.config.vocab_size,
        "restricted": _restricted(judged, temperatures),
        "perturbations": _perturbation_metrics(shipped, tokenizer, order),
        "faithfulness": _faithfulness(shipped, tokenizer, order),
        "embedding": _embedding_metrics(shipped, tokenizer, order),
        "embedding_cosine": cosine,
        "cores": os.cpu_count(),
        "texts_per_s": _speed(shipped, tokenizer, order),
        "parameters": sum(p.numel() for p in shipped.parameters()),
    }
    (order.out / METRICS).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    return metrics


def _checkpoint(order: Release) -> tuple[OpinionModel, Any]:
    best = order.run / "best"
    if order.delta_of is None:
        for folder in (best, order.run):
            if (folder / "config.json").is_file():
                return load_opinion_model(folder)
        if (best / "learnt.pt").is_file():
            raise DataError(f"{best}: holds low-rank changes; release them with --delta-of the model they started from")
        raise DataError(f"{best}: no finished checkpoint; run bellwether train finetune --out {order.run} first")
    model, tokenizer = load_opinion_model(order.delta_of)
    low_rank, whole = _learnt(order)
    delta = {f"whole.{name}": tensor for name, tensor in whole.items()}
    for name, (a, b) in low_rank.items():
        delta |= {f"low_rank.{name}.a": a.half(), f"low_rank.{name}.b": b.half()}
    model.load_state_dict(apply_delta(model.state_dict(), delta))
    return model, tokenizer


def _add_offsets(model: OpinionModel, offsets: Mapping[str, Floats]) -> None:
    """Into the heads' own biases: whatever reads the model then has them."""
    heads = {"document": model.document_head, "company": model.company_head, "event": model.event_head}
    labels = model.config.event_labels or ()
    places = [classes_of_logits(labels).index(name) for name in answered_labels(labels)]
    if model.role_head is not None and model.rumour_head is not None:
        heads |= {"role": model.role_head, "rumour": model.rumour_head}
    with torch.no_grad():
        for head, offset in offsets.items():
            own = offset[places] if head == "event" else offset
            heads[head].outer.bias.add_(torch.from_numpy(own).float())


def _learnt(order: Release) -> tuple[dict[str, Any], dict[str, Any]]:
    best = order.run / "best"
    if order.delta_of is None or not (best / "learnt.pt").is_file():
        raise DataError(f"{best}: no learnt.pt; a difference needs a run with --method lora or adalora")
    found = torch.load(best / "learnt.pt", weights_only=True)
    if not found["low_rank"]:
        raise DataError(f"{best}: a run with --method {found['method']} cannot be a difference; use lora or adalora")
    if found["base"] != encoder_digest(order.delta_of):
        raise DataError(
            f"{best}: did not start from the encoder of this {order.delta_of.name}; train with --start {order.delta_of}"
        )
    return found["low_rank"], {name: t for name, t in found["learnt"].items() if not name.startswith("encoder.")}


def _save(order: Release, model: OpinionModel, tokenizer: Any) -> None:
    if order.delta_of is None:
        if order.cut_vocabulary:
            model, vocabulary = drop_words(model, tokenizer, reachable_tokens(tokenizer))
            tokenizer = cut_tokenizer(tokenizer, vocabulary)
        (save_eight_bits if order.bits == 8 else save_opinion_model)(model, tokenizer, order.out)
        return
    model.config.delta_of = order.delta_of.name
    model.config.delta_base = weights_digest(order.delta_of)
    model.config.architectures = ["OpinionModel"]
    order.out.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(order.out)
    low_rank, whole = _learnt(order)
    state = model.state_dict()
    write_delta(order.out, low_rank, {name: state[name] for name in whole})  # as calibrated
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (order.delta_of / name).is_file():
            shutil.copy2(order.delta_of / name, order.out / name)


def _write_temperatures(folder: Path, temperatures: Mapping[str, float]) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"temperatures": dict(temperatures)}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _restricted(judged: Mapping[str, Judged], temperatures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Accuracy where a set never uses some sentiment and the model may not answer it, by set and half."""
    found: dict[str, dict[str, float]] = {}
    for name, item in judged.items():
        if item.head != "event" and len(set(item.labels.tolist())) < 3:
            found[name] = {}
            for half in _HALVES:
                labels, logits = item.part(half)
                used, places = np.unique(labels, return_inverse=True)
                chances = restrict(softmax(logits, temperatures[item.head]), used)
                found[name][half] = score(places, chances).accuracy
    return found


def _set_metrics(found: Judged, temperatures: Mapping[str, float]) -> dict[str, Any]:
    temperature = temperatures[found.head]
    parts: dict[str, Any] = {}
    for half in _HALVES:
        labels, logits = found.part(half)
        chances = softmax(logits, temperature)
        scores, intervals = score(labels, chances), bootstrap_intervals(labels, chances, found.texts(half))
        parts[half] = {"n": scores.n, "ece": scores.ece} | {
            key: {"value": getattr(scores, key), "interval": list(getattr(intervals, key))} for key in _MEASURES
        }
    return parts


def _perturbation_metrics(model: OpinionModel, tokenizer: Any, order: Release) -> dict[str, Any]:
    measured = {}
    log.info("perturbations")
    for name in [name for name in _PERTURBED if name in order.reported]:
        examples = load_examples(order.labelled, name, "dev")
        if name == "tfns_sentiment":  # every cashtag is to be swapped, not only an only one
            examples = [replace(example, companies=()) for example in examples]
        wording = language_of_set(name).wording
        flips = measure_flips(model, tokenizer, examples, wording, whole=name in DOCUMENT_SETS)
        measured[name] = {key: asdict(found) for key, found in flips.items()}
    return measured


def _embedding_metrics(model: OpinionModel, tokenizer: Any, order: Release) -> dict[str, Any]:
    reuters = order.reuters
    compared = order.compared_with or order.embedding_of
    if reuters is None or not reuters.is_file() or not any(language_of_set(name) is ENGLISH for name in order.learnt):
        return {}
    log.info("re-issued stories")
    chains = read_chains(reuters)
    texts = [Example(story.text, "reuters") for story in chains.stories]
    base, base_tokenizer = new_model(compared)
    return {
        "stories": len(texts),
        "base": recall(predict(base, base_tokenizer, texts).embedding, chains),
        "model": recall(predict(model, tokenizer, texts).embedding, chains),
    }


def _faithfulness(model: OpinionModel, tokenizer: Any, order: Release, texts: int = 60) -> dict[str, Any]:
    """Explanations of texts of a reporting half, checked by deletion."""
    name = next((name for name in order.reported if name in DOCUMENT_SETS), None)
    if name is None:
        return {}
    log.info("explanations")
    examples = [e.text for e in load_examples(order.labelled, name, "dev") if not chooses(e.text)]
    return {"set": name} | asdict(measure_faithfulness(model, tokenizer, examples[:texts]))


def _speed(model: OpinionModel, tokenizer: Any, order: Release, texts: int = 400) -> float:
    """Short texts a second in plain float32 (the engine is faster: benchmarks/engine.py)."""
    examples: Sequence[Example] = load_examples(order.labelled, order.learnt[0], "dev")[:texts]
    started = perf_counter()
    predict(model, tokenizer, examples)
    return len(examples) / (perf_counter() - started)
