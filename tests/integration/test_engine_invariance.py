"""A document's answer does not depend on its neighbours: 2,000 texts, the shipped model, the default precision.

What is compared are the model's numbers before they are rounded to micro-units: rounding would hide a mode that differs
in the last bits now and changes an answer later.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.model.engine import build_engine
from services.model.folders import shipped_models
from services.model.interface import Request
from shared.settings import ModelSettings

SHIPPED = shipped_models() / "bellwether-mini"
TEXTS = 2000

pytestmark = pytest.mark.skipif(not (SHIPPED / "config.json").is_file(), reason=f"no shipped model in {SHIPPED}")

NAMES = ("Shell", "BP", "Apple", "$TSLA", "Novo Nordisk", "the Fed", "Société Générale", "トヨタ", "L'Oréal", "AT&T")
DEEDS = ("beats estimates", "cuts its outlook", "raises the dividend", "is sued", "slides 4.2%", "names a new CEO 🚀🚀")
ENDS = ("after a strong quarter", "as demand weakens", "#stocks", "https://example.com/a?b=1", "say two sources", "")


def requests() -> list[Request]:
    """From no token to more than eight windows, most of them short; with mentions, links, emoji and other scripts."""
    generator = random.Random(2000)
    made = []
    for number in range(TEXTS):
        sentences = 400 if number % 250 == 7 else min(60, int(generator.paretovariate(0.9)))
        parts, spans = [""], []
        for _ in range(sentences if number else 0):
            name = generator.choice(NAMES)
            spans.append((len("".join(parts)), len("".join(parts)) + len(name)))
            parts.append(f"{name} {generator.choice(DEEDS)} {generator.choice(ENDS)}. ")
        companies = tuple(tuple(spans[first::3]) for first in range(generator.randint(0, 3)))
        made.append(Request("".join(parts), companies))
    return made


def raw(engine: Any, batch: list[Request]) -> list[dict[str, NDArray[np.float32]]]:
    """Unrounded numbers, cut up by document."""
    found, at, rows = engine.raw(engine.encode(batch)), 0, []
    for number, request in enumerate(batch):
        company = found["company"][at : at + len(request.companies)]
        at += len(request.companies)
        rows.append({key: found[key][number] for key in ("document", "event", "embedding")} | {"company": company})
    return rows


@pytest.mark.timeout(1200)  # minutes where the kernel's two threads share their cores
def test_an_answer_is_the_same_bits_alone_first_last_and_in_any_batch(tmp_path: Path) -> None:
    engine: Any = build_engine(ModelSettings(packs={}), cache_dir=tmp_path)
    assert engine.invariant
    given = requests()
    expected = [row for begin in range(0, TEXTS, 64) for row in raw(engine, given[begin : begin + 64])]
    order, generator = list(range(TEXTS)), random.Random(1)
    generator.shuffle(order)
    again: dict[int, dict[str, NDArray[np.float32]]] = {}
    while order:
        size = generator.choice((1, 1, 2, 7, 64, 300))
        batch, order = order[:size], order[size:]
        again |= zip(batch, raw(engine, [given[i] for i in batch]), strict=True)
    for number, row in enumerate(expected):
        for key, values in row.items():
            assert values.tobytes() == again[number][key].tobytes(), f"text {number}: {key} differs"
    for number in generator.sample(range(TEXTS), 150):
        [alone] = raw(engine, [given[number]])
        assert all(alone[key].tobytes() == values.tobytes() for key, values in expected[number].items())
    assert len({row["document"].tobytes() for row in expected}) > TEXTS * 0.6  # the texts do differ
