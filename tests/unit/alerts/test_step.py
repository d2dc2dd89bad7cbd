"""De-duplication and limits: properties, and what a revision does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.evaluate import HISTORY, REPLAY, alert_id, earlier_of, kept_inside, make_alert, spoken
from services.alerts.kinds.kind import Heard
from services.alerts.kinds.threshold import Threshold
from services.alerts.rules import Only
from services.alerts.step import LIMITED, fresh
from shared.clock import HOUR, SECOND
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.reading.readers.profiles import Interests
from shared.token_bucket import Limit, Tokens, refilled, take
from tests.unit.alerts.samples import T, document, heard, rule, signal

LIMIT = Limit(per_hour=6, burst=3)
times = st.lists(st.integers(0, 40 * HOUR), min_size=1, max_size=60)


def passed(limit: Limit, instants: list[int]) -> list[int]:
    """The instants that the limit lets through."""
    tokens: Tokens | None = None
    through = []
    for instant in instants:
        allowed, tokens = take(tokens, limit, instant)
        if allowed:
            through.append(instant)
    return through


@settings(deadline=None, max_examples=60)
@given(times, st.floats(0.1, 500), st.integers(1, 20))
def test_no_window_ever_holds_more_than_burst_and_rate_allow(instants: list[int], per_hour: float, burst: int) -> None:
    limit = Limit(per_hour=per_hour, burst=burst)
    through = passed(limit, sorted(instants))
    for first in range(len(through)):
        for last in range(first, len(through)):
            hours = (through[last] - through[first]) / HOUR
            assert last - first + 1 <= burst + per_hour * hours + 1e-6


@settings(deadline=None, max_examples=60)
@given(times, st.floats(0.1, 500), st.integers(1, 20))
def test_whoever_waits_long_enough_passes_and_the_bucket_never_overflows(
    instants: list[int], per_hour: float, burst: int
) -> None:
    limit = Limit(per_hour=per_hour, burst=burst)
    tokens: Tokens | None = None
    for instant in instants:  # in any order: clocks of partitions may go back
        _, tokens = take(tokens, limit, instant)
        assert 0 <= tokens.micro <= burst * MICRO
        assert Tokens.parse(tokens.text()) == tokens
    assert tokens is not None
    later = tokens.at + int(HOUR / per_hour) + SECOND
    assert take(tokens, limit, later)[0]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 300))
def test_many_small_steps_gain_as_much_as_one_large(steps: int) -> None:
    empty = Tokens(0, 0)
    small = empty
    for step in range(1, steps + 1):
        small = refilled(small, LIMIT, step * SECOND)
    assert abs(small.micro - refilled(empty, LIMIT, steps * SECOND).micro) <= steps


RULES = [
    rule("threshold", Threshold(above=0.2), name="a", limit=Limit(per_hour=1_000, burst=1_000)),
    rule("threshold", Threshold(below=-0.2), name="b", limit=Limit(per_hour=1_000, burst=1_000), channels=("desk",)),
]
given_out = st.lists(
    st.builds(
        lambda step, score, company, revision: signal(step, score, company, revision=revision),
        st.integers(0, 4),
        st.sampled_from([-0.9, -0.3, 0.0, 0.3, 0.9]),
        st.sampled_from(["AAPL", "MSFT"]),
        st.integers(0, 2),
    ),
    max_size=40,
)


def said(signals: list[Signal]) -> list[tuple[Heard, object, str]]:
    return [(h, r, why) for s in signals for h in [Heard(s)] for r, why in spoken(RULES, h, lambda _: Interests())]


def inside(_: Signal) -> str:
    return ""


@settings(deadline=None, max_examples=60)
@given(given_out, st.lists(st.integers(0, 40), max_size=6))
def test_however_often_and_in_whatever_batches_signals_come_each_alert_is_given_out_once(
    signals: list[Signal], cuts: list[int]
) -> None:
    """The same alerts, whether signals come once in one batch or twice in many."""
    once = fresh(said(signals), set(), {}, inside, 0)  # type: ignore[arg-type]
    ids = [alert.id for alert in once.alerts]
    assert len(ids) == len(set(ids))
    marked: set[str] = set()
    tokens: dict[str, Tokens] = {}
    again = []
    twice = [*signals, *signals]
    edges = sorted({0, len(twice), *(cut for cut in cuts if cut < len(twice))})
    for begin, end in pairwise(edges):
        step = fresh(said(twice[begin:end]), marked, tokens, inside, 0)  # type: ignore[arg-type]
        marked |= set(step.marks)
        tokens |= step.limits
        again += step.alerts
    assert again == once.alerts
    assert [d.id for d in once.deliveries] == [f"{a.id}.desk" for a in once.alerts if a.rule == "b"]


def test_a_revision_alerts_again_only_when_its_action_has_changed() -> None:
    first, same = signal(0, 0.6), signal(0, 0.65, revision=1)
    other = signal(0, -0.6, revision=2)
    rules = [rule("threshold", Threshold(above=0.2, below=-0.2))]
    none = lambda _: Interests()  # noqa: E731
    assert first.action == same.action != other.action
    assert spoken(rules, Heard(same, before=first), none) == []
    ((_, why),) = spoken(rules, Heard(other, before=same), none)
    assert alert_id("threshold", first) == alert_id("threshold", same) != alert_id("threshold", other)
    assert make_alert(rules[0], other, why, []).text.startswith("revised: ")


def test_what_a_limit_holds_back_is_counted_and_does_not_come_later() -> None:
    rules = [rule("threshold", Threshold(above=0.2), limit=Limit(per_hour=1, burst=2))]
    signals = [signal(0, 0.6, company) for company in ("AAPL", "MSFT", "BA", "JPM")]
    found = [(h, r, w) for s in signals for h in [Heard(s)] for r, w in spoken(rules, h, lambda _: Interests())]
    step = fresh(found, set(), {}, inside, 0)
    assert [alert.company for alert in step.alerts] == ["AAPL", "MSFT"]
    assert step.totals == {LIMITED: 2}
    assert len(step.marks) == 4
    assert fresh(found, set(step.marks), step.limits, inside, 0).alerts == []


def test_history_and_replays_stay_inside_samples_do_not() -> None:
    old, now = signal(0), T + 100 * HOUR
    assert kept_inside(old, live=True, outside_hours=48, now=now) == HISTORY
    assert kept_inside(old, live=True, outside_hours=0, now=now) == ""
    assert kept_inside(old, live=True, outside_hours=200, now=now) == ""
    assert kept_inside(signal(0, synthetic=True), live=True, outside_hours=48, now=now) == ""
    assert kept_inside(signal(0, synthetic=True), live=False, outside_hours=0, now=now) == REPLAY
    desk = rule("threshold", Threshold(above=0.2), channels=("dashboard", "desk"))
    assert make_alert(desk, old, "", []).channels == ("desk",)
    assert make_alert(desk, old, "", [], inside=REPLAY).channels == ()


def test_only_what_is_named_or_followed() -> None:
    follows = {"me/main": Interests(events=frozenset({"people"}))}
    energy = rule("threshold", Threshold(above=0.2), only=Only(sectors=("Energy",), watchlist="me/main"))

    def companies(*signals: Signal) -> list[str]:
        return [s.company for s in signals if spoken([energy], heard(s), lambda name: follows[name])]

    told = signal(0, 0.6, "MSFT", features={"event.layoffs": 0.2})
    hardly = signal(0, 0.6, "JPM", features={"event.layoffs": 0.05})
    assert companies(signal(0, 0.6, "XOM"), told, hardly, signal(0, 0.6, "AAPL")) == ["XOM", "MSFT"]
    ((_, why),) = spoken([energy], heard(told), lambda name: follows[name])
    assert why.endswith("followed: event layoffs")
    assert not spoken(
        [rule("threshold", Threshold(above=0.2), minimum_confidence=0.6)], heard(told), lambda _: Interests()
    )


def test_the_past_is_what_was_known_then() -> None:
    late = signal(0, 0.9, revision=1, available_at=T + 100 * HOUR)
    revisions = {T: [signal(0, 0.1), late], signal(1).at: [signal(1, 0.5)]}
    earlier, before = earlier_of(signal(1, 0.5), revisions)
    assert [s.score for s in earlier] == [100_000]
    assert before is None
    assert earlier_of(late, revisions)[1] == signal(0, 0.1)


def test_an_alert_names_at_most_three_documents_those_first_that_speak_for_it() -> None:
    alert = make_alert(rule("threshold", Threshold(above=0.2)), signal(), "why", [document(n) for n in range(5)])
    assert [d.title for d in alert.documents] == ["title 0", "title 1", "title 2"]
    mixed = [document(0), document(1, positive=0, negative=MICRO), document(2, positive=0, neutral=MICRO)]
    sad = make_alert(rule("threshold", Threshold(below=-0.2)), signal(0, -0.6), "why", mixed)
    assert [d.title for d in sad.documents] == ["title 1", "title 2", "title 0"]


def test_an_alert_names_what_moved_its_score_signed_and_largest_first() -> None:
    """A sell never has "shares jump" on top, however heavy that text is."""
    jump, fine, recall, cut = (document(number, title=title) for number, title in enumerate(
        ("Shares jump", "A dividend", "A recall", "Outlook cut")
    ))  # fmt: skip
    sold = signal(
        score=-0.4, evidence=(recall.id, cut.id, fine.id, jump.id), contributions=(-90_000, -40_000, 10_000, 60_000)
    )
    made = make_alert(RULES[1], sold, "why", [jump, fine, cut, recall])
    assert [(d.title, d.contribution) for d in made.documents] == [
        ("A recall", -90_000), ("Outlook cut", -40_000), ("A dividend", 10_000)
    ]  # fmt: skip
    gone = make_alert(RULES[1], sold, "why", [jump, cut])  # what is no longer kept is left out
    assert [d.title for d in gone.documents] == ["Outlook cut", "Shares jump"]


def test_a_signal_of_an_older_version_orders_its_evidence_by_sentiment() -> None:
    good, bad = document(1, title="good"), document(2, title="bad", positive=0, negative=MICRO)
    made = make_alert(RULES[1], signal(score=-0.4, evidence=(good.id, bad.id)), "why", [good, bad])
    assert [(d.title, d.contribution) for d in made.documents] == [("bad", 0), ("good", 0)]
