"""Rules applied to opinions: what each action does, and that nothing but document, answer and rules decides."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.rules.patterns import LOOKED_AT, Patterns, looked_at
from services.scoring.rules.rule import Rule, Rules, Setting, Where
from services.scoring.rules.speaking import NOBODY, Speakers
from shared.contract.events import MICRO, RULED, SCHEMA, Document, Opinion, Origin
from shared.contract.weighing import contribution

DOCUMENT = Document(
    id="d", channel="social", source="rss:example.com", text="Big giveaway: follow us", language="en",
    published_at=0, received_at=0, available_at=0,
)  # fmt: skip


def opinion(company: str = "AAPL", **more: Any) -> Opinion:
    fields: dict[str, Any] = {"event": "earnings_beat", "event_probability": 800_000, "negative": 100_000} | more
    return Opinion(
        origin=Origin("T", 0, 1), document_id="d", company=company, relevance=MICRO, channel="social", source="s",
        story="0" * 16, published_at=0, available_at=0, neutral=200_000, positive=700_000, model="m", companies=1,
        **fields,
    )  # fmt: skip


def speak(*rules: Rule, document: Document = DOCUMENT, **more: Any) -> Opinion:
    (spoken,) = Speakers(Rules(rules)).applied(document, [opinion(**more)])
    return spoken


def rule(name: str = "r", **keys: Any) -> Rule:
    where = keys.pop("when", Where(text=("giveaway",)))
    return Rule(name=name, when=where, **keys)


def test_no_rules_change_no_byte() -> None:
    assert NOBODY.applied(DOCUMENT, [opinion()]) == [opinion()]
    assert NOBODY.digest == ""


def test_what_does_not_match_carries_the_digest_alone() -> None:
    silent = rule(when=Where(text=("prize",)), drop=True)
    assert speak(silent) == msgspec.structs.replace(opinion(), rules=Rules((silent,)).digest)


def test_drop() -> None:
    spoken = speak(rule(drop=True, flag="spam"))
    assert (spoken.dropped, spoken.spoke, spoken.flags, spoken.schema) == (True, ("r",), ("spam",), RULED)
    assert contribution(spoken)[1:] == (0, 0, 0)


def test_weights_multiply() -> None:
    spoken = speak(rule("a", weight=0.5), rule("b", weight=0.25))
    assert (spoken.weight_left, spoken.spoke, spoken.schema) == (MICRO // 8, ("a", "b"), RULED)
    assert contribution(spoken).weight == contribution(opinion()).weight // 8
    assert (spoken.positive, spoken.negative) == (opinion().positive, opinion().negative)


def test_set_and_flag_leave_the_schema() -> None:
    first = rule("a", set=Setting(event="lawsuit", sentiment="positive", rumour=True), flag="x")
    spoken = speak(first, rule("b", set=Setting(sentiment="neutral"), flag="x"), second_event="dividend")
    assert (spoken.event, spoken.event_probability, spoken.second_event) == ("lawsuit", MICRO, "")
    assert (spoken.negative, spoken.neutral, spoken.positive) == (0, MICRO, 0), "the later rule has its way"
    assert (spoken.rumour, spoken.flags, spoken.schema) == (True, ("x",), SCHEMA)


def test_rules_look_at_what_the_model_read_not_at_each_other() -> None:
    sets = rule("a", set=Setting(event="lawsuit"))
    assert speak(sets, rule("b", when=Where(event=("lawsuit",)), drop=True)).dropped is False
    assert speak(sets, rule("b", when=Where(event=("earnings_beat",)), drop=True)).dropped is True


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (Where(text=("GIVEAWAY",)), True),
        (Where(text=(r"^follow", "big .*us$")), True),
        (Where(title=("giveaway",)), False),
        (Where(company=("AAPL", "MSFT")), True),
        (Where(company=("MSFT",)), False),
        (Where(event=("earnings",)), True),  # a group
        (Where(event=("lawsuit",)), False),
        (Where(source=("rss:*",)), True),
        (Where(source=("*.com",)), True),
        (Where(source=("rss",)), False),
        (Where(source=("rss:example?com",)), False),
        (Where(language=("zh", "en")), True),
        (Where(language=("zh",)), False),
        (Where(channel=("social",), text=("giveaway",), language=("en",)), True),
        (Where(channel=("news",), text=("giveaway",)), False),
    ],
)
def test_conditions(where: Where, holds: bool) -> None:
    assert bool(speak(rule(when=where, flag="x")).spoke) is holds
    assert bool(speak(rule(unless=where, flag="x")).spoke) is not holds


def test_each_company_has_rules_of_its_own() -> None:
    of_one = Speakers(Rules((rule(when=Where(company=("MSFT",)), drop=True),)))
    assert [each.dropped for each in of_one.applied(DOCUMENT, [opinion("AAPL"), opinion("MSFT")])] == [False, True]


TEXTS = st.text(alphabet="giveaway prize\n.é股", max_size=60)
RULES = st.lists(st.sampled_from(["giveaway", "prize", "é", "股", r"\Ag", r"y\z"]), min_size=1, max_size=4, unique=True)


@given(TEXTS, TEXTS, RULES)
@settings(deadline=None, max_examples=60)
def test_one_at_a_time_says_the_same_as_together(title: str, text: str, patterns: list[str]) -> None:
    document = msgspec.structs.replace(DOCUMENT, title=title, text=text)
    rules = [rule(f"r{place}", when=Where(text=(each,)), flag=f"f{place}") for place, each in enumerate(patterns)]
    together = speak(*rules, document=document)
    alone = [name for each in rules for name in speak(each, document=document).spoke]
    assert list(together.spoke) == alone
    assert speak(*rules, document=document) == together


HOSTILE = (
    r"(a+)+$", r"(x+x+)+y", r"(.*a){20}$", r".*.*.*.*x", r"(a|aa)+b", r"[ab]*a[ab]{300}c", r"(?:a?){300}a{300}z",
    r"(\w{1,30}\s){1,30}z", r"((a{0,9}){0,9}){0,9}z",
)  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_pattern_takes_long_whatever_the_text(pattern: str) -> None:
    compiled = Patterns([pattern])
    for text in ("ab" * 500_000, "a" * 1_000_000, "a " * 500_000, "x" * 1_000_000, "é" * 500_000):
        seen = looked_at(text)
        assert len(seen) <= LOOKED_AT
        started = time.perf_counter()
        compiled.found_in(seen)
        assert time.perf_counter() - started < 2.0, "milliseconds on a free machine"


def test_the_file_of_a_rule_is_one_that_a_person_reads() -> None:
    text = (Path("services/scoring/rules/rule_files/standard.yaml")).read_text()
    assert text.count("description:") == 10
