"""Another model for a run that has one: the binding changes in one step, and where it happened is written down.

Byte equality holds for one model id (design 2.2), so a switch is recorded with the offsets that scoring had committed:
everything before them is the old model's. No scoring worker may be alive meanwhile, or the old one would go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import redis

from services.model.engine import build_engine
from services.model.interface import Engine
from services.runtime.binding import MODEL_ID, PACKS
from services.scoring.provenance.model_fields import model_fields
from services.scoring.provenance.positions import committed
from shared.clock import SystemClock, to_iso
from shared.contract.keys import run_key
from shared.reading.values.binding import read_binding
from shared.reading.values.workers import Workers
from shared.settings import Settings

HISTORY: Final = "model_history"  # field of the run's hash: JSON list, oldest first

_SWITCH: Final = """
if redis.call('HGET', KEYS[1], 'model_id') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'model_id', ARGV[2], 'precision', ARGV[3], 'model_history', ARGV[4], 'model_packs', ARGV[5])
return 1
"""


class SwitchError(RuntimeError):
    """A switch that cannot be made now; the text says why and what to do first."""


def switch(
    settings: Settings, client: redis.Redis, approve: Callable[[str, Engine], object] = lambda _before, _after: None
) -> dict[str, Any]:
    """Bind the run to the settings' model; returns {run, before, model_id, precision, at, offsets}.

    `approve` is asked with the id of the model before and the new one; what it raises leaves all as it was.
    Raises SwitchError when a scoring worker is alive, the run has no model yet, or has this one already.
    """
    key = run_key(settings.run)
    alive = Workers(client, settings.run).running("scoring")
    if alive:
        raise SwitchError(
            f"{len(alive)} scoring worker(s) of run {settings.run!r} are alive or ended in the last 15 s; "
            "stop them first (they stay stopped after refusing a model), then switch, then: bellwether resume"
        )
    binding = read_binding(client, settings.run)
    before, packs = binding.get(MODEL_ID), binding.get(PACKS, "")
    if before is None:
        raise SwitchError(
            f"run {settings.run!r} has no model yet: its first scoring worker binds it; nothing to switch"
        )
    engine = build_engine(settings.model)
    fields = model_fields(engine)
    if (before, packs) == (engine.model_id, fields[PACKS]):
        raise SwitchError(f"run {settings.run!r} is bound to {engine.name} ({engine.model_id}) already")
    approve(before, engine)
    entry = {
        "before": before,
        **fields,
        "at": to_iso(SystemClock().now()),
        "offsets": committed(settings),
    }
    history = [*switches(client, settings.run), entry]
    arguments = (before, engine.model_id, engine.precision, msgspec.json.encode(history).decode(), fields[PACKS])
    if client.eval(_SWITCH, 1, key, *arguments) != 1:
        raise SwitchError("the model was switched elsewhere at the same moment; see: bellwether model history")
    return {"run": settings.run, **entry}


def switches(client: redis.Redis, run: str) -> list[dict[str, Any]]:
    """Every switch of a run, oldest first."""
    return msgspec.json.decode(read_binding(client, run).get(HISTORY) or "[]", type=list[dict[str, Any]])
