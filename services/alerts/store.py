"""The alerts of a run in Redis: one script moves the position together with all that follows from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
import redis

from shared.contract.alerts import (
    KEPT_ALERTS,
    KEPT_MARKS,
    Alert,
    ChannelState,
    Delivery,
    decode_channel,
    decode_delivery,
    encode,
)
from shared.contract.keys import Keys
from shared.reading.deleted import deleted_at
from shared.reading.values.alerts import without_deleted
from shared.token_bucket import Tokens

# KEYS: totals, given, position, times, then hashes. ARGV: kept alerts, number of alerts, their JSON; expected position,
# new position; then per hash the number of fields and values to set. Nothing is done when the position is another one.
# The time is Redis' own: whoever reads before it sees none of these alerts, and whoever reads after it sees them all.
_COMMIT: Final = """
local n = tonumber(ARGV[2])
if ARGV[n + 3] ~= '' and (redis.call('GET', KEYS[3]) or '-') ~= ARGV[n + 3] then return 0 end
local clock = redis.call('TIME')
local now = string.format('%d%06d', clock[1], clock[2])
for i = 1, n do
  local number = redis.call('HINCRBY', KEYS[1], 'given', '1')
  redis.call('HSET', KEYS[2], tostring(number), ARGV[i + 2])
  redis.call('HSET', KEYS[4], tostring(number), now)
  redis.call('HDEL', KEYS[2], tostring(number - tonumber(ARGV[1])))
  redis.call('HDEL', KEYS[4], tostring(number - tonumber(ARGV[1])))
end
if ARGV[n + 4] ~= '' then redis.call('SET', KEYS[3], ARGV[n + 4]) end
local at = n + 5
for k = 5, #KEYS do
  local fields = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, fields do
    redis.call('HSET', KEYS[k], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
end
return 1
"""


@dataclass(slots=True)
class Step:
    """What follows from a batch of signals."""

    alerts: list[Alert] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)  # alert id -> T
    limits: dict[str, Tokens] = field(default_factory=dict)  # rule -> its bucket
    totals: dict[str, int] = field(default_factory=dict)  # new values of "limited" and "invalid"


class AlertStore:
    """Methods raise redis.RedisError; one process writes steps, and one (the same) deliveries."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    # -- the way in
    def position(self) -> tuple[str, int] | None:
        """(topic id, next offset of `signals`), None before the first step."""
        raw = cast("bytes | None", self._client.get(self._keys.alerts_position()))
        if raw is None:
            return None
        topic_id, _, offset = raw.decode().rpartition(":")
        return topic_id, int(offset)

    def commit(self, step: Step, topic_id: str, before: int | None, after: int) -> bool:
        """Write the step and move the position from `before` to `after`; False when it was not at `before`."""
        keys = self._keys
        expected = f"{topic_id}:{before}" if before is not None else "-"
        hashes: list[tuple[str, Mapping[str, str | bytes | int]]] = [
            (keys.alert_marks(), step.marks),
            (keys.alert_limits(), {f"rule:{name}": tokens.text() for name, tokens in step.limits.items()}),
            (keys.alert_outbox(), {delivery.id: encode(delivery) for delivery in step.deliveries}),
            (keys.alert_totals(), step.totals),
        ]
        done = self._run(step.alerts, expected, f"{topic_id}:{after}", hashes)
        if done and step.marks:
            self._trim_marks()
        return done

    def give_out(self, alert: Alert) -> None:
        """Add an alert to those on the dashboard, without moving the position (for a test)."""
        self._run([alert], "", "", [])

    def _run(
        self,
        alerts: Sequence[Alert],
        expected: str,
        position: str,
        hashes: Iterable[tuple[str, Mapping[str, str | bytes | int]]],
    ) -> bool:
        keys = [self._keys.alert_totals(), self._keys.alerts(), self._keys.alerts_position(), self._keys.alert_times()]
        arguments: list[str | bytes | int] = [KEPT_ALERTS, len(alerts), *map(encode, alerts), expected, position]
        for key, fields in hashes:
            keys.append(key)
            arguments += [len(fields), *(part for pair in fields.items() for part in pair)]
        return bool(cast(Any, self._client).eval(_COMMIT, len(keys), *keys, *arguments) == 1)

    def marked(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that were alerted on before."""
        if not ids:
            return set()
        values = cast("list[bytes | None]", self._client.hmget(self._keys.alert_marks(), list(ids)))
        return {name for name, value in zip(ids, values, strict=True) if value is not None}

    def tokens(self, kind: str) -> dict[str, Tokens]:
        """The buckets of all rules ("rule") or channels ("channel"), by name."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_limits()))
        found = {name.decode(): Tokens.parse(value.decode()) for name, value in raw.items()}
        return {name.removeprefix(f"{kind}:"): held for name, held in found.items() if name.startswith(f"{kind}:")}

    def totals(self) -> dict[str, int]:
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_totals()))
        return {name.decode(): int(value) for name, value in raw.items()}

    def _trim_marks(self) -> None:
        key = self._keys.alert_marks()
        if self._client.hlen(key) <= KEPT_MARKS:
            return
        marks = cast("dict[bytes, bytes]", self._client.hgetall(key))
        oldest = sorted(marks, key=lambda name: (int(marks[name]), name))[: len(marks) - KEPT_MARKS * 3 // 4]
        for first in range(0, len(oldest), 1000):
            self._client.hdel(key, *cast("list[str]", oldest[first : first + 1000]))

    # -- the way out
    def waiting(self) -> list[Delivery]:
        """The outbox, oldest first. What was deleted at its source while it waited goes out without its words."""
        raw = cast("list[bytes]", self._client.hvals(self._keys.alert_outbox()))
        found = sorted(map(decode_delivery, raw), key=lambda each: (each.made_at, each.alert.at, each.id))
        items = [document.item for each in found for document in each.alert.documents]
        gone = deleted_at(self._client, self._keys, items)
        if not gone:
            return found
        return [msgspec.structs.replace(each, alert=without_deleted(each.alert, gone)) for each in found]

    def settle(self, delivery: Delivery, state: ChannelState, tokens: Tokens | None, *, again: bool) -> None:
        """An attempt is over: the delivery leaves the outbox, or stays for another one (`again`)."""
        pipeline = self._client.pipeline(transaction=True)
        if again:
            pipeline.hset(self._keys.alert_outbox(), delivery.id, encode(delivery).decode())
        else:
            pipeline.hdel(self._keys.alert_outbox(), delivery.id)
        pipeline.hset(self._keys.alert_channels(), delivery.channel, encode(state).decode())
        if tokens is not None:
            pipeline.hset(self._keys.alert_limits(), f"channel:{delivery.channel}", tokens.text())
        pipeline.execute()

    def channels(self) -> dict[str, ChannelState]:
        raw = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.alert_channels()))
        return {name.decode(): decode_channel(value) for name, value in sorted(raw.items())}
