"""What may be said of a text that cannot be parsed: where it fails, not what stands there (a password, say). Pure."""

from __future__ import annotations

import json
import re
from typing import Final

import yaml

from shared.yaml_text import NotPlainData

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
