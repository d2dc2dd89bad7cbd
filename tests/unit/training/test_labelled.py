"""Our own labelled texts (labelled/README.md): whole, without doubles, and as far agreed on as the page says."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "labelled"
ROLES = {"", "acquirer", "target", "seller", "plaintiff", "defendant", "broker", "issuer"}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Cohen's kappa: agreement beyond what chance gives, at most 1."""
    size = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / size
    ours, theirs = Counter(first), Counter(second)
    chance = sum(ours[each] * theirs[each] for each in ours) / size**2
    return (observed - chance) / (1 - chance)


def letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", " ", text.casefold()).strip()


def test_sentiment() -> None:
    found = rows("sentiment.csv")
    assert len({row["id"] for row in found}) == len(found) >= 3_500
    assert all(row["entity"] in row["text"] and row["label"] in ("negative", "neutral", "positive") for row in found)
    assert len({(row["text"], row["entity"]) for row in found}) == len(found)
    texts = {row["text"] for row in found}
    assert len({letters(text) for text in texts}) == len(texts)
    assert min(Counter(row["kind"] for row in found).values()) >= 150
    read = [row for row in found if row["second_reader"]]
    assert kappa([row["label"] for row in read], [row["second_reader"] for row in read]) > 0.95


def test_events() -> None:
    found = rows("events.csv")
    classes = Counter(row["label"] for row in found)
    assert len(classes) == 58 and min(classes.values()) >= 40
    assert all(row["second"] in classes or not row["second"] for row in found)
    assert len({row["id"] for row in found}) == len({letters(row["text"]) for row in found}) == len(found) >= 3_500
    read = [row for row in found if row["second_reader"]]
    assert min(Counter(row["label"] for row in read).values()) >= 15
    assert kappa([row["label"] for row in read], [row["second_reader"] for row in read]) > 0.95


def test_roles() -> None:
    found = rows("roles.csv")
    assert len({row["text"] for row in found}) >= 400 and {row["role"] for row in found} == ROLES
    assert {row["rumour"] for row in found} == {"true", "false"}
    assert len({(row["text"], row["company"]) for row in found}) == len({row["id"] for row in found}) == len(found)
    assert kappa([row["role"] for row in found], [row["second_reader_role"] for row in found]) > 0.9
    assert kappa([row["rumour"] for row in found], [row["second_reader_rumour"] for row in found]) > 0.95


@pytest.mark.parametrize("name", ["sentiment.csv", "events.csv", "roles.csv"])
def test_no_row_is_empty_or_padded(name: str) -> None:
    for row in rows(name):
        assert row["text"] == row["text"].strip() and row["text"] and None not in row.values()


def test_found_roles_name_no_text() -> None:
    found = rows("found_roles.csv")
    assert len({row["key"] for row in found}) >= 800 and {row["role"] for row in found} == ROLES
    for row in found:
        assert re.fullmatch(r"[0-9a-f]{16}", row["key"]) and row["licence"] == "open" and len(row) == 6
        assert row["rumour"] in ("true", "false") and bool(row["start"]) == bool(row["end"]) >= bool(row["role"])


def test_found_names_no_text() -> None:
    found = rows("found.csv")
    classes = {row["label"] for row in rows("events.csv")}
    assert len({row["key"] for row in found}) == len(found) >= 3_500
    assert all(re.fullmatch(r"[0-9a-f]{16}", row["key"]) and row["licence"] in ("open", "research") for row in found)
    assert all(row["label"] in classes and row["second"] in {*classes, ""} and len(row) == 4 for row in found)
