"""One POST, and what its answer means for the next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from services.alerts.channels.channel import NotDelivered
from shared.clock import HOUR_SECONDS

LONGEST_WAIT: Final = float(HOUR_SECONDS)  # seconds that a Retry-After may ask for
_AGAIN: Final = frozenset({408, 425, 429})  # and every 5xx


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Send `body`; 2xx is well. Redirects are not followed, the answer's body is not read. Raises NotDelivered."""
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as answer,
        ):
            status, asked = answer.status_code, answer.headers.get("Retry-After", "")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # their texts may hold the address
        raise NotDelivered(f"no answer ({type(error).__name__})", retry=True, unreachable=True) from None
    if 200 <= status < 300:
        return
    after = min(float(asked), LONGEST_WAIT) if asked.isdigit() else 0.0
    retry = status in _AGAIN or status >= 500
    raise NotDelivered(f"answered {status}", retry=retry, unreachable=status in (429, 503), after=after)
