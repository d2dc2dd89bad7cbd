"""Documents that programs bring: one outcome a row, acknowledged once Kafka has them."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from kafka.errors import KafkaError
from starlette.concurrency import run_in_threadpool

from services.api.door import Door, caller_of, door_of
from services.api.once import Once
from services.api.wire.answers import answer
from services.api.wire.problems import Problem, unavailable
from services.api.wire.schemas import PushPage, answers
from services.ingest.delivery.lead import LedElsewhere
from services.ingest.delivery.publisher import DeliveryFailed
from services.ingest.documents.normalise import FIELDS, RawItem
from services.ingest.push import MOST_ROWS, TooManyRows
from services.runtime.exits import WorkerStop
from shared.clients.kafka import TopicMismatch
from shared.contract.events import Channel

router = APIRouter(tags=["documents"])

LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_ROW: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: {} for name in FIELDS},
    "additionalProperties": True,
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_ROW, {"type": "array", "items": _ROW, "maxItems": MOST_ROWS}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


_OUTCOMES: Final = ("taken", "update", "copy", "deleted", "refused")


@router.post("/v1/documents", responses=answers(PushPage), openapi_extra=_BODY)
async def push(
    request: Request,
    channel: Annotated[Channel, Query(description="Of rows that name none.")] = "news",
    idempotency_key: Annotated[str | None, Header(description="The same one again gives the same answer.")] = None,
) -> Response:
    """Push documents: a JSON object, an array of them, or one a line (NDJSON); fields as in docs/api.md. Their feed is
    the name of the key. Each row's outcome: taken, update, copy, deleted, or refused and why. `deleted: true` with
    the external_id takes an item back."""
    body = await request.body()
    rows = rows_of(body, request.headers.get("content-type", "").partition(";")[0].strip().lower())
    return await run_in_threadpool(_pushed, request, rows, channel, idempotency_key, body)


def _pushed(request: Request, rows: list[RawItem | bytes], channel: Channel, name: str | None, body: bytes) -> Response:
    door, caller = door_of(request), caller_of(request)
    once = Once(door.client, caller.id, name, channel.encode() + b"\0" + body) if name is not None else None
    earlier = once.before() if once else None
    if earlier is not None:
        return answer(request, json.loads(earlier), door.about(door.run()), None)
    try:
        told = _taken(door, caller.name, rows, channel)
        if once:
            once.after(json.dumps(told))
    except BaseException:
        if once:
            once.undone()
        raise
    counts = {what: sum(row["outcome"] == what for row in told) for what in _OUTCOMES}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    door.note(caller, "POST /v1/documents", "done", target=f"push:{caller.name}", detail=said)
    return answer(request, told, door.about(door.run()), None)


def _taken(door: Door, key: str, rows: list[RawItem | bytes], channel: Channel) -> list[dict[str, Any]]:
    try:
        outcomes = door.push_door().push(key, rows, channel)
    except TooManyRows as error:
        raise Problem(413, str(error), "send them in parts") from None
    except (LedElsewhere, WorkerStop) as error:
        raise unavailable(str(error), "push to an API that shares its state folder with the ingest worker") from None
    except (DeliveryFailed, KafkaError, TopicMismatch, ConnectionError) as error:
        door.close_push_door()
        raise unavailable(
            f"Kafka did not take the documents ({type(error).__name__})",
            "send the same rows again: nothing counts twice",
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise unavailable(
            f"the state folder cannot be written ({error})", "free space, then send the rows again"
        ) from None
    return [
        {
            "row": place,
            "outcome": each.what,
            "id": each.document_id or None,
            "reason": each.reason or None,
            "detail": each.detail or None,
        }
        for place, each in enumerate(outcomes)
    ]


def rows_of(body: bytes, kind: str) -> list[RawItem | bytes]:
    """The rows of a body. Raises Problem."""
    if kind in LINES:
        rows: list[RawItem | bytes] = [line for line in body.splitlines() if line.strip()]
    elif kind in ("application/json", ""):
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise Problem(400, "the body is not JSON", f"send an object or an array, or NDJSON as {LINES[0]}") from None
        some = found if isinstance(found, list) else [found]
        rows = [each if isinstance(each, dict) else json.dumps(each).encode() for each in some]
    else:
        raise Problem(415, f"{kind[:100]} is not taken", f"send application/json or {LINES[0]}")
    if not rows:
        raise Problem(422, "there is no row in the body", "send at least one")
    if len(rows) > MOST_ROWS:
        raise Problem(413, f"{len(rows):,} rows at once; {MOST_ROWS:,} at most", "send them in parts")
    return rows
