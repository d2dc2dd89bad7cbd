"""The engine on an accelerator: exactness, speed against peers and against its own bounds, memory, the whole pipeline.

    python -m benchmarks.device [--device auto] [--texts 2000] [--limit 450] [--whole] [--small]

In parts, each of which prints its JSON object when it ends, so that a run that is cut off still leaves what it found;
the last line is all of them in one. What no longer fits into `--limit` seconds is named in `left_out`, never guessed.

`machine`     device, its memory, torch.
`agreement`   the device's precision against fp32 on the same device: answers that are equal, how far chances move.
`invariance`  the unrounded numbers of `--texts` texts, in batches of 64 and again shuffled in batches of 1 to 300.
`bounds`      texts a second of the tokenizer alone, and of the encoder's matrix products alone, at each length: what
              no engine can exceed.
`speed`       documents/s at each token budget for tweets and for long texts, against transformers' pipeline and a
              length-sorted bf16 loop (fp32 on a CPU) in the same run. `of_bound`: the engine's time without
              tokenizing against the matrix products' time for the same tokens.
`memory`      peak bytes on the device at each budget.
`whole`       (`--whole`) benchmarks/pipeline.py's figures with a real Kafka and Redis on that machine.

`--small` is a trial of every part with few texts, for a CPU.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.engine import classifier_of, mixed_texts, run_engine, run_pipeline, run_sorted
from services.model.batching import padded_length
from services.model.engine import build_engine
from services.model.interface import Request
from services.model.tokenizing import Windows
from shared.settings import ModelSettings

MODEL: Final = "bellwether-mini"
BUDGETS: Final = (2_048, 8_192, 16_384, 32_768, 65_536)  # tokens in a rectangle
LENGTHS: Final = (32, 64, 128, 256)  # tokens of a window
SEED: Final = 17


class Parts:
    """Runs named parts until the time is up, and keeps what they found."""

    def __init__(self, limit: float) -> None:
        self.found: dict[str, Any] = {}
        self._ends = time.monotonic() + limit
        self._left_out: list[str] = []

    def run(self, name: str, needs: float, measure: Callable[[], Any]) -> None:
        """`needs`: seconds that it is expected to take."""
        if time.monotonic() + needs > self._ends:
            self._left_out.append(name)
            return
        begin = time.monotonic()
        self.found[name] = measure()
        sys.stdout.write(json.dumps({name: self.found[name], "seconds": round(time.monotonic() - begin, 1)}) + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        sys.stdout.write(json.dumps(self.found | {"left_out": self._left_out}) + "\n")


def machine(device: str) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {"device": device, "torch": torch.__version__, "threads": torch.get_num_threads()}
    if device == "cuda":
        about = torch.cuda.get_device_properties(0)
        found |= {"name": about.name, "memory_bytes": about.total_memory, "cuda": torch.version.cuda}
    return found


def requests(texts: list[str]) -> list[Request]:
    """Each with the whole first word as its company's mention, so that companies' heads run, too."""
    return [Request(text, (((0, len(text.split(" ", 1)[0])),),)) for text in texts]


def agreement(settings: dict[str, Any], asked: list[Request]) -> dict[str, Any]:
    """`settings` in its own precision against fp32."""
    ours, exact = (build_engine(ModelSettings(**settings | more)) for more in ({}, {"precision": "fp32"}))
    left, right = _raw(ours, asked), _raw(exact, asked)
    found: dict[str, Any] = {"texts": len(asked), "precision": ours.precision}  # type: ignore[attr-defined]
    for key in ("document", "company", "event"):
        shift = np.abs(left[key] - right[key])
        found[key] = {
            "equal": round(float(np.mean(left[key].argmax(-1) == right[key].argmax(-1))), 4),
            "mean_shift": round(float(shift.mean()), 6),
            "largest_shift": round(float(shift.max()), 4),
        }
    return found


def invariance(settings: dict[str, Any], asked: list[Request]) -> dict[str, Any]:
    """How many texts differ in any bit between two ways to batch them."""
    engine: Any = build_engine(ModelSettings(**settings))
    expected = _raw(engine, asked, 64)
    order, generator = list(range(len(asked))), random.Random(SEED)
    generator.shuffle(order)
    differing, at = set(), 0
    while at < len(order):
        batch = order[at : at + generator.choice((1, 2, 7, 64, 300))]
        at += len(batch)
        found = engine.raw(engine.encode([asked[number] for number in batch]))
        for row, number in enumerate(batch):  # one company a text: rows are parallel
            if any(found[key][row].tobytes() != expected[key][number].tobytes() for key in expected):
                differing.add(number)
    return {"texts": len(asked), "differing": len(differing), "examples": sorted(differing)[:5]}


def _raw(engine: Any, asked: list[Request], size: int = 256) -> dict[str, Any]:
    parts = [engine.raw(engine.encode(asked[at : at + size])) for at in range(0, len(asked), size)]
    return {key: np.concatenate([part[key] for part in parts]) for key in ("document", "company", "event", "embedding")}


def bounds(settings: dict[str, Any], device: str, texts: dict[str, list[str]]) -> dict[str, Any]:
    """Upper bounds: the tokenizer's texts a second, and tokens a second of the encoder's matrix products alone."""
    engine: Any = build_engine(ModelSettings(**settings))
    tokenizer = {}
    for kind, some in texts.items():
        asked = requests(some)
        seconds, _ = _timed(lambda asked=asked: engine.encode(asked), device)  # type: ignore[misc]
        tokenizer[kind] = round(len(asked) / seconds, 1)
    products = {length: round(products_a_second(length, device), 1) for length in LENGTHS}
    return {"tokenizer_texts_per_second": tokenizer, "products_tokens_per_second": products}


def products_a_second(length: int, device: str, tokens: int = 65_536) -> float:
    """Tokens a second of the matrix products of one pass of the shipped encoder over windows of `length` tokens."""
    import torch

    from services.model.folders import find_model
    from services.model.served import load_served

    config = load_served(find_model(MODEL))[1].config
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    heads = config.num_attention_heads
    tokens = tokens if device == "cuda" else 4_096
    windows = max(1, tokens // length)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    states = torch.randn(windows * length, width, device=device, dtype=dtype)
    large = torch.randn(windows * length, inner, device=device, dtype=dtype)
    shapes = ((width, width), (width, inner), (inner, width))
    square, up, down = (torch.randn(shape, device=device, dtype=dtype) for shape in shapes)
    query = torch.randn(windows * heads, length, width // heads, device=device, dtype=dtype)
    chances = torch.randn(windows * heads, length, length, device=device, dtype=dtype)

    def layer() -> None:
        for _ in range(4):  # query, key, value, output
            states @ square
        query @ query.transpose(1, 2)
        chances @ query
        states @ up
        large @ down

    with torch.inference_mode():
        seconds, _ = _timed(lambda: [layer() for _ in range(layers)], device)
    return windows * length / seconds


def _timed(work: Callable[[], Any], device: str, runs: int = 3) -> tuple[float, Any]:
    """(best seconds of `runs`, what came out), after one to warm up; waits for the device."""
    import torch

    found, best = work(), float("inf")
    for _ in range(runs):
        if device == "cuda":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        found = work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return best, found


def speed(
    settings: dict[str, Any], device: str, texts: list[str], folder: Path, budgets: tuple[int, ...]
) -> dict[str, Any]:
    """One kind of texts: peers once, the engine at each budget."""
    import torch

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    once: dict[str, float] = {}
    for name, work in (("pipeline", run_pipeline(folder, device)), ("sorted", run_sorted(folder, device, dtype))):
        work(texts[:64])
        seconds, _ = _timed(lambda work=work: work(texts), device, 1)  # type: ignore[misc]
        once[name] = len(texts) / seconds
    found: dict[str, Any] = {name: round(value, 1) for name, value in once.items()}
    rates = {}
    for budget in budgets:
        given = settings | {"token_budget": budget}
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        classifier: Any = build_engine(ModelSettings(**given | {"name": str(folder)}))
        ours, _ = _timed(lambda engine=classifier: run_engine(engine)(texts), device)  # type: ignore[misc]
        shipped: Any = build_engine(ModelSettings(**given))
        encoded = shipped.encode(requests(texts))
        forward, _ = _timed(lambda engine=shipped, given=encoded: engine.raw(given), device)  # type: ignore[misc]
        rates[budget] = {
            "documents_per_second": round(len(texts) / ours, 1),
            "of_pipeline": round(len(texts) / ours / once["pipeline"], 2),
            "of_sorted": round(len(texts) / ours / once["sorted"], 2),
            "shipped_forward_documents_per_second": round(len(texts) / forward, 1),
            "of_bound": round(_bound_seconds(encoded, device) / forward, 3),
            "peak_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else None,
        }
    return found | {"texts": len(texts), "budgets": rates}


def _bound_seconds(windows: Windows, device: str) -> float:
    """Seconds that the matrix products alone would take for these windows, each at its padded length."""
    tokens = dict.fromkeys(LENGTHS, 0)
    for length in windows.lengths.tolist():
        kind = min((one for one in LENGTHS if one >= padded_length(length)), default=LENGTHS[-1])
        tokens[kind] += padded_length(length)
    return sum(count / _products(length, device) for length, count in tokens.items() if count)


_KNOWN: dict[tuple[int, str], float] = {}


def _products(length: int, device: str) -> float:
    if (length, device) not in _KNOWN:
        _KNOWN[length, device] = products_a_second(length, device)
    return _KNOWN[length, device]


def whole() -> dict[str, Any]:
    """The whole system on this machine's Kafka and Redis, with its device."""
    from benchmarks.pipeline import compared, through_the_system
    from benchmarks.whole_system import mixed_documents

    texts = mixed_documents(3_000)
    return compared(MODEL, texts, through_the_system("stub", texts)[0])


