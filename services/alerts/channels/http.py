"""One POST, and what its answer means for the next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.alerts.channels.channel import NotDelivered
from shared.clients.web import WebClient, WebError, asked_wait
from shared.clock import HOUR_SECONDS, SystemClock

LONGEST_WAIT: Final = float(HOUR_SECONDS)  # seconds that a Retry-After may ask for
_AGAIN: Final = frozenset({408, 425, 429})  # and every 5xx


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Send `body`, within `timeout` seconds all in all; 2xx is well. Redirects are not followed, the answer's body is
    not read. Raises NotDelivered."""
    try:
        with WebClient(seconds=timeout, max_bytes=0) as client:
            answer = client.post(url, body, headers)
    except (WebError, ValueError) as error:  # their texts may hold the address
        cause = type(error.__cause__ or error).__name__
        raise NotDelivered(f"no answer ({cause})", retry=True, unreachable=True) from None
    if 200 <= answer.status < 300:
        return
    after = min(asked_wait(answer.headers.get("retry-after", ""), SystemClock().now()), LONGEST_WAIT)
    retry = answer.status in _AGAIN or answer.status >= 500
    raise NotDelivered(f"answered {answer.status}", retry=retry, unreachable=answer.status in (429, 503), after=after)
