"""The alerts of a run as readers see them, and how far each profile has read them: the one thing that a reader writes.

What the alerts worker keeps for itself (position, marks, limits) is its store's own: services/alerts/store.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec
import redis

from shared.contract.alerts import KEPT_ALERTS, Alert, ChannelState, decode_alert, decode_channel, decode_delivery
from shared.contract.keys import Keys
from shared.reading.deleted import DELETED, deleted_at, is_gone


class NotKept(LookupError):
    """Which alerts there were at a moment is not known any more, or never was; the text says why."""


def _last_by(at: int, times: Mapping[int, int], given: int) -> int:
    """The number of the last alert that was given out by `at`; 0 of none. `given`: the last number of all.

    Numbers rise with time. Those of an older version have none: they came before the first that has one.
    """
    first = min(times, default=given + 1)
    if at >= times.get(first, at + 1):
        return max(number for number, time in times.items() if time <= at)
    if first > 1:
        raise NotKept(
            "when the alerts of then were given out is not known: they made room, or a former version gave them"
        )
    return 0


def without_deleted(alert: Alert, gone: Mapping[str, int]) -> Alert:
    """Without the words of documents that are gone at their source."""
    documents = [
        msgspec.structs.replace(each, title=DELETED, url="") if is_gone(each.item, each.available_at, gone) else each
        for each in alert.documents
    ]
    return msgspec.structs.replace(alert, documents=type(alert.documents)(documents))


class Alerts:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def numbered(self) -> list[tuple[int, Alert]]:
        """(number, alert) of those that are kept, newest first."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alerts()))
        found = [(int(number), decode_alert(raw[number])) for number in sorted(raw, key=int, reverse=True)]
        items = [document.item for _, alert in found for document in alert.documents]
        gone = deleted_at(self._client, self._keys, items)
        return [(number, without_deleted(alert, gone)) for number, alert in found] if gone else found

    def as_of(self, at: int) -> list[tuple[int, Alert]]:
        """Those that were kept at a moment (microseconds, Redis' clock), newest first. Raises NotKept."""
        times = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_times()))
        found = self.numbered()  # behind the times: what is given out meanwhile has a number without one
        last = _last_by(at, {int(number): int(time) for number, time in times.items()}, self.totals().get("given", 0))
        known = [(number, alert) for number, alert in found if last - KEPT_ALERTS < number <= last]
        if len(known) < min(last, KEPT_ALERTS):
            raise NotKept(
                f"of the alerts of then, those before number {found[-1][0] if found else 0:,} made room since"
            )
        return known

    def totals(self) -> dict[str, int]:
        """`given`, `limited`, `invalid`, as far as there are any."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_totals()))
        return {name.decode(): int(value) for name, value in raw.items()}

    def channels(self) -> dict[str, ChannelState]:
        """What became of each channel's deliveries, by name."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_channels()))
        return {name.decode(): decode_channel(value) for name, value in sorted(raw.items())}

    def waiting(self) -> dict[str, int]:
        """Channel -> deliveries that are not sent yet."""
        counts: dict[str, int] = {}
        for raw in cast("list[bytes]", self._client.hvals(self._keys.alert_outbox())):
            channel = decode_delivery(raw).channel
            counts[channel] = counts.get(channel, 0) + 1
        return counts

    def seen(self, profile: str) -> int:
        """The number up to which a profile has seen the alerts."""
        return int(cast("bytes | None", self._client.hget(self._keys.alerts_seen(), profile)) or 0)

    def see(self, profile: str, number: int) -> None:
        """Note that a profile has seen the alerts up to `number`."""
        self._client.hset(self._keys.alerts_seen(), profile, str(number))
