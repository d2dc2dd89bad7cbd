"""Where alerts go: one file per kind of channel and a line in CHANNELS; when to send is not decided here."""

from __future__ import annotations

from typing import Final

from services.alerts.channels.channel import Channel, NotDelivered
from services.alerts.channels.email import Email
from services.alerts.channels.slack import Slack
from services.alerts.channels.webhook import Webhook

CHANNELS: Final[dict[str, type[Channel]]] = {"webhook": Webhook, "slack": Slack, "email": Email}

__all__ = ["CHANNELS", "Channel", "NotDelivered"]
