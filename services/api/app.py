"""The application: every route behind the gate, errors in one form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import msgspec
import redis
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from mcp.server.transport_security import TransportSecuritySettings
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from services.api.admission.gate import Gate
from services.api.agents.server import build_server
from services.api.door import Door
from services.api.routes import (
    ask,
    companies,
    documents,
    market,
    operation,
    push,
    review,
    runs,
    score,
    search,
    signals,
    stories,
    stream,
    why,
)
from services.api.wire.parameters import know_now_alone
from services.api.wire.problems import Problem, unavailable
from services.api.wire.schemas import ProblemDetails
from shared.contract.operation.health import WorkerReport
from shared.reading.archive.tables import NoArchive

ROUTERS: Final = (
    operation,
    companies,
    why,
    documents,
    market,
    signals,
    runs,
    search,
    ask,
    score,
    push,
    review,
    stories,
    stream,
)


# the gate has looked at key, client and host already
_GATED: Final = TransportSecuritySettings(enable_dns_rebinding_protection=False)


def build(door: Door, report: Callable[[], WorkerReport] | None = None) -> FastAPI:
    """The application without its gate. `report`: what /metrics shows."""
    agents = build_server(door)
    mounted = agents.streamable_http_app(
        streamable_http_path="/mcp",
        stateless_http=True,
        json_response=True,
        max_request_body_size=door.settings.api.max_body_bytes,
        transport_security=_GATED,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with agents.session_manager.run():
            yield

    app = FastAPI(
        lifespan=lifespan,
        title="Bellwether",
        version=version("bellwether"),
        description="What the world writes about listed companies, which opinions are moving, and why.",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        dependencies=[Depends(know_now_alone)],
    )
    app.state.door = door
    app.state.report = report or (lambda: WorkerReport(role="api", name="1", pid=0, started_at=0, reported_at=0))
    for module in ROUTERS:
        app.include_router(module.router)
    app.router.routes += mounted.routes
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        found = described()
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("ProblemDetails", ProblemDetails.model_json_schema())
        found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"key": []}]
        return found

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def gated(app: FastAPI) -> Gate:
    """The application as it is served: compressed inside, so that the gate's own answers are plain."""
    door: Door = app.state.door
    return Gate(GZipMiddleware(app, minimum_size=1000), door)


def _problem(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Problem)
    return error.response()


def _invalid(request: Request, error: Exception) -> Response:
    """What FastAPI found wrong with parameters or body, without giving back what was sent."""
    del request
    assert isinstance(error, RequestValidationError)
    faults = [
        {"in": ".".join(str(part) for part in each["loc"][:6]), "what": each["msg"][:200]}
        for each in error.errors()[:20]
    ]
    said = "; ".join(f"{each['in']}: {each['what']}" for each in faults[:3])
    return Problem(422, said, "GET /v1/openapi.json says what is taken", faults=faults).response()


def _http(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {})).response()


def _no_archive(request: Request, error: Exception) -> Response:
    del request
    return unavailable(str(error), "see: bellwether archive status").response()


def _unexpected(request: Request, error: Exception) -> Response:
    """The error itself is logged by the gate, which it reaches after this."""
    del request, error
    return Problem(500, "something went wrong; it is in the API's log", "try again; report it if it stays").response()


def _store_away(request: Request, error: Exception) -> Response:
    del request, error
    return unavailable("Redis does not answer", "try again in a moment; see: bellwether status").response()


def _other_layout(request: Request, error: Exception) -> Response:
    del request, error
    return unavailable("Redis holds values of another version of Bellwether", "upgrade the API").response()


_HANDLERS: Final[dict[type[Exception], Callable[[Request, Exception], Response]]] = {
    Problem: _problem,
    RequestValidationError: _invalid,
    HTTPException: _http,
    redis.RedisError: _store_away,
    msgspec.ValidationError: _other_layout,
    NoArchive: _no_archive,
    Exception: _unexpected,
}
