"""Signals: what each strategy makes of each company now, why, and what it said before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import address, components, document_filter, live
from dashboard.drawing import formats, plots, tables
from dashboard.drawing.figures import Figure
from dashboard.drawing.unfolding import movement_tree
from dashboard.reading import matching, recommendations, snapshots
from dashboard.reading.companies import label
from dashboard.reading.moment.past import NotThen
from dashboard.view import View
from shared.clock import DAY_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import ACTIONS, Signal, feature_words
from shared.reading.measuring.windows import clock

SHOWN = 500  # rows that are drawn at first: thousands take a second to make and megabytes to send
WHICH = ("All companies", "Watchlist")
MEANING = (
    "A signal for T is made only of opinions that were available before T; it is known a minute later. "
    "Statistics about texts, not advice."
)


def draw(view: View) -> None:
    silent = live.past_market(view.as_of).silent if view.as_of is not None else ""
    if silent:
        live.nothing("Signals of then are not known", formats.plain(f"{silent[:1].upper()}{silent[1:]}."))
        return
    signals = latest(view)
    if not signals and view.window.end is not None:
        live.nothing("No signals then", f"None was emitted in the eight days before the end of {view.window.label}.")
        return
    if not signals:
        live.nothing(
            "No signals yet" if view.as_of is None else "No signals then",
            "A strategy emits a signal once its hours have closed for every source and enough documents have arrived.",
        )
        return
    strategies = sorted({signal.strategy for signal in signals})
    chosen = strategies[0]
    if len(strategies) > 1:
        key = address.ready("strategy", strategies)
        chosen = st.segmented_control("Strategy", strategies, key=key, required=True) or chosen
    shown = followed([signal for signal in signals if signal.strategy == chosen], view)
    if not shown:
        live.nothing(
            "No signal on what you follow",
            f"Profile {formats.plain(view.profile)} follows nothing that has a signal; "
            "edit its watchlist on the page For you.",
        )
        return
    headline(shown, view)
    newest = clock(live.read_market(view.as_of, "newest", snapshots.newest).values(), live.wall(view.as_of))
    if view.window.end is None and (soon := tables.next_signal(shown, newest, view.zone)):
        st.caption(soon)
    ranking(shown, view)
    found = next((signal for signal in shown if signal.company == view.company), None)
    signal = found or shown[0]
    with live.part("detail", (signal.company, signal.strategy)):
        if view.company and found is None:
            name = formats.plain(label(view.company).long)
            st.info(f"No signal on {name} is in this list; the strongest is shown.", icon=":material/info:")
        detail(signal, view)


def latest(view: View) -> list[Signal]:
    """Of every company and strategy: now, at the end of a range, or as of a moment."""
    if view.as_of is not None:
        return live.past_market(view.as_of).latest()
    return live.read_aggregates(("signals", view.window.end), lambda run: snapshots.signals_at(run, view.window))


def followed(signals: list[Signal], view: View) -> list[Signal]:
    """All of them, or those on what the profile follows, as the reader chooses."""
    only = st.segmented_control(
        "Which companies",
        WHICH,
        key=address.ready("of", WHICH),
        required=True,
        label_visibility="collapsed",
        width="content",
    )
    if only != "Watchlist":
        return signals
    profile = live.read(
        ("profile", view.profile), lambda run: recommendations.read_profile(run, view.profile), max_age=0
    )
    if view.as_of is not None:
        st.caption("The watchlist is that of now: watchlists have no past.")
    return recommendations.signals_of(signals, profile.interests())


def headline(signals: list[Signal], view: View) -> None:
    """How many of each action."""
    counts = {action: sum(s.action == action for s in signals) for action in reversed(ACTIONS)}
    figures = [
        Figure(
            action.capitalize(),
            f"{count:,}",
            f"Companies whose latest signal says {action}.",
            note=f"of {len(signals):,}",
        )
        for action, count in counts.items()
    ]
    components.strip(figures, view.colours, key="actions")


def ranking(signals: list[Signal], view: View) -> None:
    """The table, strongest first; a row that is chosen opens its company below."""
    row = components.heading("Ranked by strength", MEANING)
    many = len(signals) > SHOWN
    every = many and row.toggle(
        f"All {len(signals):,}", key="all_signals", help=f"Without it the strongest {SHOWN} are listed."
    )
    table = tables.signal_table(signals if every else signals[:SHOWN], view.zone)
    components.csv_button(row, "signals", lambda: tables.signal_table(signals, view.zone))
    companies = [str(company) for company in table["company"]]
    shown = table.drop(columns=["company", "strategy", "revision", "synthetic"])
    shown.insert(shown.columns.get_loc("score"), "", tables.score_bars(shown["score"], view.colours))
    shown = shown.rename(columns=str.capitalize)

    opened = components.row_chosen("signals", companies, lambda company: address.choose(company=company))

    components.table(
        shown,
        key="signals",
        height=380,
        on_select=opened,
        selection_mode="single-row",
        column_config={
            "": st.column_config.ImageColumn(
                width="small", help="The score: from zero in the middle, to the left or to the right."
            ),
            "Score": st.column_config.NumberColumn(format="%+.2f", help="-1 strong sell … +1 strong buy."),
            "Confidence": st.column_config.NumberColumn(
                format="percent", help="Higher with more documents, more varied sources and more agreement."
            ),
            "Why": st.column_config.TextColumn(width="large", help="What each feature added to the score."),
            "For": st.column_config.TextColumn(help=f"T, in {view.zone_name}."),
        },
    )


def detail(signal: Signal, view: View) -> None:
    """One company's reasons, history and evidence."""
    name = label(signal.company)
    row = components.heading(f"{formats.plain(name.long)}: {signal.action} {signal.score / MICRO:+.2f}", MEANING)
    row.button("Open company", key="open", type="tertiary", on_click=live.open_company, args=(signal.company,))
    try:
        with st.spinner("Reading its history …"):
            history = live.read_known(
                signal.company,
                view.as_of,
                ("signal history", signal.company, signal.strategy),
                lambda run: run.signals.history(signal.company, signal.strategy),
            )
    except NotThen as problem:
        live.nothing("What was said of it then is not known", formats.plain(str(problem)))
        return
    history = [each for each in history if view.within(each.at - 1)] or [signal]
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        st.plotly_chart(
            tables.signal_chart(history, view.zone, view.colours), key="history", config={"displayModeBar": False}
        )
        reasons = pd.DataFrame(
            [(feature_words(r.feature), r.value / MICRO, r.contribution / MICRO) for r in signal.reasons],
            columns=["Feature", "Value", "Added to score"],
        )
        components.table(reasons, key="reasons")
        unfolded(signal, view)
    with right:
        evidence(signal, view)


