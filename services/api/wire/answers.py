"""The envelope of every answer: `{data, next, as_of, model, universe}`, in the format that was asked for, with an ETag.

A page ends with an opaque cursor. It holds the place of the last row, and what was asked, so that it cannot be used
with another question.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from services.api.wire.formats import MEDIA, Row, chosen, table
from services.api.wire.problems import Problem

T = TypeVar("T")
_PAGING: Final = ("cursor", "limit", "format")


class About(msgspec.Struct, frozen=True):
    """What an answer follows from."""

    as_of: str  # ISO 8601, UTC: what is told is what was known then
    model: str | None
    universe: str | None


def page(
    request: Request,
    rows: Sequence[T],
    key: Callable[[T], Any],
    limit: int,
    cursor: str | None,
    about: About,
    *,
    row: Callable[[T], Row] | None = None,
) -> Response:
    """Up to `limit` of `rows` (in the order of `key`, which tells rows apart) after `cursor`. Raises Problem.

    `row` makes the row of a thing, where `rows` are not rows yet: of the page alone, for there may be many.
    """
    first = 0
    if cursor is not None:
        after = opened(cursor, request)
        try:
            first = next((place for place, row in enumerate(rows) if _plain(key(row)) > after), len(rows))
        except TypeError:
            raise _bad_cursor() from None
    part = rows[first : first + limit]
    more = first + limit < len(rows)
    following = sealed(_plain(key(part[-1])), request) if more and part else None
    return answer(request, [row(each) for each in part] if row else cast("Sequence[Row]", part), about, following)


def one(request: Request, row: Row, about: About) -> Response:
    """An answer about one thing."""
    return answer(request, row, about, None)


def answer(request: Request, data: Row | Sequence[Row], about: About, following: str | None) -> Response:
    """The response, or 304 where the client has it already."""
    form = chosen(request.query_params.get("format"), request.headers.get("accept", ""))
    facts = {"next": following, "model": about.model, "universe": about.universe}
    # not `as_of`: an answer that says the same a second later is the same answer, hence weak
    told = msgspec.json.encode([data, facts, form])
    tag = f'W/"{hashlib.blake2b(told, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Vary": "Accept, Authorization, X-Api-Key"}
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if form == "json":
        body = msgspec.json.encode({"data": data} | facts | {"as_of": about.as_of})
    else:
        body = table([data] if isinstance(data, Mapping) else data, form)
    return Response(body, headers=headers, media_type=MEDIA[form])


def _asked(request: Request) -> str:
    """What was asked, without where in the answer: a cursor is bound to it."""
    kept = sorted((name, value) for name, value in request.query_params.multi_items() if name not in _PAGING)
    return hashlib.blake2b(json.dumps([request.url.path, kept]).encode(), digest_size=6).hexdigest()


def _plain(key: Any) -> Any:
    return list(key) if isinstance(key, tuple) else [key]


def sealed(place: Any, request: Request) -> str:
    """A cursor after `place`, which is plain data, in the answer to this question."""
    raw = json.dumps([_asked(request), place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def opened(cursor: str, request: Request) -> Any:
    """The place of a cursor. Raises Problem."""
    try:
        asked, place = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise _bad_cursor() from None
    if asked != _asked(request) or not isinstance(place, list):
        raise _bad_cursor()
    return place


def _bad_cursor() -> Problem:
    return Problem(
        400, "this cursor is not one of this question", "begin again without a cursor, with the same parameters"
    )
