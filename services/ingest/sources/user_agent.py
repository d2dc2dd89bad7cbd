"""How Bellwether introduces itself to the servers that it reads."""

from __future__ import annotations

from shared.clients.web import USER_AGENT
from shared.settings import IngestSettings


def user_agent(settings: IngestSettings) -> str:
    """With an address that the servers' people can write to, where the settings name one."""
    return f"{USER_AGENT} (feed reader; {settings.contact})" if settings.contact else f"{USER_AGENT} (feed reader)"
