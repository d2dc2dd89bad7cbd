"""What every channel can do, and how it says that it could not."""

from __future__ import annotations

from typing import ClassVar, Protocol

import msgspec

from shared.contract.alerts import Delivery
from shared.links import has_user, web_host


class NotDelivered(Exception):
    """An attempt that failed; the text holds no secret.

    `retry`: whether trying again can help. `unreachable`: whether every other delivery would fail now, too.
    `after`: seconds that the other side asked us to wait.
    """

    def __init__(self, text: str, *, retry: bool, unreachable: bool = False, after: float = 0.0) -> None:
        super().__init__(text)
        self.retry, self.unreachable, self.after = retry, unreachable, after


class Channel(Protocol):
    """The keys of one kind of channel (a frozen msgspec Struct), and how an alert is sent through it."""

    SECRETS: ClassVar[tuple[str, ...]]  # keys whose value must be ${NAME}

    @property
    def per_minute(self) -> float:
        """Deliveries a minute in the long run; more of them wait."""
        ...

    @property
    def burst(self) -> int:
        """Deliveries at once."""
        ...

    def problem(self) -> str:
        """What is wrong with the values, and the remedy; "" when nothing is."""
        ...

    def send(self, delivery: Delivery, link: str, timeout: float) -> None:
        """One attempt; blocks for `timeout` seconds or so. Raises NotDelivered."""
        ...


class Paced(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys that all channels have."""

    per_minute: float = 60.0
    burst: int = 20

    def pace_problem(self) -> str:
        return "" if self.per_minute > 0 and self.burst >= 1 else "per_minute must be above 0, burst at least 1"


def address_problem(url: str) -> str:
    """What is wrong with the address of a web hook; "" when nothing is."""
    if not web_host(url):
        return "url: give http(s)://HOST/PATH"
    return "url: no user and password in it; use `secret`, or ${NAME} for all of it" if has_user(url) else ""
