"""Two thousand sentences of everyday life in three languages, in which nothing is said of any company.

Written for measuring what linking takes for companies: each file has people and what they do, and every sentence is one
of the former with one of the latter; many hold words, names and places that companies have taken for themselves.
"""

from __future__ import annotations

from pathlib import Path

LANGUAGES = ("english", "german", "chinese")
_ENOUGH = {"english": 1_000, "german": 560, "chinese": 540}


def sentences(language: str) -> list[str]:
    """All of one language, in a fixed order; no two are the same."""
    who, what = _sections((Path(__file__).parent / f"{language}.txt").read_text("utf-8"))
    space, stop = ("", "。") if language == "chinese" else (" ", ".")
    found = []
    for turn in range(len(who)):
        found += [f"{who[(turn + at) % len(who)]}{space}{done}{stop}" for at, done in enumerate(what)]
    return found[: _ENOUGH[language]]


def _sections(text: str) -> tuple[list[str], list[str]]:
    who, what = text.split("# what they do\n")
    return [line for line in who.splitlines() if not line.startswith("#")], what.splitlines()
