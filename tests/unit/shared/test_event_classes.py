"""The 58 classes, the 20 of former versions, and what a person's words for them stand for."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import AlertDocument
from shared.event_classes.classes import BY_NAME, EVENT_CLASSES, EVENT_GROUPS, GROUP_WORDS
from shared.event_classes.former import FORMER_EVENT_CLASSES, class_of_former, classes_meant, is_former
from shared.event_classes.selection import (
    UnknownEvent,
    about_former,
    classes_of,
    classes_of_all,
    classes_wanted,
    event_name,
    event_words,
    group_of,
    in_classes,
    in_groups,
    in_order,
    picked,
    recorded_as,
)

LANGUAGES = ("", "en", "zh", "zh-Hant", "und")


def test_the_classes() -> None:
    assert len(EVENT_CLASSES) == 58 == sum(map(len, EVENT_GROUPS.values()))
    assert list(EVENT_GROUPS) == list(GROUP_WORDS)
    assert EVENT_CLASSES[0] == "earnings_beat" and EVENT_CLASSES[-1] == "other_news"
    assert tuple(name for names in EVENT_GROUPS.values() for name in names) == EVENT_CLASSES
    assert all(name.replace("_", "").isalpha() and name.islower() for name in EVENT_CLASSES)
    assert len({each.words for each in BY_NAME.values()}) == 58 and all(each.meaning for each in BY_NAME.values())


def test_a_direction_has_an_opposite() -> None:
    for direction in ("up", "down"):
        groups = [each.group for each in BY_NAME.values() if each.direction == direction]
        assert {group: groups.count(group) for group in groups} == {
            "earnings": 2, "analyst": 2, "business": 3, "market": 1,
        }  # fmt: skip


def test_no_group_is_called_like_a_class() -> None:
    assert not EVENT_GROUPS.keys() & set(EVENT_CLASSES)
    assert EVENT_GROUPS.keys() & set(FORMER_EVENT_CLASSES) == {"earnings"}
    assert set(FORMER_EVENT_CLASSES) & set(EVENT_CLASSES) == {"currencies", "dividend", "ipo", "politics", "bonds"}


@given(st.sampled_from([*FORMER_EVENT_CLASSES, *EVENT_CLASSES]), st.sampled_from(LANGUAGES))
def test_every_former_class_is_one_of_now_and_mapping_twice_changes_nothing(name: str, language: str) -> None:
    now = class_of_former(name, language)
    assert now in BY_NAME
    assert class_of_former(now, language) == class_of_former(now) == now
    assert is_former(name) == (name not in BY_NAME)
    assert now in classes_of(name)  # whoever asks for a former class sees the records that say it
    assert set(classes_of(name)) >= set(classes_meant(name)) and set(classes_of(name)) <= set(EVENT_CLASSES)


@given(st.text(max_size=20), st.sampled_from(LANGUAGES))
def test_a_models_own_class_is_itself(name: str, language: str) -> None:
    if name not in FORMER_EVENT_CLASSES:
        assert class_of_former(name, language) == name


def test_the_misnamed_class() -> None:
    assert class_of_former("financing") == class_of_former("financing", "en") == "earnings_report"
    assert class_of_former("financing", "zh") == "debt"
    assert event_words("financing") == "earnings report"
    assert "debt" in classes_of("financing") and "earnings_beat" in classes_of("financing")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("earnings", "earnings"), ("Earnings Beat", "earnings_beat"), ("price-fall", "price_down"), ("IPO", "ipo"),
     ("Takeover or merger", "acquisition"), ("legal regulation", "legal_regulation"), ("hazards", "hazards")],
)  # fmt: skip
def test_a_name_as_people_type_it(typed: str, name: str) -> None:
    assert event_name(typed) == name


def test_groups_fold() -> None:
    assert classes_of("deals") == ("acquisition", "divestiture", "stake", "partnership")
    assert classes_of("mergers_investments") == classes_of("deals")
    assert classes_of_all(["deals", "stake", "debt"]) == {"acquisition", "divestiture", "stake", "partnership", "debt"}
    counts = {"price_up": 2, "earnings": 3, "financing": 1, "earnings_report": 4, "own": 5, "debt": 1}
    assert in_classes(counts) == {"earnings_report": 5, "earnings_schedule": 3, "debt": 1, "price_up": 2, "own": 5}
    assert list(in_classes(counts))[-1] == "own"
    assert in_groups(counts) == {"earnings": 8, "capital": 1, "market": 2, "own": 5}
    assert group_of("mergers_investments") == "deals" and event_words("deals") == "deals"


@given(st.dictionaries(st.sampled_from([*FORMER_EVENT_CLASSES, *EVENT_CLASSES, "own"]), st.integers(0, 99)))
def test_folding_keeps_every_count(counts: dict[str, int]) -> None:
    assert sum(in_classes(counts).values()) == sum(in_groups(counts).values()) == sum(counts.values())
    assert in_classes(in_classes(counts)) == in_classes(counts)
    assert in_groups(in_classes(counts)) == in_groups(counts)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownEvent, match="unknown event 'earning': did you mean earnings"):
        event_name("earning")
    with pytest.raises(UnknownEvent, match=r"did you mean .*rating_up"):
        classes_of("rating")
    with pytest.raises(UnknownEvent, match=r"docs/events.md lists them.* Groups: earnings, analyst"):
        classes_of("foo")
    with pytest.raises(UnknownEvent):
        event_name("")


def test_a_former_name_is_said_once_for_what_it_is() -> None:
    assert about_former("stock movement").startswith(
        "stock_movement is an event class of former versions; it stands for"
    )
    assert about_former("earnings") == about_former("dividend") == about_former("price_up") == ""


def test_the_page_lists_them_all() -> None:
    page = (Path(__file__).parents[3] / "docs/events.md").read_text("utf-8")
    for each in BY_NAME.values():
        assert f"| `{each.name}` | {each.words} | {each.direction} | {each.meaning} |" in page
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")][: len(EVENT_GROUPS)] == [*EVENT_GROUPS]
    for name in FORMER_EVENT_CLASSES:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` | `{class_of_former(name)}`")][-1:]
        groups = [group for group, classes in EVENT_GROUPS.items() if classes == classes_of(name)]
        meant = [f"the group `{groups[0]}`"] if groups else [f"`{each}`" for each in classes_of(name)]
        assert all(each in row for each in meant)


def test_records_say_what_they_are_shown_under() -> None:
    document = RecentDocument(
        id="a", company="AAPL", channel="news", source="s", published_at=0, available_at=0, negative=0, neutral=0,
        positive=0, relevance=0, weight=0, event="financing",
    )  # fmt: skip
    assert document.event_class == "earnings_report" and document.event == "financing"
    assert msgspec.structs.replace(document, title="资金链断裂").event_class == "debt"
    assert msgspec.structs.replace(document, event="").event_class == ""
    assert AlertDocument(id="a", title="", event="energy").event_class == "commodities"


def test_names_that_were_taken_up_before_go_on() -> None:
    assert classes_wanted(["foo", "stock_movement"]) == {"foo", "price_up", "price_down", "trading_activity"}
    assert recorded_as(["earnings_report", "own"]) == ["earnings_report", "financing", "own"]
    assert recorded_as(classes_of("macro")) == sorted(
        [*EVENT_GROUPS["macro"], "central_banks", "energy", "macro_economy", "metals_materials"]
    )
    assert in_order(["own", "debt", "capital", "price_up"]) == ["capital", "debt", "price_up", "own"]
    assert picked("capital") == "capital (all)" and picked("debt") == "debt"
