"""Patterns that rules look for. RE2 reads them: the time is linear in the text, whatever somebody wrote.

What RE2 cannot do in linear time (look-around, back-references) is refused when the file is read. Memory is bounded as
well, and only the beginning of a text is looked at, so that no pattern holds up a worker: the worst take milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import re2

LOOKED_AT: Final = 20_000  # bytes of a text, UTF-8; what stands behind is not matched
LONGEST: Final = 2_000  # characters of one pattern
_MEMORY: Final = 1 << 20  # bytes, of program and automata; with less the slower engine is taken


class PatternError(ValueError):
    """A pattern that cannot be used; the text names it and the remedy."""


class Patterns:
    """Any of some patterns, in one pass. Case makes no difference; `^` and `$` are the ends of a line, and `.` is any
    sign, the end of a line too."""

    def __init__(self, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            _compiled(pattern, pattern)
        whole = "|".join(f"(?:{pattern})" for pattern in patterns)
        try:
            self._any = _compiled(whole, patterns[0])
        except PatternError:
            raise PatternError(f"its {len(patterns)} patterns are too large together: divide the rule") from None

    def found_in(self, text: bytes) -> bool:
        """Whether one of them matches somewhere in the first LOOKED_AT bytes."""
        return self._any.search(text) is not None


def looked_at(text: str) -> bytes:
    """What patterns see of a text."""
    raw = text.encode("utf-8", "replace")
    return raw if len(raw) <= LOOKED_AT else raw[:LOOKED_AT].decode("utf-8", "ignore").encode()


def _compiled(pattern: str, named: str) -> Any:
    """`named`: the pattern that an error speaks of."""
    shown = named if len(named) <= 80 else f"{named[:80]}…"
    if not pattern.strip():
        raise PatternError("an empty pattern matches everything: take it out")
    if pattern == named and len(pattern) > LONGEST:
        raise PatternError(f"pattern {shown!r} has {len(pattern):,} characters, at most {LONGEST:,} are: divide it")
    options = re2.Options()
    options.case_sensitive, options.never_capture, options.log_errors = False, True, False
    options.max_mem = _MEMORY
    try:
        return re2.compile(f"(?ms){pattern}".encode(), options)
    except re2.error as error:
        raise PatternError(f"pattern {shown!r}: {_remedy(error)}") from None
    except UnicodeEncodeError:
        raise PatternError(f"pattern {shown!r} holds half a character: write it whole") from None


def _remedy(error: Any) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "(?" in text or "invalid escape sequence: \\" in text:
        return f"{text}; look-around and back-references are not read, for they take unbounded time (RE2 syntax)"
    if "too large" in text or "repetition" in text or "repeat" in text:
        return f"{text}; repeat less, at most some hundred times"
    return f"{text}; see the syntax of RE2, and quote patterns in YAML with '…'"
