"""Another model for a run that has one: the binding changes in one step, and where it happened is written down.

Byte equality holds for one model id (design 2.2), so a switch is recorded with the offsets that scoring had committed:
everything before them is the old model's. No scoring worker may be alive meanwhile, or the old one would go on.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import msgspec
import redis

from services.model.engine import build_engine
from services.model.interface import Engine
from services.runtime.binding import MODEL_ID, PACKS, switch_command
from services.scoring.provenance.model_fields import model_fields
from services.scoring.provenance.positions import committed
from shared.clock import SystemClock, to_iso
from shared.contract.keys import run_key
from shared.contract.operation.health import REPORT_TTL_SECONDS
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


Pausing = Callable[[], AbstractContextManager[object]]


def switch(
    settings: Settings,
    client: redis.Redis,
    approve: Callable[[str, Engine], object] = lambda _before, _after: None,
    pausing: Pausing | None = None,
) -> dict[str, Any]:
    """Bind the run to the settings' model; returns {run, before, model_id, precision, at, offsets}.

    `approve` is asked with the id of the model before and the new one; what it raises leaves all as it was. In the
    block of `pausing` the workers that somebody supervises here do not run: it is entered last, and for moments.
    Raises SwitchError when a scoring worker is alive all the same, the run has no model yet, or has this one already.
    """
    if pausing is None:
        refuse_living(settings, client)
    bound, engine = _bound_to_another(settings, client)
    before = bound[MODEL_ID]
    approve(before, engine)
    with nullcontext() if pausing is None else pausing():
        if pausing is not None:
            refuse_living(settings, client, REPORT_TTL_SECONDS + 1)
        entry = {
            "before": before,
            **model_fields(engine),
            "at": to_iso(SystemClock().now()),
            "offsets": committed(settings),
        }
        history = msgspec.json.encode([*switches(client, settings.run), entry]).decode()
        arguments = (before, engine.model_id, engine.precision, history, str(entry[PACKS]))
        if client.eval(_SWITCH, 1, run_key(settings.run), *arguments) != 1:
            raise SwitchError("the model was switched elsewhere at the same moment; see: bellwether model history")
    return {"run": settings.run, **entry}


def refuse_living(settings: Settings, client: redis.Redis, patience: float = 0.0) -> None:
    """Raises SwitchError while a scoring worker of the run is alive, after waiting so many seconds for its report to
    end."""
    deadline = time.monotonic() + patience
    while alive := Workers(client, settings.run).running("scoring"):
        if time.monotonic() > deadline:
            raise SwitchError(
                f"{len(alive)} scoring worker(s) of run {settings.run!r} are alive, or ended in the last "
                f"{REPORT_TTL_SECONDS} s: {', '.join(alive)}. Stop them where they were started (bellwether down; in "
                f"containers: docker compose stop scoring), then run this again: {switch_command(settings.model.name)}"
            )
        time.sleep(0.2)


def _bound_to_another(settings: Settings, client: redis.Redis) -> tuple[dict[str, str], Engine]:
    """What the run is bound to, and the new model. Raises SwitchError."""
    bound = read_binding(client, settings.run)
    if MODEL_ID not in bound:
        raise SwitchError(
            f"run {settings.run!r} has no model yet, so there is nothing to switch: its first scoring worker binds it "
            f"to the setting model.name; start it: BELLWETHER_MODEL__NAME={shlex.quote(settings.model.name)} "
            f"bellwether up --run {settings.run}"
        )
    engine = build_engine(settings.model)
    if (bound[MODEL_ID], bound.get(PACKS, "")) == (engine.model_id, model_fields(engine)[PACKS]):
        raise SwitchError(
            f"run {settings.run!r} is bound to {engine.name} ({engine.model_id}) already; workers that refused another "
            "model start again with: bellwether resume"
        )
    return bound, engine


def switches(client: redis.Redis, run: str) -> list[dict[str, Any]]:
    """Every switch of a run, oldest first."""
    return msgspec.json.decode(read_binding(client, run).get(HISTORY) or "[]", type=list[dict[str, Any]])
