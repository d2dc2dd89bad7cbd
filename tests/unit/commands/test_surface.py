"""Every command keeps its name and options: what a script may have written goes on working.

`surface.json` was recorded from the program; what is in it stays. A new option or command is added to it deliberately:

    python tests/unit/commands/test_surface.py > tests/unit/commands/surface.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.commands.main import COMMANDS, load

RECORDED: dict[str, list[str]] = json.loads((Path(__file__).parent / "surface.json").read_text() or "{}")


def surface() -> dict[str, list[str]]:
    """Path of each command -> its arguments in their order, then its options."""
    found: dict[str, list[str]] = {}
    for name in COMMANDS:
        command = load(name)
        if command is not None:
            found |= dict(_commands(f"bellwether {name}", command))
    return found


def _commands(path: str, command: Any) -> Iterator[tuple[str, list[str]]]:
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = [_words(each) for each in shown if each.param_type_name == "argument"]
    yield path, arguments + sorted(_words(each) for each in shown if each.param_type_name == "option")
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child)


def _words(parameter: Any) -> str:
    """Names, type, range and default of an option or argument, for example, `--limit/-n: int, 1 to any = 50`."""
    kind, limits = parameter.type_descriptor, parameter.type_descriptor.parameter_info
    is_argument = parameter.param_type_name == "argument"
    names = f"{str(parameter.name).upper()}" if is_argument else "/".join(parameter.opts + parameter.secondary_opts)
    text = "|".join(str(choice) for choice in kind.choices) if kind.choices else _type(kind.annotation)
    if limits.min is not None or limits.max is not None:
        bounds = ("any" if bound is None else str(bound) for bound in (limits.min, limits.max))
        text += f", {' to '.join(bounds)}"
    repeats = " (repeats)" if parameter.multiple or parameter.nargs == -1 else ""
    return f"{names}: {text}{repeats}" + (", required" if parameter.required else f" = {_plain(parameter.default)}")


def _type(annotation: Any) -> str:
    return annotation.__name__ if type(annotation) is type else str(annotation).replace("pathlib.", "")


def _plain(default: Any) -> str:
    return str(getattr(default, "value", default))


PRESENT = surface()


@pytest.mark.parametrize("command", sorted(RECORDED.keys() | PRESENT.keys()))
def test_a_command_is_as_recorded(command: str) -> None:
    assert PRESENT.get(command) == RECORDED.get(command)


def test_there_are_as_many_commands_as_users_know() -> None:
    assert len(PRESENT) > 60


if __name__ == "__main__":
    sys.stdout.write(json.dumps(surface(), indent=1) + "\n")