def unfolded(signal: Signal, view: View) -> None:
    """What moved the level, by event, story and document."""
    nodes = movement_tree.signal_nodes(signal, _kept(signal, view), view.zone)
    if nodes:
        components.heading("What moved the level", "From neutral to where it stands; all parts together are the level.")
        colours = (view.colours.negative, view.colours.positive)
        components.unfolding(nodes, colours, key=f"unfolded-{signal.company}")


def _kept(signal: Signal, view: View) -> dict[str, RecentDocument]:
    """The documents of its look-back that are still kept, by id."""
    begin, end = signal.at // SECOND - 5 * DAY_SECONDS, signal.at // SECOND
    documents = live.read_known(
        signal.company,
        view.as_of,
        ("evidence", signal.id),
        lambda run: run.documents.behind(signal.company, begin, end),
    )
    return {document.id: document for document in documents}


def evidence(signal: Signal, view: View) -> None:
    """The documents behind it, as far as they are kept."""
    row = components.heading("Evidence", "The documents that moved the score most, largest first.")
    kept = _kept(signal, view)
    wanted = [kept[name] for name in signal.evidence if name in kept]
    chosen = document_filter.draw(row, *matching.offered(wanted))
    if not wanted:
        live.nothing("No longer kept", "The documents behind this signal are no longer stored.")
        return
    colours = (view.colours.negative, view.colours.neutral, view.colours.positive)
    found = [document for document in wanted if chosen.keeps(document)]
    if not found:
        live.nothing(*document_filter.none_match(chosen, len(wanted)))
        return
    items = plots.evidence_items(signal, found, view.zone, view.colours)
    components.documents(items, colours, 420, key=f"evidence-{signal.company}")
