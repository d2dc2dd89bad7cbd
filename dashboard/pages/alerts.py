"""Alerts: what the rules said, newest first, and what became of it outside."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboard import address, components, document_filter, live
from dashboard.drawing import alert_list, formats
from dashboard.drawing.figures import Figure
from dashboard.reading import alerting, matching, recommendations, snapshots
from dashboard.reading.alerting import Alerts
from dashboard.view import View
from shared.clock import SystemClock
from shared.contract.alerts import Alert

SHOWN = 200
EVERY_RULE = "All rules"
ONLY = ("All", "New", "Followed")
ONLY_THEN = ("All", "Followed")


def draw(view: View) -> None:
    if view.as_of is not None:
        draw_then(view)
        return
    found = live.read("alerts", alerting.read)
    if not found.numbered:
        live.nothing(
            "No alerts yet",
            "Rules are checked whenever a signal is emitted: `bellwether alerts rules` lists them, "
            "`bellwether alerts test RULE` tries one and sends a test.",
        )
        return
    _, seen, _ = live.read(
        ("alerts seen", view.profile), lambda run: snapshots.alert_numbers(run, view.profile), max_age=0
    )
    headline(found, seen, view)
    numbered = filters(found, seen, view)
    listed(found, numbered, seen, view)
    outside(found)


def draw_then(view: View) -> None:
    """Those that were kept at a moment. What was read by whom, and what became of it outside, is known of now alone."""
    assert view.as_of is not None
    numbered = tuple(live.alerts_then(view.as_of) or ())
    if not numbered:
        live.nothing("No alerts then", "None had been given out by that moment.")
        return
    found = Alerts(numbered, numbered[0][0], 0, {}, {})
    alerts = [alert for _, alert in numbered]
    companies, rules = Counter(alert.company for alert in alerts), Counter(alert.rule for alert in alerts)
    figures = [
        Figure("Alerts", f"{len(alerts):,}", "Those that were kept then.", note=f"of {found.given:,} given out"),
        *_about(companies, rules),
    ]
    components.strip(figures, view.colours, key="alert_figures")
    listed(found, filters(found, found.given, view), found.given, view)
    st.caption("Which alerts were new to whom, and what became of them on channels, is known of now alone.")


def _about(companies: Counter[str], rules: Counter[str]) -> list[Figure]:
    return [
        Figure("Companies", f"{len(companies):,}", "Companies that the kept alerts are about.", note="in the list"),
        Figure(
            "Most active rule",
            rules.most_common(1)[0][0],
            "The rule with the most alerts in the list.",
            note=f"{rules.most_common(1)[0][1]:,} alerts",
        ),
    ]


def headline(found: Alerts, seen: int, view: View) -> None:
    """The strip of figures on top."""
    alerts = [alert for _, alert in found.numbered]
    new = alerting.unread(found.given, seen, len(alerts))
    companies = Counter(alert.company for alert in alerts)
    rules = Counter(alert.rule for alert in alerts)
    sent, waiting = sum(s.sent for s in found.channels.values()), sum(found.waiting.values())
    failed = sum(state.failed for state in found.channels.values())
    troubled = alerting.troubled(found, SystemClock().now())
    figures = [
        Figure("New", f"{new:,}", f"Not seen by profile {view.profile} yet.", note=f"of {len(alerts):,} kept"),
        *_about(companies, rules),
        Figure(
            "Sent outside", f"{sent:,}", "Deliveries that a channel took.", note=f"{len(found.channels):,} channels"
        ),
        Figure(
            "Waiting",
            f"{waiting:,}",
            "Deliveries in the outbox: held by a channel's limit, or tried again.",
            note=f"trouble: {', '.join(troubled)}" if troubled else "no trouble",
        ),
        Figure(
            "Given up", f"{failed:,}", "Refused for good, or failed for too long.", note=f"{found.limited:,} limited"
        ),
    ]
    components.strip(figures, view.colours, key="alert_figures")


def filters(found: Alerts, seen: int, view: View) -> list[tuple[int, Alert]]:
    """The controls above the list; the alerts that they leave."""
    rules = sorted({alert.rule for _, alert in found.numbered})
    row = components.heading("What the rules said", "Newest first. A bar marks new ones; a ticker opens its signal.")
    with row:
        offered = ONLY if view.as_of is None else ONLY_THEN
        only = st.segmented_control(
            "Show", offered, key=address.ready("only", offered), required=True, label_visibility="collapsed"
        )
        key = address.ready("rule", [EVERY_RULE, *rules])
        rule = st.selectbox("Rule", [EVERY_RULE, *rules], key=key, label_visibility="collapsed", width=180)
    documents = [document for _, alert in found.numbered for document in alert.documents]
    chosen = document_filter.draw(row, *matching.offered(documents))
    wanted = [(n, a) for n, a in found.numbered if rule in (EVERY_RULE, a.rule) and (only != "New" or n > seen)]
    wanted = [(n, a) for n, a in wanted if view.within(a.available_at) and chosen.keeps_alert(a)]
    if only == "Followed":
        profile = live.read(
            ("profile", view.profile), lambda run: recommendations.read_profile(run, view.profile), max_age=0
        )
        wanted = [(n, a) for n, a in wanted if alerting.concerns(a, profile.interests())]
        if view.as_of is not None:
            st.caption("What is followed is that of now: watchlists have no past.")
    if view.as_of is None:
        row.button(
            "Mark all read",
            key="read_all",
            type="tertiary",
            disabled=found.given <= seen,
            on_click=lambda: live.write(lambda run: run.alerts.see(view.profile, found.given)),
        )
    components.csv_button(row, "alerts", lambda: alert_list.table(wanted, view.zone))
    return wanted


def listed(found: Alerts, numbered: list[tuple[int, Alert]], seen: int, view: View) -> None:
    """The list; a click on a ticker opens the company on the page Signals."""
    if not numbered:
        live.nothing(
            "No matching alerts", f"None of the {len(found.numbered):,} kept alerts match these filters and this range."
        )
        return
    colours = (view.colours.negative, view.colours.neutral, view.colours.positive)
    items = alert_list.items(numbered[:SHOWN], seen, view.zone, view.colours)
    components.documents(items, colours, 620, key="alerts_list", opened=live.open_signal)
    if len(numbered) > SHOWN:
        st.caption(f"The newest {SHOWN} of {len(numbered):,}; the CSV has all of them.")


def outside(found: Alerts) -> None:
    """What became of it on each channel."""
    row = components.heading("Channels", "Where alerts are sent besides this page, and what happened to them there.")
    table = alert_list.channel_table(found, SystemClock().now())
    if table.empty:
        st.caption(
            "Alerts stay on this page: no rule names a channel. To set one up, see docs/operations.md under "
            + formats.plain("Alerts")
            + "."
        )
        return
    components.csv_button(row, "channels", lambda: table)
    components.table(table, key="channels")
