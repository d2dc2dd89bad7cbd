"""YAML that a person or a stranger wrote: plain data, or an error of one kind. Pure."""

from __future__ import annotations

from typing import Any, Final

import yaml

DEEPEST: Final = 50  # levels of lists and mappings; none of our files has more than six


class NotPlainData(yaml.YAMLError):
    """YAML, or nearly, but nothing that one of our files can hold; the text says why, and quotes nothing."""


def parse_yaml(text: str, loader: type[yaml.BaseLoader | yaml.SafeLoader] = yaml.SafeLoader) -> Any:
    """What `text` says, in lists, mappings with text keys, and plain values. Raises yaml.YAMLError and nothing else.

    PyYAML lets through what its constructors raise (days such as 2026-13-45, `!!bool x`, numbers of 5,000 digits), has
    no bound on depth, and builds lists that hold themselves.
    """
    try:
        found = yaml.load(text, Loader=loader)  # BaseLoader or SafeLoader: neither makes an object of a class
    except yaml.YAMLError:
        raise
    except RecursionError:
        raise NotPlainData(f"nested deeper than {DEEPEST} levels") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise NotPlainData(f"a value is not what it claims to be ({type(error).__name__})") from None
    _check(found, 0)
    return found


def _check(found: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise NotPlainData(f"nested deeper than {DEEPEST} levels")
    if isinstance(found, dict):
        if not all(isinstance(key, str) for key in found):
            raise NotPlainData("a key is no text; put it in quotes")
        found = list(found.values())
    if isinstance(found, list):
        for each in found:
            _check(each, depth + 1)
