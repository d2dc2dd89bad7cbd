"""`--recipe FILE`: options of a command from a YAML file, under the names that they have on the command line.

The command line wins over the recipe, the recipe over the defaults. Every value is read as the text that one would
type, so that `speed: 60x` and `from: 2014-05-01` mean what they mean there; a list repeats an option that may repeat.
Relative paths are relative to the current directory, as on the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import typer

_NOT_IN_A_RECIPE: Final = {"recipe", "help"}


class RecipeError(ValueError):
    """A recipe that cannot be used; the text names the file, what is wrong in it, and the remedy."""


def defaults_of(file: Path, options: Iterable[Any]) -> dict[str, Any]:
    """Name of the parameter -> value as text (or a list of texts), for what the recipe says. Raises RecipeError."""
    parameters = {_key(option): option for option in options if option.param_type_name == "option"}
    recipe: dict[str, Any] = {}
    for key, value in _read(file).items():
        name = key.lstrip("-").replace("_", "-") if isinstance(key, str) else str(key)
        if name in _NOT_IN_A_RECIPE or name not in parameters:
            raise RecipeError(f"{file}: no option {name!r}; {_suggestion(name, parameters)}")
        recipe[parameters[name].name] = _value(file, name, value, parameters[name].multiple)
    return recipe


def _key(option: Any) -> str:
    long = next((name for name in option.opts if name.startswith("--")), option.opts[0])
    return str(long).lstrip("-")


def _suggestion(name: str, parameters: dict[str, Any]) -> str:
    names = sorted(set(parameters) - _NOT_IN_A_RECIPE)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(names)}"


def _read(file: Path) -> dict[Any, Any]:
    import yaml

    from shared.unreadable import why_unreadable
    from shared.yaml_text import parse_yaml

    try:
        content = parse_yaml(file.read_text(encoding="utf-8"), yaml.BaseLoader)
    except OSError as error:
        raise RecipeError(f"--recipe {file}: {error.strerror or error}; name a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"--recipe {file}: not YAML: {why_unreadable(error)}") from None
    if not isinstance(content, dict):
        raise RecipeError(f"--recipe {file}: write one option a line, for example, epochs: 5")
    return content


def _value(file: Path, name: str, value: Any, multiple: bool) -> str | list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise RecipeError(
            f"{file}: {name} has no value, or one that is not plain text; leave the line out or write a value"
        )
    if multiple:
        return texts
    if len(texts) > 1:
        raise RecipeError(f"{file}: {name} takes one value, not a list")
    return str(texts[0])


def _apply(context: typer.Context, parameter: typer.CallbackParam, file: Path | None) -> Path | None:
    """Runs before the other options are read (`is_eager`), which then take their defaults from the recipe."""
    del parameter
    if file is None or context.resilient_parsing:
        return file
    options = {option.name: option for option in context.command.params}
    recipe = defaults_of(file, options.values())
    for name, value in recipe.items():
        try:
            options[name].process_value(context, value)  # here the message can say where the value stands
        except typer.BadParameter as error:
            raise RecipeError(f"{file}: {_key(options[name])}: {error.message}") from None
    context.default_map = {**(context.default_map or {}), **recipe}
    return file


Recipe = Annotated[
    Path | None,
    typer.Option(
        "--recipe", is_eager=True, callback=_apply, help="YAML file of this command's options; the command line wins."
    ),
]
