"""`bellwether …`: mounts the commands by the table below, and turns errors into one line and an exit code.

A module is imported only when one of its commands is asked for (or listed by `--help`), and imports what is heavy
inside its functions.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import typer
from typer.core import TyperGroup

from services.commands.failures import explain
from services.commands.private_arguments import hide_passwords
from shared.clients.ownership import keep_private

# command -> module that has it, as a Typer app or a function: see `_find`
COMMANDS: Final[dict[str, str]] = {
    "up": "services.commands.operations.up",
    "down": "services.commands.operations.up",
    "status": "services.commands.operations.status",
    "metrics": "services.commands.operations.metrics",
    "wait": "services.commands.operations.status",
    "resume": "services.commands.operations.up",
    "doctor": "services.commands.operations.status",
    "alive": "services.commands.operations.status",
    "logs": "services.commands.operations.logs",
    "ingest": "services.commands.data.ingest",
    "sources": "services.commands.data.sources",
    "sample": "services.commands.data.sample",
    "score": "services.commands.offline.score",
    "link": "services.commands.offline.link",
    "model": "services.commands.operations.model",
    "universe": "services.commands.data.universe",
    "rules": "services.commands.data.rules",
    "dead-letters": "services.commands.storage.dead_letters",
    "aggregates": "services.commands.reading.aggregates",
    "signals": "services.commands.reading.signals",
    "why": "services.commands.reading.why",
    "peers": "services.commands.reading.peers",
    "relations": "services.commands.reading.peers",
    "calendar": "services.commands.reading.expected_dates",
    "alerts": "services.commands.analyst.alerts",
    "stories": "services.commands.reading.stories",
    "search": "services.commands.reading.search",
    "ask": "services.commands.reading.ask",
    "archive": "services.commands.storage.archive",
    "as-of": "services.commands.reading.as_of",
    "verify": "services.commands.reading.as_of",
    "review": "services.commands.analyst.review",
    "feedback": "services.commands.analyst.feedback",
    "watchlist": "services.commands.analyst.watchlist",
    "export": "services.commands.reading.export",
    "keys": "services.commands.access.keys",
    "audit": "services.commands.access.audit",
    "mcp": "services.commands.reading.mcp",
    "backup": "services.commands.storage.keeping",
    "restore": "services.commands.storage.keeping",
    "reset": "services.commands.storage.keeping",
    "erase": "services.commands.storage.erase",
    "replay": "services.commands.offline.replay",
    "backtest": "services.commands.offline.backtest",
    "train": "services.commands.training.models",
    "models": "services.commands.training.models",
    "evaluate": "services.commands.training.models",
    "predict": "services.commands.training.models",
    "topics": "services.commands.operations.topics",
    "worker": "services.commands.operations.worker",
    "supervisor": "services.commands.operations.up",
}


class MountedCommands(TyperGroup):
    """The top level. A command whose module is not there is not listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in COMMANDS if self._loaded(ctx, name) is not None]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return load(cmd_name)

    def _loaded(self, ctx: Any, name: str) -> Any:
        try:
            return self.get_command(ctx, name)
        except Exception:  # one module that cannot be imported does not take `--help` from the others
            return None


def load(name: str) -> Any:
    """The command `name`, or None when its module has none. Raises what importing the module raises."""
    path = COMMANDS[name]
    if importlib.util.find_spec(path) is None:
        return None
    entry = _find(importlib.import_module(path), name)
    if entry is None:
        return None
    if isinstance(entry, typer.Typer):
        command = typer.main.get_command(entry) if _is_single(entry, name) else typer.main.get_group(entry)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name, hidden=name == "supervisor")(entry)
        command = typer.main.get_command(single)
    command.name = name
    return command


def _find(module: ModuleType, name: str) -> Any:
    """`NAME_app` or what is called NAME (`-` as `_`), else `app`, for a module with one group."""
    plain = name.replace("-", "_")
    for attribute in (f"{plain}_app", plain, "app"):
        entry = getattr(module, attribute, None)
        if isinstance(entry, typer.Typer) or (callable(entry) and getattr(entry, "__module__", "") == module.__name__):
            return entry
    return None


def _is_single(app: typer.Typer, name: str) -> bool:
    """Whether the app is one command of the same name, and no group."""
    if app.registered_groups or app.registered_callback or len(app.registered_commands) != 1:
        return False
    only = app.registered_commands[0]
    return name == (only.name or getattr(only.callback, "__name__", "").replace("_", "-"))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bellwether {version('bellwether')}")
        raise typer.Exit


app = typer.Typer(
    cls=MountedCommands,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches what the world writes about listed companies and shows which opinions are moving, and why.",
)


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
    ),
) -> None:
    del version


def _state_of(arguments: list[str]) -> Path | None:
    """The folder that the command line names, for the file that an unexpected error leaves."""
    following = dict(pairwise(arguments)).get("--state")
    return Path(following).expanduser() if following else None


def main() -> None:
    """Entry point of `bellwether`."""
    keep_private()
    hide_passwords()
    try:
        typer.main.get_command(app).main(prog_name="bellwether")
    except Exception as error:  # the one place where an error becomes a line for a person
        line, code = explain(error, _state_of(sys.argv))
        typer.echo(f"bellwether: {line}", err=True)
        sys.exit(code)


if __name__ == "__main__":
    main()
