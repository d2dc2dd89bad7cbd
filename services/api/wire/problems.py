"""Errors as RFC 9457 has them: `application/problem+json`, each with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
TITLES: Final[dict[int, str]] = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Unprocessable",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
    504: "Took too long",
}


class Problem(Exception):
    """Ends a request. `remedy` says what the client can do; `more` are further members of the answer."""

    def __init__(
        self, status: int, detail: str, remedy: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.remedy, self.more = status, detail, remedy, more
        self.headers = dict(headers or {})

    def response(self) -> Response:
        members = {"type": "about:blank", "title": TITLES.get(self.status, "Error"), "status": self.status}
        members |= {"detail": self.detail} | ({"remedy": self.remedy} if self.remedy else {}) | self.more
        # what a client sent may hold half a surrogate pair, which is no UTF-8: so ASCII
        return Response(json.dumps(members), self.status, self.headers, MEDIA_TYPE)


def unavailable(what: str, remedy: str) -> Problem:
    """Something behind the API is away; worth another try."""
    return Problem(503, what, remedy, headers={"Retry-After": "5"})
