"""Renaming keeps spans on names; perturbations keep them too."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.data.augmentation import Augmentation, compose, rename, swap_cashtags
from services.training.data.datasets import Company, Example
from services.training.measuring.perturbations import PERTURBATIONS
from shared.languages.chinese import CHINESE
from shared.languages.english import ENGLISH
from shared.languages.language import Wording

TEXT = "Norrefax rises 12% as Castrevo is flat; Norrefax leads"
EXAMPLE = Example(TEXT, "", (Company(((0, 8), (40, 48)), 2), Company(((22, 30),), 1)))


def test_renamed_companies_are_where_the_spans_say() -> None:
    changed, done = rename(EXAMPLE, ("Pelgrane Energy",), random.Random(1))
    assert done
    assert changed.text == "Pelgrane Energy rises 12% as Pelgrane Energy is flat; Pelgrane Energy leads"
    for company in changed.companies:
        assert {changed.text[start:end] for start, end in company.spans} == {"Pelgrane Energy"}


def test_nested_names_are_left_alone() -> None:
    nested = Example("Reserve Bank of Ulvestra", "", (Company(((0, 24),), 1), Company(((8, 24),), 1)))
    assert rename(nested, ("X",), random.Random(1)) == (nested, False)


def test_cashtags_change_consistently() -> None:
    words = swap_cashtags("$AAA up, $BBB down, $AAA flat", random.Random(2)).replace(",", "").split()
    assert words[0] == words[4] != words[2]


def test_joined_texts_keep_each_company_and_its_sentiment() -> None:
    good = Example("Norrefax rises.", "", (Company(((0, 8),), 2),), document=2)
    bad = Example("Castrevo falls", "", (Company(((0, 8),), 0),), document=0)
    joined = compose(good, bad, random.Random(4))
    said = {joined.text[slice(*company.spans[0])]: company.sentiment for company in joined.companies}
    assert said == {"Norrefax": 2, "Castrevo": 0}
    assert joined.document == -1


def test_augmentation_depends_on_its_seed_alone() -> None:
    augmentation = Augmentation(names=("Tessamund",), rename=0.5)
    first = [augmentation.apply(EXAMPLE, random.Random(seed)) for seed in range(20)]
    assert first == [augmentation.apply(EXAMPLE, random.Random(seed)) for seed in range(20)]
    assert {changed.same_words for changed in first} == {True, False}


@pytest.mark.parametrize("wording", [ENGLISH.wording, CHINESE.wording])
@pytest.mark.parametrize("name", sorted(PERTURBATIONS))
def test_perturbed_spans_stay_on_the_name(name: str, wording: Wording) -> None:
    changed = PERTURBATIONS[name](EXAMPLE, random.Random(3), wording)
    before = [len(company.spans) for company in EXAMPLE.companies]
    assert [len(company.spans) for company in changed.companies] == before
    if name in ("negation", "numbers", "boilerplate", "emoji"):
        for company, old in zip(changed.companies, EXAMPLE.companies, strict=True):
            start, end = company.spans[0]
            assert changed.text[start:end] == TEXT[slice(*old.spans[0])]


def test_a_chinese_title_gets_a_chinese_name() -> None:
    title = Example("欧岚家居拟发行可转债加码主业", "", (Company(((0, 4),), 2),), document=2)
    swapped = PERTURBATIONS["name_swap"](title, random.Random(1), CHINESE.wording)
    assert swapped.text[slice(*swapped.companies[0].spans[0])] in CHINESE.wording.names
    assert PERTURBATIONS["anonymised"](title, random.Random(1), CHINESE.wording).text == "该公司拟发行可转债加码主业"


@given(st.integers(0, 10**6))
def test_one_company_or_each_may_lose_its_name_and_a_teacher_still_reads_it(seed: int) -> None:
    changed = Augmentation(anonymise=1.0, unname=0.0).apply(EXAMPLE, random.Random(seed))
    assert changed.taught == EXAMPLE
    assert not changed.same_words
    names = [changed.learnt.text[slice(*company.spans[0])] for company in changed.learnt.companies]
    before = [TEXT[slice(*company.spans[0])] for company in EXAMPLE.companies]
    assert sum(name != old for name, old in zip(names, before, strict=True)) in (1, 2)
    assert [c.sentiment for c in changed.learnt.companies] == [c.sentiment for c in EXAMPLE.companies]


@given(st.integers(0, 10**6))
def test_slips_and_standing_words_leave_names_figures_and_what_a_teacher_reads(seed: int) -> None:
    chance = random.Random(seed)
    slipped = Augmentation(rename=0, unname=0, typos=1.0).apply(EXAMPLE, chance)
    assert slipped.taught == EXAMPLE and slipped.same_words  # two slips may undo each other
    assert re.sub(r"\D", "", slipped.learnt.text) == "12"
    framed_ = Augmentation(rename=0, unname=0, boilerplate=1.0).apply(EXAMPLE, chance)
    assert framed_.taught == EXAMPLE and not framed_.same_words and TEXT in framed_.learnt.text != TEXT
    for company, old in zip(framed_.learnt.companies, EXAMPLE.companies, strict=True):
        assert [framed_.learnt.text[slice(*span)] for span in company.spans] == [TEXT[slice(*s)] for s in old.spans]


def test_without_their_shares_there_are_neither() -> None:
    plain = Augmentation(rename=0, unname=0)
    assert all(plain.apply(EXAMPLE, random.Random(seed)).learnt == EXAMPLE for seed in range(30))
