"""slack: an incoming webhook of Slack, or of what speaks like it (Mattermost, Rocket.Chat, Discord's /slack)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from services.alerts.channels.channel import Paced, address_problem
from services.alerts.channels.http import post
from services.alerts.channels.webhook import IDEMPOTENCY
from services.alerts.message import headline, lines
from shared.contract.alerts import Delivery

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Slack(Paced, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url` lets whoever has it write to the channel: it is a secret."""

    url: str
    SECRETS: ClassVar[tuple[str, ...]] = ("url",)

    def problem(self) -> str:
        return address_problem(self.url) or self.pace_problem()

    def send(self, delivery: Delivery, link: str, timeout: float) -> None:
        first, rest = headline(delivery.alert), lines(delivery.alert, link)
        text = "\n".join([f"*{_plain(first)}*", *map(_plain, rest)])
        body = msgspec.json.encode({"text": text, "unfurl_links": False, "unfurl_media": False, "link_names": 0})
        post(self.url, body, {"Content-Type": "application/json", IDEMPOTENCY: delivery.id}, timeout)


def _plain(text: str) -> str:
    """Text of others on one line, without mentions, links or commands of the chat."""
    return " ".join(text.split()).translate(_ESCAPED)
