"""Alerts and recommendations as pages show them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboard.drawing import alert_list, recommended_list
from dashboard.drawing.formats import NOTHING
from dashboard.drawing.palette import LIGHT
from dashboard.reading import alerting, recommendations
from dashboard.reading.alerting import Alerts
from dashboard.reading.recommendations import Profile
from dashboard.view import profile_of
from services.alerts.evaluate import make_alert
from services.alerts.kinds.threshold import Threshold
from services.alerts.rules import Rule
from shared.clock import SECOND
from shared.contract.alerts import ChannelState
from shared.reading.readers.profiles import Follow, Interests, Rating
from tests.unit.alerts.samples import T, document, signal

UTC = ZoneInfo("UTC")
RULE = Rule(name="one", kind="threshold", condition=Threshold(above=0.2), channels=("dashboard", "desk"))
HOSTILE = "<img src=x onerror=alert(1)>"


def test_an_alert_is_data_with_safe_links_and_marks() -> None:
    documents = [document(1, title=HOSTILE, url="javascript:x"), document(2, url="https://example.com")]
    alert = make_alert(RULE, signal(0, 0.6), "why", documents)
    old, new = alert_list.items([(7, alert), (8, alert)], 7, UTC, LIGHT)
    assert (old["new"], new["new"], new["key"]) == (False, True, "8")
    assert [link["url"] for link in new["links"]] == ["", "https://example.com"]
    assert new["links"][0]["title"] == HOSTILE  # the list shows it as text
    assert "to desk" in new["tags"]
    assert alert_list.sent_to(make_alert(RULE, signal(0, 0.6), "why", [], inside="history")).endswith("it is history")
    table = alert_list.table([(7, alert)], UTC)
    assert table.loc[0, "text"] == "why"


def test_what_is_new_is_bounded_by_what_is_kept() -> None:
    assert [alerting.unread(given, seen, 10) for given, seen in ((0, 0), (5, 3), (50, 3), (3, 5))] == [0, 2, 10, 0]


def test_an_alert_concerns_whoever_follows_its_company_sector_or_event() -> None:
    alert = make_alert(RULE, signal(0, 0.6, "XOM"), "why", [document(1, event="earnings")])
    for interests, wanted in (
        (Interests(companies=frozenset({"XOM"})), True),
        (Interests(sectors=frozenset({"Energy"})), True),
        (Interests(events=frozenset({"earnings"})), True),
        (Interests(companies=frozenset({"AAPL"})), False),
    ):
        assert alerting.concerns(alert, interests) is wanted


def test_channels_with_what_waits_and_which_are_in_trouble() -> None:
    now = T
    channels = {
        "chat": ChannelState(
            kind="slack", sent=3, sent_at=now - 60 * SECOND, error="answered 500", error_at=now - SECOND
        ),
        "desk": ChannelState(kind="webhook", sent=3, sent_at=now, error="answered 500", error_at=now - SECOND),
    }
    found = Alerts((), 0, 0, channels, {"chat": 2, "mail": 1})
    table = alert_list.channel_table(found, now).set_index("channel")
    assert list(table["waiting"]) == [2, 0, 1]
    assert table.loc["mail", "last error"] == NOTHING
    assert alerting.troubled(found, now) == ["chat"]


PROFILE = Profile(
    "me",
    (Follow("a", "company", "XOM"), Follow("b", "sector", "Utilities")),
    {"article:x:AAPL": Rating(value=1, at=1, features=("company:AAPL",))},
    ("me",),
)


def test_followed_signals_come_first_with_their_reason() -> None:
    signals = [signal(0, 0.6, "AAPL"), signal(0, -0.4, "XOM"), signal(0, 0.8, "MSFT")]
    interests = PROFILE.interests()
    ranked = recommendations.ranked_signals(signals, PROFILE, interests, 10)
    assert [each.item.company for each in ranked] == ["XOM", "AAPL", "MSFT"]
    assert [s.company for s in recommendations.signals_of(signals, interests)] == ["XOM"]
    assert [each.item.company for each in recommendations.only_followed(ranked)] == ["XOM"]
    first, second, _ = recommended_list.signal_items(ranked, signals, UTC, LIGHT)
    assert first["why"].startswith("followed: XOM; sell -0.40")
    assert second["why"].startswith("you liked 1 similar (AAPL)")
    assert PROFILE.interests("b").sectors == {"Utilities"}
    assert PROFILE.lists == ["a", "b"]


def test_articles_are_items_with_the_key_of_their_rating() -> None:
    some = [document(1), document(2, company="XOM")]
    ranked = recommendations.ranked_articles((T, some), PROFILE, PROFILE.interests(), 10)
    items = recommended_list.article_items(ranked, some, UTC, LIGHT)
    assert [item["key"] for item in items] == [f"article:{2:032x}:XOM", f"article:{1:032x}:AAPL"]
    table = recommended_list.table(ranked, {item["key"]: item["title"] for item in items})
    assert list(table["what"]) == ["title 2", "title 1"]
    assert recommended_list.table([], {}).empty


def test_a_profile_in_the_address_must_be_a_name() -> None:
    assert profile_of("desk", "me") == "desk"
    assert profile_of("<b>", "me") == "me"
    assert profile_of("", "") == "default"
