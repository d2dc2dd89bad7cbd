"""The model card (README.md) of a released model, from its ``metrics.json``. Prose here, numbers from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.training.shipping import card_texts as texts
from services.training.shipping.card_head import card_head
from shared.languages.registry import language_of_sets

_MEASURES = ("accuracy", "macro_f1", "weighted_f1")


def model_card(metrics: Mapping[str, Any]) -> str:
    """Markdown of the card, under its head in YAML."""
    learnt = metrics["learnt"]
    stages = metrics.get("stages") or []
    unlabelled = any(stage.get("unlabelled") for stage in stages)
    read = list(dict.fromkeys([*learnt, *(name for stage in stages for name in stage.get("sets", ()))]))
    research = unlabelled or not set(read) <= texts.FREE
    language = language_of_sets(learnt)
    base = texts.ENCODER.format(encoder=metrics.get("encoder") or texts.BASE_ENCODER)
    parts = [
        f"# {metrics['name']}",
        texts.INTRODUCTION.format(
            layers=metrics["layers"], events=metrics.get("event_classes", "twenty"), language=language.name
        ),
        "## Intended use",
        language.card.intended + (texts.RESEARCH_ONLY if research else ""),
        "## Data and licences",
        "\n".join(f"- {texts.LICENCES.get(name, f'{name}: see its source')}" for name in read)
        + (texts.UNLABELLED if unlabelled else "")
        + "\n"
        + base,
        "## Training",
        texts.DIFFERENCE.format(base=metrics["delta_of"]) if metrics.get("delta_of") else "",
        texts.TRAINING.format(
            seed=", ".join(sorted({str(stage["seed"]) for stage in stages or [metrics]})),
            parameters=f"{metrics['parameters'] / 1e6:.1f}",
            vocabulary=f"{metrics['vocabulary']:,}",
            bits=metrics["bits"],
        ),
        _stages(stages),
        "## Results on the dev files",
        texts.RESULTS + ("" if metrics.get("offsets", True) else texts.WITHOUT_OFFSETS),
        _results_table(metrics),
        _restricted(metrics.get("restricted") or {}),
        _fields(metrics.get("fields") or {}),
        _around(metrics.get("around") or {}),
        "## Calibration",
        _calibration(metrics),
        "## Overlap of the training rows with every dev file",
        _overlap(metrics),
        "## Robustness",
        _robustness(metrics),
        "## Explanations",
        _explanations(metrics.get("faithfulness") or {}),
        "## Embedding",
        _embedding(metrics.get("embedding") or {}),
        texts.FITTED.format(cosine=metrics["embedding_cosine"]) if metrics.get("embedding_cosine") else "",
        "## Speed",
        f"{metrics['texts_per_s']:.0f} texts/s in plain float32 on {metrics.get('cores', 2)} CPU cores, perhaps shared"
        " with others; the engine (`benchmarks/engine.py`) is faster.",
        "## Known weaknesses",
        language.card.weaknesses.strip() + _names(metrics["perturbations"].get("sentfin") or {}),
    ]
    head = card_head(metrics, language, research=research)
    return head + "\n\n".join(part.strip() for part in parts if part) + "\n"


def _stages(stages: list[dict[str, Any]]) -> str:
    if not stages:
        return ""
    names = (
        "method",
        "rank",
        "sets",
        "caps",
        "epochs",
        "encoder_rate",
        "head_rate",
        "anchor",
        "compose",
        "anonymise",
        "teachers",
        "unlabelled files",
    )
    lines = [f"| stage | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for number, stage in enumerate(stages, 1):
        shown = stage | {"unlabelled files": stage.get("unlabelled", 0)}
        shown["rank"] = stage.get("rank", 16) if stage["method"] in ("lora", "adalora") else None
        cells = [_cell(shown.get(name, 0)) for name in names]
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value).strip("{}[]").replace("'", "") or "-"


def _results_table(metrics: Mapping[str, Any]) -> str:
    lines = ["| set | learnt from | rows | n | accuracy | macro F1 | weighted F1 |", "|---|---|---|---|---|---|---|"]
    for name, halves in metrics["sets"].items():
        for half in ("all", "report"):
            found = halves[half]
            cells = [_with_interval(found[measure]) for measure in _MEASURES]
            learnt = "yes" if name in metrics["learnt"] else "no"
            lines.append(f"| {name} | {learnt} | {half} | {found['n']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _fields(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Each answer of the model on each set that has labels for it."""
    if not found:
        return ""
    lines = [
        "## Every field",
        "",
        texts.FIELDS.strip(),
        "",
        "| set/field | n | classes | precision | recall | macro F1 | accuracy | ECE |",
        "|---" * 8 + "|",
    ]
    for name, one in found.items():
        lines.append(
            f"| {name} | {one['n']} | {one['classes']} | "
            + " | ".join(_with_interval(one[key]) for key in ("precision", "recall", "macro_f1", "accuracy"))
            + f" | {one['ece']:.3f} |"
        )
    return "\n".join(lines)


