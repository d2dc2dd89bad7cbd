"""Whether the API lives and can answer, and its metrics."""

from __future__ import annotations

from collections.abc import Callable

import redis
from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest

from services.api.door import door_of
from services.api.wire.problems import unavailable
from services.runtime.telemetry.metrics import registry_of
from shared.contract.operation.health import WorkerReport

router = APIRouter(tags=["operation"])


@router.get("/livez")
def livez() -> dict[str, str]:
    """200 while the process lives; asks for no key."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """200 while Redis answers and the run is bound to a model."""
    run = door_of(request).run()
    try:
        bound = run.bound_to()
    except redis.RedisError:
        raise unavailable("Redis does not answer", "see: bellwether status") from None
    if not bound:
        raise unavailable("no worker has started this run yet", "see: bellwether status")
    return {"status": "ready"}


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """For Prometheus; docs/reference/metrics.md."""
    current: Callable[[], WorkerReport] = request.app.state.report
    return Response(
        generate_latest(registry_of(current, door_of(request).settings.run)),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
