"""`bellwether model switch`: another model for a run, while this state folder's workers stand aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from services.commands.access.audit import noted
from services.commands.operations.comparing import compared_with
from services.commands.options import say, settings_of

if TYPE_CHECKING:
    import redis

    from services.model.interface import Engine
    from services.training.measuring.gate import Difference
    from shared.settings import Settings


def switched(
    configured: Settings, model: str | None, *, against: str | None, labelled: Path, force: bool, as_json: bool
) -> None:
    """Bind the run of `configured` to `model`, or to what is configured. Raises what the parts raise."""
    from services.scoring.provenance.model_switch import switch
    from services.supervisor.processes.endpoints import own_servers
    from services.supervisor.processes.pause import workers_paused
    from services.supervisor.processes.records import running_supervisor
    from shared.clients.redis import connect

    folder = configured.state_dir.absolute()
    supervised = running_supervisor(folder) is not None
    compared: list[Difference] = []
    with own_servers(folder, with_kafka=True):
        configured = settings_of(folder, configured.run)  # the servers may have started at other ports
        settings = configured
        if model:
            settings = settings.model_copy(update={"model": settings.model.model_copy(update={"name": model})})
        with connect(settings.redis) as client:
            known = _told_by_workers(client, settings.run)

            def approve(before: str, engine: Engine) -> None:
                if not force:
                    former = against or known.get(before) or configured.model.name
                    compared.extend(compared_with(configured, before, engine, former, labelled))

            done = switch(
                settings, client, approve, (lambda: workers_paused(folder, ["scoring"])) if supervised else None
            )
            detail = f"{done['before']} -> {done['model_id']}{', forced' if force else ''}"
            noted(client, "model switch", settings.run, detail)
    told = done | {"compared": [each._asdict() for each in compared]}
    say(told, f"{done['before']} -> {done['model_id']}; {next_step(configured, settings)}", as_json=as_json)


def _told_by_workers(client: redis.Redis, run: str) -> dict[str, str]:
    """Model ids with the names by which living workers know them."""
    from shared.reading.values.workers import Workers

    return {report.model_id: report.model for report in Workers(client, run).all_reports() if report.model_id}


def next_step(configured: Settings, switched_to: Settings) -> str:
    """What is left to do: workers begin with the model of the settings, and refuse any but the run's."""
    name = switched_to.model.name
    if name == configured.model.name:
        return "now run: bellwether resume"
    where = str(Path(name).absolute()) if Path(name).is_dir() else name
    file = configured.state_dir.absolute() / "bellwether.yaml"
    return (
        f"its workers are still told model.name {configured.model.name}: have {file} say\n"
        f"    model: {{name: {json.dumps(where, ensure_ascii=False)}}}\n"
        f"(or set BELLWETHER_MODEL__NAME where bellwether up is started), then run: bellwether resume"
    )