def _around(found: Mapping[str, Mapping[str, Any]]) -> str:
    """What is told around the model: links, relevance, stories."""
    if not found:
        return ""
    lines = [texts.AROUND.strip(), "", "| field | n | measured on | precision | recall |", "|---" * 5 + "|"]
    for name, one in found.items():
        cells = [_with_interval(one[key]) if one[key] else "-" for key in ("precision", "recall")]
        lines.append(f"| {name} | {one['n']} | {one['on']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _restricted(found: Mapping[str, Mapping[str, float]]) -> str:
    """Sets that lack a class, when the model may answer only the classes that they have."""
    told = [f"{name} {halves['all']:.3f} (report: {halves['report']:.3f})" for name, halves in found.items()]
    return texts.RESTRICTED + ", ".join(told) + "." if told else ""


def _with_interval(found: Mapping[str, Any] | float) -> str:
    if isinstance(found, float):  # as releases of former versions measured it
        return f"{found:.3f}"
    low, high = found["interval"]
    return f"{found['value']:.3f} [{low:.3f}, {high:.3f}]"


def _calibration(metrics: Mapping[str, Any]) -> str:
    rows = [
        f"| {head} | {metrics['temperatures'][head]:.3f} | {error:.4f} |"
        for head, error in metrics["calibration_error_crossed"].items()
    ]
    told = texts.CALIBRATION if metrics.get("offsets", True) else texts.CALIBRATION_WITHOUT_OFFSETS
    return "\n".join([told, "", "| head | temperature | ECE |", "|---|---|---|", *rows])


def _overlap(metrics: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {found['exact']} | {found['near']} |" for name, found in metrics["overlap"].items()]
    return "\n".join([texts.OVERLAP, "", "| set | exact | near |", "|---|---|---|", *rows])


def _robustness(metrics: Mapping[str, Any]) -> str:
    lines = ["| set | perturbation | answers | flipped | accuracy before | after |", "|---|---|---|---|---|---|"]
    for name, found in metrics["perturbations"].items():
        for key, item in found.items():
            lines.append(
                f"| {name} | {key} | {item['n']} | {item['flipped']:.1%} | {item['accuracy']:.3f} |"
                f" {item['accuracy_after']:.3f} |"
            )
    return "\n".join([texts.ROBUSTNESS, "", *lines])


def _names(found: Mapping[str, Any]) -> str:
    """What the name of a company does to the answer."""
    if "anonymised" not in found or "name_swap" not in found:
        return ""
    hidden, swapped = found["anonymised"], found["name_swap"]
    return "\n" + texts.NAMES.format(
        hidden=hidden["accuracy_after"], named=hidden["accuracy"], swapped=swapped["accuracy_after"]
    )


def _explanations(found: Mapping[str, Any]) -> str:
    if not found:
        return "Not measured."
    return texts.EXPLANATIONS.format(**found)


def _embedding(found: Mapping[str, Any]) -> str:
    if not found:
        return "Not measured: the stories that it is measured on are English, or were not there."
    rows = [
        f"| {who} | {found[who]['recall_at_1']:.3f} | {found[who]['recall_at_5']:.3f} | {found[who]['mrr']:.3f} |"
        for who in ("base", "model")
    ]
    head = texts.EMBEDDING.format(n=int(found["model"]["n"]), stories=found["stories"])
    return "\n".join([head, "", "| encoder | recall at 1 | recall at 5 | MRR |", "|---|---|---|---|", *rows])
