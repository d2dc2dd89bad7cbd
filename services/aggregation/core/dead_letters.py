"""Counting dead letters exactly, however often each is delivered, re-queued or published again. Pure.

A letter is known by its first origin. Its state only moves none -> dead -> scored, so a re-delivered outcome changes
nothing and needs no mark. A second letter of the same document (by its id) is a "copy": what becomes of it
happens to the letter that counts.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.contract.aggregates import Totals, deleted_field
from shared.contract.events import Outcome

SCORED = "scored"
DEAD_STATE = "dead"
UNSCORED = "unscored"
DELETED = "deleted"
COPY = "copy"
APPLIED = "applied"


def document_field(document_id: str) -> str:
    """The field that names the letter which counts a document."""
    return f"={document_id}"


def opinion_field(letter: str, company: str) -> str:
    """The field that says that a re-queued letter's opinion on a company was applied."""
    return f"{letter}|{company}"


def fields_of(outcome: Outcome) -> list[str]:
    """What must be known before an outcome is applied (the counting letter of a copy is looked up with `known`)."""
    if outcome.state == DELETED:
        return [deleted_field(outcome.letter)]
    return [outcome.letter, *([document_field(outcome.document_id)] if outcome.document_id else [])]


def apply_outcome(
    outcome: Outcome, known: Callable[[str], str | None], write: Callable[[str, str], None], totals: Totals
) -> None:
    """Move the letter's state and the totals with it. `known` reads a field of the letters hash, `write` sets one."""
    letter = outcome.letter
    if outcome.state == DELETED:
        before = known(deleted_field(letter))
        totals.retracted += before is None
        if before is None or int(before) < outcome.available_at:
            write(deleted_field(letter), str(outcome.available_at))
        return
    if outcome.document_id:
        field = document_field(outcome.document_id)
        counting = known(field)
        if counting is None:
            write(field, letter)
        elif counting != letter:
            if known(letter) is None:
                write(letter, COPY)
                totals.duplicates += 1
            letter = counting
    _move(letter, outcome.state, known, write, totals)


def _move(
    letter: str, state: str, known: Callable[[str], str | None], write: Callable[[str, str], None], totals: Totals
) -> None:
    before = known(letter)
    if before in (SCORED, state):
        return
    if before == DEAD_STATE:
        totals.documents_dead -= 1
    if state == DEAD_STATE:
        totals.documents_dead += 1
    else:
        totals.documents_scored += 1
    write(letter, state)