def main() -> None:
    from services.model.device import pick_device
    from services.model.folders import ModelError

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--limit", type=float, default=450.0, help="seconds")
    parser.add_argument("--whole", action="store_true", help="the pipeline, too: needs Java and Redis")
    parser.add_argument("--small", action="store_true", help="a trial of every part with few texts")
    options = parser.parse_args()
    try:
        device = pick_device(options.device)
    except ModelError as error:
        raise SystemExit(str(error)) from error
    count, budgets = (48, BUDGETS[:2]) if options.small else (options.texts, BUDGETS)
    settings: dict[str, Any] = {"name": MODEL, "device": device, "packs": {}}
    mixed = mixed_texts(count, SEED)
    kinds = {
        "tweets": [text[:140] for text in mixed_texts(count * (1 if options.small else 8), SEED + 1)],
        "long": [text for text in mixed_texts(count * 10, SEED + 2) if len(text) > 1_500][: max(8, count // 4)],
    }
    parts = Parts(options.limit)
    parts.run("machine", 0, lambda: machine(device))
    parts.run("agreement", 20, lambda: agreement(settings, requests(mixed)))
    parts.run("invariance", 20, lambda: invariance(settings, requests(mixed)))
    parts.run("bounds", 10, lambda: bounds(settings, device, kinds))
    with tempfile.TemporaryDirectory() as folder:
        peer = classifier_of(MODEL, Path(folder) / "classifier")
        for kind, texts in kinds.items():
            parts.run(f"speed_{kind}", 60, lambda texts=texts: speed(settings, device, texts, peer, budgets))  # type: ignore[misc]
    if options.whole:
        parts.run("whole", 120, whole)
    parts.close()


if __name__ == "__main__":
    main()
