"""Kinds of channels: a new one is a file copied from its neighbour, and one line in CHANNELS."""

from __future__ import annotations

from typing import Final

from services.alerts.channels.channel import Channel, NotDelivered
from services.alerts.channels.email import Email
from services.alerts.channels.slack import Slack
from services.alerts.channels.webhook import Webhook

CHANNELS: Final[dict[str, type[Channel]]] = {"webhook": Webhook, "slack": Slack, "email": Email}

__all__ = ["CHANNELS", "Channel", "NotDelivered"]
