"""What may be said of a text that cannot be parsed: where it fails, not what stands there (a password, say). Reading a
file with it is `read_yaml`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from shared.yaml_text import NotPlainData, parse_yaml

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")


def why_unreadable(error: Exception) -> str:
    """Line, column and kind of the fault of an error of yaml, json or a codec; of any other, its class."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return place + _QUOTED.sub("…", error.problem or error.context or "not YAML")
    if isinstance(error, NotPlainData):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not {error.encoding}"
    return type(error).__name__


class UnreadableFile(ValueError):
    """A file that cannot be read, or is no YAML of plain data; the text names it and says why."""


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises UnreadableFile."""
    try:
        return parse_yaml(path.read_text())
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read: {why_unreadable(error)}") from None
