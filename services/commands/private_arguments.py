"""A password on the command line is taken off it at once: every account of the machine can read command lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from shared.addresses import split_password

# option -> the variable of the environment by which the command takes it, too
_BY_ENVIRONMENT: Final = {"--redis-url": "BELLWETHER_UP_REDIS_URL"}


def hide_passwords() -> None:
    """Start this program again, in the same process, without the options that hold a password."""
    kept, hidden = apart(sys.argv[1:])
    if hidden:
        program = [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]
        os.execve(sys.executable, [*program, *kept], os.environ | hidden)


def apart(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments that may be seen, and the variables that stand for the others."""
    kept: list[str] = []
    hidden: dict[str, str] = {}
    waiting = ""
    for argument in arguments:
        option, equals, value = (waiting, "=", argument) if waiting else argument.partition("=")
        if option in _BY_ENVIRONMENT and not equals:
            waiting = option
        elif option in _BY_ENVIRONMENT and split_password(value)[1]:
            hidden[_BY_ENVIRONMENT[option]] = value
            waiting = ""
        else:
            kept += [waiting, argument] if waiting else [argument]
            waiting = ""
    return [*kept, *([waiting] if waiting else [])], hidden
