"""Why it moved: events, stories and documents each add up to the change, exactly, whatever was written."""

from __future__ import annotations

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.contract.aggregates import RecentDocument
from shared.contract.contributions import Mean
from shared.contract.events import MICRO
from shared.reading.measuring.windows import Period
from shared.reading.unfolding.company import Movement
from shared.reading.unfolding.movement import NEUTRAL, Weighed, unfold
from shared.reading.unfolding.plain import plain
from shared.reading.unfolding.words import in_words

DOCUMENT = RecentDocument(
    id="0", company="BA", channel="news", source="wire", published_at=0, available_at=0, negative=0, neutral=MICRO,
    positive=0, relevance=MICRO, weight=MICRO,
)  # fmt: skip


def document(number: int, score: int, story: int, event: str, source: str = "wire") -> RecentDocument:
    return msgspec.structs.replace(
        DOCUMENT, id=f"{number:032x}", title=f"Title {story}", story=f"{story:016x}", event=event, source=source,
        positive=max(score, 0), negative=max(-score, 0), neutral=MICRO - abs(score),
    )  # fmt: skip


@st.composite
def weighed(draw: st.DrawFn) -> list[Weighed]:
    weight, score = st.integers(0, MICRO), st.integers(-MICRO, MICRO)
    events = st.sampled_from(["", "guidance_cut", "lawsuit"])
    return [
        Weighed(document(n, draw(score), draw(st.integers(0, 4)), draw(events)), draw(weight), draw(weight))
        for n in range(draw(st.integers(1, 20)))
    ]


def means(some: list[Weighed]) -> tuple[Mean, Mean]:
    def mean(weights: list[int]) -> Mean:
        scores = [one.document.positive - one.document.negative for one in some]
        return Mean(sum(weights), sum(w * s for w, s in zip(weights, scores, strict=True)))

    return mean([one.before for one in some]), mean([one.after for one in some])


@given(weighed(), st.integers(0, 20))
def test_every_level_adds_up_to_the_change(some: list[Weighed], known: int) -> None:
    assume(any(one.before for one in some) and any(one.after for one in some))
    before, after = means(some)
    events, others = unfold(some[:known], before, after)
    assert sum(event.contribution for event in events) + others == round(after.value - before.value)
    for event in events:
        assert event.contribution == sum(story.contribution for story in event.stories)
        for story in event.stories:
            assert story.contribution == sum(part.contribution for part in story.documents)
    named = [part.document.id for event in events for story in event.stories for part in story.documents]
    assert sorted(named) == sorted(one.document.id for one in some[:known])
    stories = [story.story for event in events for story in event.stories]
    assert len(stories) == len(set(stories)), "a story stands in one place"
    if known >= len(some):
        assert abs(others) <= len(some), "nothing is left but what rounding leaves"


@given(weighed(), st.integers(1, 4))
def test_what_is_told_adds_up_too(some: list[Weighed], shown: int) -> None:
    assume(any(one.after for one in some))
    before, after = means(some)
    events, others = unfold(some, before if before.weight else NEUTRAL, after)
    found = Movement("BA", Period(0, 3600, 7200), before if before.weight else None, after, 0, 0, 0, events, others)
    row = plain(found, "Boeing", shown)
    parts = [event["contribution"] for event in row["events"]]
    assert round(MICRO * (sum(parts) + row["others"]["contribution"])) == found.change
    for event in row["events"]:
        told = sum(story["contribution"] for story in event["stories"]) + event["rest"]["contribution"]
        assert round(MICRO * (told - event["contribution"])) == 0
        for story in event["stories"]:
            told = sum(each["contribution"] for each in story["documents"]) + story["rest"]["contribution"]
            assert round(MICRO * (told - story["contribution"])) == 0


def test_a_sentence_says_what_came_what_faded_and_what_held_against_it() -> None:
    good = Weighed(document(1, 800_000, 1, "guidance_cut"), MICRO, 0)
    bad = [Weighed(document(n, -900_000, 2, "lawsuit", f"wire{n}"), 0, MICRO) for n in (2, 3)]
    up = Weighed(document(4, 400_000, 3, "dividend"), 0, MICRO // 2)
    some = [good, *bad, up]
    before, after = means(some)
    events, others = unfold(some, before, after)
    assert events[0].event == "lawsuit"
    assert next(event for event in events if event.event == "guidance_cut").stories[0].faded
    found = Movement("BA", Period(0, 3600, 7200), before, after, 1, 3, 4, events, others)
    told = in_words(found, "Boeing", lambda at: f"hour {at // 3_600_000_000}")
    assert told[0] == (
        "Sentiment of Boeing fell by 1.44 from hour 1 to hour 2: to -0.64 (3 documents), from +0.80 (1 in the equally "
        "long stretch before)."
    )
    assert told[1].startswith("Most of it: lawsuit -") and "“Title 2”" in told[1]
    assert "told 2 times" in told[1]
    assert any(line.startswith("Against it: dividend +") for line in told)
    assert any("of what has faded: 1 document of before" in line for line in told)
    assert told == in_words(found, "Boeing", lambda at: f"hour {at // 3_600_000_000}")


def test_nothing_before_is_neutral_and_nothing_now_is_no_change() -> None:
    some = [Weighed(document(1, 500_000, 1, "guidance_cut"), 0, MICRO)]
    _, after = means(some)
    events, others = unfold(some, NEUTRAL, after)
    found = Movement("BA", Period(0, 3600, 7200), None, after, 0, 1, 1, events, others)
    assert found.change == 500_000
    assert "nothing was written before" in in_words(found, "Boeing", str)[0]
    silent = Movement("BA", Period(0, 3600, 7200), after, None, 1, 0, 1)
    assert silent.change is None
    assert plain(silent, "Boeing")["reason"] == "nothing was written in this stretch"
    assert "nothing to explain" in in_words(silent, "Boeing", str)[0]
