"""The marks of Ask: what of its answers is right, against questions whose evidence is known. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def plain(text: str) -> str:
    """As answers are compared: lower case, one spelling of units, no marks within numbers."""
    low = text.lower().replace("-", " ")
    for short, long in (("mln", "million"), ("bln", "billion"), ("pct", "percent")):
        low = re.sub(rf"\b{short}\b", long, low)
    return re.sub(r"(?<=\d)[, ](?=\d{3})", "", low)


def marks(questions: Sequence[Row], told: Sequence[Row], texts: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Kind -> marks, `all` among them. `texts`: title and text of each document of the corpus, by external id."""
    rows = [_marked(question, answer, texts) for question, answer in zip(questions, told, strict=True)]
    by_kind: dict[str, list[dict[str, float]]] = defaultdict(list)
    for question, row in zip(questions, rows, strict=True):
        by_kind[question["kind"]].append(row)
    by_kind["all"] = rows
    return {kind: _means(mine) for kind, mine in by_kind.items()}


def _marked(question: Row, answer: Row, texts: Mapping[str, str]) -> dict[str, float]:
    kind, right = question["kind"], set(question["answers"])
    cited = list(dict.fromkeys(quote["external_id"] for quote in answer["quotes"]))
    verbatim = [quote["text"] in texts.get(quote["external_id"], "") for quote in answer["quotes"]]
    found = {"cited": float(len(cited)), "cited_right": float(sum(each in right for each in cited))}
    found |= {"quotes": float(len(verbatim)), "verbatim": float(sum(verbatim))}
    if kind == "unanswerable":
        return found | {"refused": float(answer["refused"])}
    said = plain(" ".join([answer["answer"], *(quote["text"] for quote in answer["quotes"])]))
    shows = all(plain(each) in said for each in question["must_contain"])
    if kind == "count":
        goal = question["count"]
        near = answer["count"] is not None and abs(answer["count"] - goal) <= (0.1 * goal if question["tickers"] else 0)
        winner = question["value"]
        named = isinstance(winner, int) or answer["value"] == winner or set(winner) == set(answer["value"] or ())
        return found | {"count_right": float(near and named), "count_exact": float(answer["count"] == goal)}
    first = answer["retrieved"][:5]
    recall = sum(each in right for each in first) / max(1, min(5, len(right)))
    return found | {
        "recall_at_5": recall,
        "hit_at_5": float(any(each in right for each in first)),
        "answer_shows": float(shows and not answer["refused"]),
        "falsely_refused": float(answer["refused"]),
    }


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {"questions": float(len(rows))}
    for name in ("recall_at_5", "hit_at_5", "answer_shows", "falsely_refused", "refused", "count_right", "count_exact"):
        given = [row[name] for row in rows if name in row]
        if given:
            found[name] = round(sum(given) / len(given), 3)
    for name, part, whole in (("citation_precision", "cited_right", "cited"), ("verbatim", "verbatim", "quotes")):
        total = sum(row[whole] for row in rows)
        if total:
            found[name] = round(sum(row[part] for row in rows) / total, 3)
    return found
