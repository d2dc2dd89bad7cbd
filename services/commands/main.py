"""`bellwether …`: mounts the packages' commands by the table below, and turns errors into one line and an exit code.

A package's `commands.py` is imported only when one of its commands is asked for (or listed by `--help`), and imports
what is heavy inside its functions.
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

# command -> module that has it, as a Typer app or a function: see `_find`
COMMANDS: Final[dict[str, str]] = {
    "up": "services.commands.up",
    "down": "services.commands.up",
    "status": "services.commands.up",
    "wait": "services.commands.up",
    "resume": "services.commands.up",
    "doctor": "services.commands.up",
    "alive": "services.commands.up",
    "logs": "services.commands.up",
    "ingest": "services.commands.ingest",
    "sample": "services.commands.sample",
    "score": "services.commands.score",
    "model": "services.commands.model",
    "dead-letters": "services.commands.dead_letters",
    "aggregates": "services.commands.aggregates",
    "signals": "services.commands.signals",
    "alerts": "services.commands.alerts",
    "watchlist": "services.commands.watchlist",
    "export": "services.commands.aggregates",
    "backup": "services.commands.aggregates",
    "restore": "services.commands.aggregates",
    "reset": "services.commands.aggregates",
    "replay": "services.commands.replay",
    "backtest": "services.commands.backtest",
    "train": "services.commands.training.models",
    "models": "services.commands.training.models",
    "evaluate": "services.commands.training.models",
    "predict": "services.commands.training.models",
    "api": "services.api.commands",
    "topics": "services.commands.topics",
    "worker": "services.commands.worker",
    "supervisor": "services.commands.up",
}


class MountedCommands(TyperGroup):
    """The top level. What a package does not have (yet) is not listed."""

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
        except Exception:  # one package that cannot be imported does not take `--help` from the others
            return None


def load(name: str) -> Any:
    """The command `name`, or None when its package has none. Raises what importing the package raises."""
    path = COMMANDS[name]
    if importlib.util.find_spec(path) is None:
        return None
    found = _find(importlib.import_module(path), name)
    if found is None:
        return None
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found) if _is_single(found, name) else typer.main.get_group(found)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name, hidden=name == "supervisor")(found)
        command = typer.main.get_command(single)
    command.name = name
    return command


def _find(module: ModuleType, name: str) -> Any:
    """`NAME_app` or what is called NAME (`-` as `_`), else `app`, for a module with one group."""
    plain = name.replace("-", "_")
    for attribute in (f"{plain}_app", plain, "app"):
        found = getattr(module, attribute, None)
        if isinstance(found, typer.Typer) or (callable(found) and getattr(found, "__module__", "") == module.__name__):
            return found
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
    version: bool = typer.Option(False, "--version", is_eager=True, callback=_print_version, help="Print the version."),
) -> None:
    del version


def _state_of(arguments: list[str]) -> Path | None:
    """The folder that the command line names, for the file that an unforeseen error leaves."""
    following = dict(pairwise(arguments)).get("--state")
    return Path(following).expanduser() if following else None


def main() -> None:
    """Entry point of `bellwether`."""
    try:
        typer.main.get_command(app).main(prog_name="bellwether")
    except Exception as error:  # the one place where an error becomes a line for a person
        line, code = explain(error, _state_of(sys.argv))
        typer.echo(f"bellwether: {line}", err=True)
        sys.exit(code)


if __name__ == "__main__":
    main()
