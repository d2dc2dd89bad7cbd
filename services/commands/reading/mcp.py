"""`bellwether mcp`: tools for an agent, over standard input and output."""

from __future__ import annotations

from services.commands.options import Run, State, settings_of


def mcp(state: State = None, run: Run = None) -> None:
    """Serve read-only tools to an agent by the Model Context Protocol, over standard input and output."""
    from services.api.agents.server import build_server
    from services.api.door import Door
    from services.runtime.telemetry.logs import configure, secrets_of
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    configure(settings.state_dir, "mcp", "", settings.worker.log_level, secrets_of(settings))
    build_server(Door(settings, connect(settings.redis))).run("stdio")
