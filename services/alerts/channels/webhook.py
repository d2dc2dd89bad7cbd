"""webhook: a POST of JSON, signed where a secret is given."""

from __future__ import annotations

import hashlib
import hmac
from typing import ClassVar

import msgspec

from services.alerts.channels.channel import Paced, address_problem
from services.alerts.channels.http import post
from services.alerts.message import payload
from shared.contract.alerts import Delivery

SIGNATURE = "X-Bellwether-Signature"
IDEMPOTENCY = "Idempotency-Key"


class Webhook(Paced, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`X-Bellwether-Signature: sha256=HEX` is the body's HMAC with `secret`; `Idempotency-Key` names the delivery."""

    url: str
    secret: str = ""
    SECRETS: ClassVar[tuple[str, ...]] = ("secret",)

    def problem(self) -> str:
        return address_problem(self.url) or self.pace_problem()

    def send(self, delivery: Delivery, link: str, timeout: float) -> None:
        body = msgspec.json.encode(payload(delivery, link))
        headers = {"Content-Type": "application/json", "User-Agent": "Bellwether", IDEMPOTENCY: delivery.id}
        if self.secret:
            headers[SIGNATURE] = signature(self.secret, body)
        post(self.url, body, headers, timeout)


def signature(secret: str, body: bytes) -> str:
    """What the receiver computes to compare (hmac.compare_digest)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
