"""Which precision to run in: measured once per machine and model, kept in the cache, said once in the log."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.model.encoder import Encoder
from services.model.kernel.build import NoKernel
from services.model.tokenizing import Windows
from shared.clients.ownership import is_own
from shared.clients.state_folder import write_atomically

log = logging.getLogger(__name__)

REFERENCE = "fp32"
LARGEST_SHIFT = 0.05  # of a probability, on average over the probe: a precision that moves answers more is not taken
_ROUNDS = 3

PROBE = (
    "Shares of the bank jump after quarterly profit beats expectations",
    "The airline cuts its full-year forecast as fuel costs rise and bookings slow",
    "The board will meet on Thursday to approve the minutes of the last meeting",
    "$ACME short interest keeps climbing, puts printing, this one goes lower",
    "Regulator fines the insurer over mis-sold policies; the company says it will appeal",
    "Oil major raises dividend and announces a buyback of two billion dollars",
    "Chipmaker warns of weaker demand from data centres, shares slide in late trading",
    "Retailer names a new finance director, effective next month",
    "Upgrade to buy from hold, target raised, margins improving faster than we modelled",
    "The carmaker recalls 40,000 vehicles because of a fault in the brakes",
    "Bullish on this name into earnings, chart looks ready to break out",
    "Central bank leaves rates unchanged, in line with what economists had expected",
)


def choose_precision(
    candidates: Mapping[str, Callable[[], Encoder]],
    probe: Windows,
    probabilities: Callable[[Encoder], NDArray[np.floating]],
    key: str,
    cache_dir: Path,
) -> Encoder:
    """The fastest candidate whose answers on the probe agree with fp32's; `key` names machine and model.

    `candidates` builds encoders by precision (fp32 among them) and may raise NoKernel; `probabilities` runs the whole
    model on the probe. A choice that the cache remembers is built without measuring.
    """
    kept = cache_dir / "precisions" / f"{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}.json"
    remembered = _read(kept)
    if remembered in candidates:
        try:
            encoder = candidates[remembered]()
        except NoKernel as error:
            log.warning("precision %s was chosen before and is no longer available: %s", remembered, error)
        else:
            log.info("precision %s, as measured before on this machine (%s)", remembered, kept)
            return encoder
    log.info("measuring which precision of %s is fastest here (once a machine)", ", ".join(candidates))
    built = _build(candidates)
    reference = probabilities(built[REFERENCE])
    speeds = _agreeing_speeds(built, probe, probabilities, reference)
    best = max(speeds, key=lambda name: speeds[name])
    log.info("precision %s: %s tokens/s", best, ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items()))
    _write(kept, {"precision": best, "tokens_per_second": {name: round(speed) for name, speed in speeds.items()}})
    return built[best]


def _build(candidates: Mapping[str, Callable[[], Encoder]]) -> dict[str, Encoder]:
    built = {}
    for name, build in candidates.items():
        try:
            built[name] = build()
        except NoKernel as error:
            log.warning("precision %s is not available: %s", name, error)
    return built


def _agreeing_speeds(
    built: Mapping[str, Encoder],
    probe: Windows,
    probabilities: Callable[[Encoder], NDArray[np.floating]],
    reference: NDArray[np.floating],
) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for name, encoder in built.items():
        shift = float(np.abs(probabilities(encoder) - reference).mean())
        if shift <= LARGEST_SHIFT:
            seconds[name] = float("inf")
        else:
            log.warning("precision %s moves probabilities by %.3f on average and is not used", name, shift)
    for _ in range(_ROUNDS):  # interleaved, and the best of each: what else the machine does hits all alike
        for name, best in seconds.items():
            begin = time.perf_counter()
            built[name].states(probe)
            seconds[name] = min(best, time.perf_counter() - begin)
    return {name: len(probe.ids) / max(taken, 1e-9) for name, taken in seconds.items()}


def _read(kept: Path) -> str:
    try:
        return str(json.loads(kept.read_text())["precision"]) if is_own(kept) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write(kept: Path, content: dict[str, object]) -> None:
    try:
        write_atomically(kept, json.dumps(content).encode())
    except OSError as error:
        log.warning("the measured precision cannot be kept in %s: %s", kept, error)
