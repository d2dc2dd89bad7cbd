"""Changes to a training text that must not change its answer: other names, other tickers, entities, typing slips."""

from __future__ import annotations

import html
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from services.training.data.datasets import CASHTAG, Example
from services.training.data.slips import framed, mistyped
from shared.languages.registry import language_of_set

_JOINTS = (" as ", " as ", " while ", "; ", ", ", " but ", ". ")
_TICKER_LETTERS = "ABCDEFGHIKLMNOPRSTVWX"
_NAMELESS = ("the company", "the company", "the group", "the firm", "the bank", "this stock")


@dataclass(frozen=True)
class Changed:
    """An example as the student reads it and as a teacher does: joined alike, but under its own names.

    ``same_words``: nothing was changed that an embedding is to see.
    """

    learnt: Example
    taught: Example
    same_words: bool


@dataclass(frozen=True)
class Augmentation:
    """How often each change is made (probability per example). ``names`` are what a company may be renamed to."""

    names: tuple[str, ...] = ()
    rename: float = 0.4
    anonymise: float = 0.0  # how often one company of a text, or each, is called "the company", or the like
    unname: float = 0.05
    unescape: float = 0.5
    slip: float = 0.05
    compose: float = 0.0  # how often a text about companies is joined with one of ``partners``
    typos: float = 0.0  # how often a text has typing slips, of whatever it is about
    boilerplate: float = 0.0  # how often something that a publisher puts under everything stands around it
    partners: tuple[Example, ...] = ()

    def apply(self, example: Example, chance: random.Random) -> Changed:
        """A changed copy."""
        changed = False
        if self.partners and example.companies and chance.random() < self.compose:
            example, changed = compose(example, chance.choice(self.partners), chance), True
        taught = example
        if example.companies and chance.random() < self.anonymise:
            one = chance.randrange(len(example.companies)) if chance.random() < 0.5 else None
            example, renamed = rename(example, _NAMELESS, chance, only=one)
            changed = changed or renamed
        elif self.names and chance.random() < self.rename:
            example, renamed = rename(example, self.names, chance)
            changed = changed or renamed
        if not example.companies and "&" in example.text and chance.random() < self.unescape:
            example = replace(example, text=html.unescape(example.text))
        if len(example.companies) == 1 and chance.random() < self.unname:
            example = replace(example, companies=(replace(example.companies[0], spans=()),))
        if not example.companies and chance.random() < self.slip:
            example, changed = replace(example, text=slip(example.text, chance)), True
        if self.typos and chance.random() < self.typos:  # the embedding is to stay where it was: nothing else is said
            example = mistyped(example, chance)
        if self.boilerplate and chance.random() < self.boilerplate:
            wording = language_of_set(example.source).wording
            example, changed = framed(example, wording.openings, wording.closings, chance), True
        return Changed(example, taught, not changed)


def compose(first: Example, second: Example, chance: random.Random) -> Example:
    """Two texts as one, each company with its own sentiment: what is said of one is not said of the other."""
    if chance.random() < 0.5:
        first, second = second, first
    head = first.text.rstrip(" .") + chance.choice(_JOINTS)
    moved = tuple(
        replace(company, spans=tuple((start + len(head), end + len(head)) for start, end in company.spans))
        for company in second.companies
    )
    return Example(head + second.text, first.source, (*first.companies, *moved))


def rename(
    example: Example, names: Sequence[str], chance: random.Random, only: int | None = None
) -> tuple[Example, bool]:
    """Give every company, or the one of number ``only``, another name everywhere it is mentioned.

    So that no name is good or bad news. A cashtag becomes another cashtag. Texts without known companies have their
    cashtags changed.
    """
    if not example.companies:
        text = swap_cashtags(example.text, chance)
        return replace(example, text=text), text != example.text
    edits: list[tuple[int, int, int, str]] = []
    for number, company in enumerate(example.companies):
        name = chance.choice(names)
        if only not in (None, number):
            edits += [(start, end, number, example.text[start:end]) for start, end in company.spans]
            continue
        for start, end in company.spans:
            cashtag = CASHTAG.fullmatch(example.text[start:end]) is not None
            edits.append((start, end, number, random_cashtag(chance) if cashtag else name))
    edits.sort()
    if not edits or any(left[1] > right[0] for left, right in pairwise(edits)):
        return example, False  # nested names ("Bank of India" in "Reserve Bank of India"): left as they are
    return _edited(example, edits), True


def swap_cashtags(text: str, chance: random.Random) -> str:
    """Replace each distinct cashtag by a made-up one."""
    others = {tag: random_cashtag(chance) for tag in sorted({match[0] for match in CASHTAG.finditer(text)})}
    return CASHTAG.sub(lambda match: others[match[0]], text)


def random_cashtag(chance: random.Random) -> str:
    """A made-up cashtag of two to four letters."""
    return "$" + "".join(chance.choices(_TICKER_LETTERS, k=chance.randint(2, 4)))


def slip(text: str, chance: random.Random) -> str:
    """One typing slip: two neighbouring letters of a word change places."""
    places = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    i = chance.choice(places)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _edited(example: Example, edits: Sequence[tuple[int, int, int, str]]) -> Example:
    pieces: list[str] = []
    spans: dict[int, list[tuple[int, int]]] = {number: [] for number in range(len(example.companies))}
    done = length = 0
    for start, end, number, name in edits:
        before = example.text[done:start]
        spans[number].append((length + len(before), length + len(before) + len(name)))
        pieces += [before, name]
        length += len(before) + len(name)
        done = end
    pieces.append(example.text[done:])
    companies = tuple(replace(company, spans=tuple(spans[number])) for number, company in enumerate(example.companies))
    return replace(example, text="".join(pieces), companies=companies)
