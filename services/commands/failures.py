"""Errors as a person should see them: one line that names what failed and the remedy, and an exit code.

Known by the names of their classes, so that nothing is imported (kafka, redis, torch) only to recognise its errors.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

from services.runtime.exits import ExitCode
from shared.addresses import scrubbed
from shared.clients.disk import NO_SPACE, is_full
from shared.clients.state_folder import make_folder
from shared.settings import default_state_dir

_UNREACHABLE: Final = "{}: is it running (bellwether status), and is its address right (bellwether doctor)?"

# fully qualified class, or module prefix ending in "." -> (hint, exit code)
_KINDS: Final[dict[str, tuple[str, int]]] = {
    "shared.settings.SettingsError": ("", ExitCode.ERROR),
    "shared.clients.kafka.TopicMismatch": ("", ExitCode.REFUSED),
    "services.": ("", ExitCode.ERROR),  # our own errors explain themselves
    "shared.": ("", ExitCode.ERROR),
    "kafka.errors.": (_UNREACHABLE.format("Kafka"), ExitCode.ERROR),
    "aiokafka.errors.": (_UNREACHABLE.format("Kafka"), ExitCode.ERROR),
    "redis.exceptions.": (_UNREACHABLE.format("Redis"), ExitCode.ERROR),
}


def explain(error: BaseException, state: Path | None = None) -> tuple[str, int]:
    """(line, exit code). An unexpected error leaves its traceback in STATE/logs/unexpected.txt.

    Neither holds the passwords and keys of an address.
    """
    line, code = _explained(error, state)
    return scrubbed(line), code


def _explained(error: BaseException, state: Path | None) -> tuple[str, int]:
    code = getattr(error, "code", None)
    for name in _names(error):
        kind = _KINDS.get(name)
        if kind is not None:
            hint, fallback = kind
            return _joined(error, hint), code if isinstance(code, int) else fallback
    if is_full(error):
        return f"{NO_SPACE} ({_joined(error, '')}); free space, then run it again", ExitCode.ERROR
    if isinstance(error, OSError):
        return _os_error(error), ExitCode.ERROR
    return _unexpected(error, state or default_state_dir()), ExitCode.ERROR


def _names(error: BaseException) -> list[str]:
    """Class names, most derived first, each followed by its module's prefixes."""
    names: list[str] = []
    for cls in type(error).__mro__:
        if cls.__module__ == "builtins":
            continue
        names.append(f"{cls.__module__}.{cls.__qualname__}")
        parts = cls.__module__.split(".")
        names += [".".join(parts[:end]) + "." for end in range(len(parts), 0, -1)]
    return names


def _joined(error: BaseException, hint: str) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} ({hint})" if hint else text


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _unexpected(error: BaseException, state: Path) -> str:
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    file = state / "logs" / "unexpected.txt"
    try:
        make_folder(file.parent)
        with file.open("a") as out:
            out.write(scrubbed("".join(traceback.format_exception(error))) + "\n")
    except OSError:
        return f"{text[:500]} (unexpected error; please report it)"
    return f"{text[:500]} (unexpected error; the details are in {file}, please report it)"
