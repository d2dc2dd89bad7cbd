"""Company: how opinion on one company moved, who wrote it, and the documents behind every point."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import address, components, document_filter, live, moment
from dashboard.drawing import formats, palette, plots
from dashboard.drawing.figures import Figure
from dashboard.pages import peers, why
from dashboard.reading import matching, measures, recommendations, snapshots, stories
from dashboard.reading.companies import label
from dashboard.reading.frames import price_frame
from dashboard.reading.moment.known import Known
from dashboard.reading.snapshots import CompanyWindow
from dashboard.view import View
from shared.clock import SECOND, SystemClock, to_iso, to_micros
from shared.contract.aggregates import RecentDocument, Resolution
from shared.contract.events import CHANNELS, Channel
from shared.reading.readers.profiles import DEFAULT_LIST, Follow
from shared.reading.values.documents import EVER
from shared.universe.expected.dates_file import ExpectedError
from shared.universe.expected.expected import Expected

RESOLUTIONS = get_args(Resolution)
LATEST = 40
T = TypeVar("T")


def draw(view: View) -> None:
    if not view.company:
        live.nothing(
            "Choose a company", "Type a name or a ticker above, or click a tile or a mover on the Market page."
        )
        offer(view)
        return
    company = view.company
    if not live.is_known(company):
        live.nothing(
            f"No company is called {formats.plain(company)[:80]}",
            "Neither the list of companies nor anything that was read knows this name or ticker. Search another one.",
        )
        offer(view)
        return
    named = label(company)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### {formats.plain(named.long)}", width="content")
        elsewhere(company, named.sector)
        follow(company, view)
    if not moment.company_known(view):
        return
    found = read(
        view,
        ("company", company, view.window, view.channel),
        lambda run: snapshots.company_window(run, company, view.window, view.channels, now(view)),
    )
    if found is None:
        live.nothing("No opinions on this company", "No document read so far names it.")
        return
    quiet(company, found, view)
    headline(found, view)
    resolution = chart(company, found, view)
    with live.part("why", (company, address.value("why"))):
        why.draw(company, found.span, view)
    picked = address.value("hour")
    start = int(picked) if picked.isdecimal() and len(picked) < 12 else None
    left, right = st.columns([1.62, 1], gap="medium")
    with left, live.part("documents", (company, start, resolution)):
        documents(company, start, resolution, view)
    with right:
        mixes(found, view)
        peers.draw(company, view)


def offer(view: View) -> None:
    """The companies that are most written of now, to go on from an empty page."""
    if view.as_of is not None:
        return
    found = live.read_aggregates(
        ("most written", view.window, view.channel),
        lambda run: snapshots.most_written(run, view.window, view.channels, live.now()),
    )
    if found:
        st.caption("Most written of", text_alignment="center")
    with st.container(horizontal=True, horizontal_alignment="center", key="offered"):
        for company in found:
            st.button(
                formats.plain(label(company).long),
                key=f"offered-{company}",
                on_click=live.open_company,
                args=(company,),
            )


def read(view: View, key: Hashable, query: Callable[[Known], T]) -> T:
    """The answer to a question about the page's company: of now, or of the moment that the page is of."""
    return live.read_known(view.company, view.as_of, key, query)


def now(view: View) -> int:
    """The wall clock, or the moment that the page is of."""
    return live.now() if view.as_of is None else view.as_of


def elsewhere(company: str, sector: str) -> None:
    """Its sector, and the page on which it is compared."""
    if sector in live.sectors():
        st.button(
            formats.plain(sector),
            key="to_sector",
            type="tertiary",
            on_click=lambda: address.choose(page="Sectors", sector=sector),
            help="Open the sector.",
        )
    else:
        st.caption(formats.plain(sector), width="content")
    st.button(
        "Compare",
        key="to_compare",
        icon=":material/compare_arrows:",
        type="tertiary",
        on_click=lambda: address.choose(page="Compare", subjects=company),
        help="Beside other companies, or its sector.",
    )


def quiet(company: str, found: CompanyWindow, view: View) -> None:
    """Says where a company's opinions are, when the window holds none of them."""
    if found.now["documents"]:
        return
    at = read(view, "newest", snapshots.newest).get(company, 0)
    st.info(
        f"Nothing on this company in this window. Its newest opinion is of "
        f"{formats.moment(at, view.zone, year=True)} {view.zone_name}; Range, above, shows those days.",
        icon=":material/history:",
    )


def follow(company: str, view: View) -> None:
    """The button that puts the company on the reader's watchlist, or takes it from all lists."""
    profile = live.read(
        ("profile", view.profile), lambda run: recommendations.read_profile(run, view.profile), max_age=0
    )
    held = [each for each in profile.follows if (each.kind, each.value) == ("company", company)]

    def change() -> None:
        now = SystemClock().now()
        if not held:
            wanted = Follow(DEFAULT_LIST, "company", company)
            live.write(lambda run: run.profiles.add(profile.name, wanted, now), "follow", profile.name, wanted.field)
        for each in held:
            live.write(
                lambda run, gone=each: run.profiles.remove(profile.name, gone),  # type: ignore[misc]
                "unfollow",
                profile.name,
                each.field,
            )

    past = view.as_of is not None
    st.button(
        ("Following now" if held else "Follow now") if past else ("Following" if held else "Follow"),
        key="follow",
        icon=":material/star:" if held else ":material/star_border:",
        type="tertiary",
        on_click=change,
        help=f"On the watchlist of profile {formats.plain(profile.name)}; the page For you ranks by it."
        + (" It acts on now: watchlists have no past." if past else ""),
    )


def headline(found: CompanyWindow, view: View) -> None:
    """The strip of figures on top."""
    now, before = found.now, found.before
    blank = 1.0 if found.comparable else np.nan  # no change is claimed against a window that was not observed
    change = (now["sentiment"] - before["sentiment"]) * blank
    volume = measures.ratio(now["documents"], before["documents"]) * blank
    novelty = measures.share(found.stories, now["documents"])
    against = f"Change against the {view.window.label} before."
    components.strip(
        [
            Figure(
                "Sentiment",
                formats.score(now["sentiment"]),
                f"Weighted mean, from -1 to +1; 95 % band {formats.score(now['low'])} to {formats.score(now['high'])}. "
                f"{against}",
                change,
                formats.score(change),
                "up is good",
                trend=found.trend["sentiment"],
            ),
            Figure(
                "Opinions",
                formats.count(now["documents"]),
                f"Documents that name the company, in the window. {against}",
                volume,
                formats.percent(volume),
                trend=found.trend["documents"],
                bars=True,
            ),
            *(_channel_figure(found, channel) for channel in CHANNELS),
            Figure(
                "Authors",
                formats.count(found.authors),
                "Different authors in the window, to the whole hour; exact. Authors are stored only as keyed hashes.",
                note="distinct",
            ),
            Figure(
                "Novelty",
                formats.percent(min(novelty, 1.0), sign=False),
                "Distinct stories per document. Low: many repeat the same story.",
                note=f"{found.stories:,} stories",
            ),
        ],
        view.colours,
        key="company_figures",
    )


def _channel_figure(found: CompanyWindow, channel: Channel) -> Figure:
    part = found.by_channel[found.by_channel["channel"] == channel]
    value = float(part["sentiment"].iloc[0]) if len(part) else np.nan
    count = int(part["documents"].iloc[0]) if len(part) else 0
    meaning = f"Weighted mean sentiment of {channel} alone."
    return Figure(channel.capitalize(), formats.score(value), meaning, note=f"n = {count:,}")


def chart(company: str, found: CompanyWindow, view: View) -> Resolution:
    """The chart, whose clicked bucket goes into the address; the resolution."""
    row = components.heading(
        "Sentiment and volume",
        "Line: weighted mean; area: its 95 % band. Click a point or a bar for its documents; mark a stretch with "
        "Box Select to ask why it moved.",
    )
    with row:
        why.ask(found.span)
        st.segmented_control(
            "Resolution",
            RESOLUTIONS,
            key=address.ready("resolution", RESOLUTIONS),
            on_change=lambda: address.choose(hour=""),
            required=True,
            label_visibility="collapsed",
        )
    resolution: Resolution = address.one_of("resolution", RESOLUTIONS)
    buckets = read(
        view,
        ("series", company, resolution, view.channel, view.window),
        lambda run: snapshots.series(run, company, resolution, view.channels, now(view), view.window),
    )
    prices = live.read(("prices", company), lambda run: price_frame(run.prices(company)), max_age=60)
    components.csv_button(row, "series", lambda: buckets)
    if buckets.empty:
        coarser = "Minutes are kept for three days before a company's newest opinion; try a coarser resolution."
        none = "No opinion of this company became available in this stretch of time and on this channel."
        live.nothing("Nothing to draw", coarser if resolution == "minute" else none)
        return resolution
    figure = plots.company_chart(
        buckets,
        resolution,
        view.zone,
        _in_range(prices, buckets, view),
        view.colours,
        (found.span.start, found.span.end),
        read(view, ("story", company), lambda run: stories.of_company(run, company)),
        _expected(company, buckets, view),
    )
    figure.update_layout(selectdirection="h")  # no dragmode of selecting: Streamlit then takes no click on a point
    if (asked := why.marked(found.span)) and asked != (found.span.start, found.span.end):
        left, right = formats.local_times(pd.Series(asked), UTC if resolution == "day" else view.zone)
        figure.add_vrect(x0=left, x1=right, fillcolor=palette.faint(view.colours.positive, 0.12), line_width=0)
    key = f"chart-{company}-{resolution}"
    st.plotly_chart(
        figure,
        key=key,
        on_select=lambda: address.choose(**_selected(st.session_state[key], resolution, view)),
        selection_mode=("points", "box"),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d"]},
    )
    return resolution


def _expected(company: str, buckets: pd.DataFrame, view: View) -> Sequence[Expected]:
    """The expected dates of the chart's stretch and of a quarter more, and in words what comes next."""
    at = now(view)
    live.settings()  # names the files
    first, last = (int(buckets["start"].agg(which)) * SECOND for which in ("min", "max"))
    try:
        ahead = stories.expected_of([company], at)
        shown = stories.expected_between(company, first, last + (last - first) // 4, at)
    except ExpectedError as error:
        st.caption(f"Expected dates cannot be read: {formats.plain(str(error))}")
        return ()
    if ahead:
        words = [f"{one.kind} {one.day:%d %b}" for _, one in ahead[:3]]
        st.caption(formats.plain(f"Expected: {', '.join(words)}"))
    return shown


def _selected(event: Any, resolution: Resolution, view: View) -> dict[str, str]:
    """The stretch that was marked by the chart's box select, or else the bucket that was clicked."""
    for box in event["selection"]["box"]:
        zone = UTC if resolution == "day" else view.zone
        ends = [to_micros(datetime.fromisoformat(str(end)).replace(tzinfo=zone)) // SECOND for end in box["x"]]
        return {"why": f"{min(ends)}-{max(ends)}", "hour": ""}
    return {"hour": _clicked(event)}


def _clicked(event: Any) -> str:
    """The start of the bucket that was clicked; "" where none was."""
    for point in event["selection"]["points"]:
        data = point.get("customdata")
        if data:
            return str(int(data[0] if isinstance(data, list) else data["0"]))
    return ""


def _in_range(prices: pd.DataFrame, buckets: pd.DataFrame, view: View) -> pd.DataFrame:
    """Prices on the days that the chart shows; as of a moment, those of days that had ended."""
    if prices.empty:
        return prices
    if view.as_of is not None:
        prices = prices[prices["date"] < to_iso(view.as_of)[:10]]
    days = pd.to_datetime(pd.Series([buckets["start"].min(), buckets["start"].max()]), unit="s").dt.strftime("%Y-%m-%d")
    return prices[(prices["date"] >= days[0]) & (prices["date"] <= days[1])]


def documents(company: str, start: int | None, resolution: Resolution, view: View) -> None:
    """Documents of the clicked bucket, or the latest (of the range that was picked)."""
    if start is None:
        heading = f"Documents, {view.window.label}" if view.window.end else "Latest documents"
        some = read(view, ("latest", company), lambda run: run.documents.between([company], *EVER))
        if view.window.end:
            end = view.window.end
            some = read(
                view,
                ("kept", company, view.window),
                lambda run: run.documents.behind(company, end - view.window.seconds, end),
            )
        found = [document for document in some if document.channel in view.channels]
    else:
        begin = formats.moment(start * SECOND, view.zone, year=True)
        heading = f"Documents of the {resolution} from {begin} {view.zone_name}"
        found = read(
            view,
            ("behind", company, start, resolution, view.channel),
            lambda run: snapshots.behind(run, company, start, resolution, view.channels),
        )
    _listed(heading, found, view, company, start is not None)


def _listed(heading: str, some: list[RecentDocument], view: View, company: str, clicked: bool) -> None:
    kept = "A company's latest 200 documents and the five heaviest of every hour are kept."
    row = components.heading(heading, kept)
    wanted = document_filter.draw(row, *matching.offered(some))
    found = [document for document in some if wanted.keeps(document)][:LATEST]
    components.csv_button(row, "documents", lambda: plots.document_table(found, view.zone))
    if clicked:
        st.button("Latest documents instead", key="latest", on_click=lambda: address.choose(hour=""), type="tertiary")
    if not found and wanted.count:
        live.nothing(*document_filter.none_match(wanted, len(some)))
        return
    if not found:
        made_room = "Counts of this stretch of time remain; documents may have made room for newer ones."
        live.nothing("No documents kept", made_room)
        return
    colours = view.colours
    items = plots.document_items(found, view.zone, colours, detailed=True)
    components.documents(items, (colours.negative, colours.neutral, colours.positive), 620, key=f"documents-{company}")


def mixes(found: CompanyWindow, view: View) -> None:
    quiet = {"displayModeBar": False}
    st.markdown(f"**Events**, {view.window.label}", help="What the documents are about, as the model classifies them.")
    if found.events:
        st.plotly_chart(plots.event_bars(found.events, view.colours), key="events", config=quiet)
    else:
        st.caption("No event was recognised in this window.")
    st.markdown(f"**Sources**, {view.window.label}")
    if found.sources:
        st.plotly_chart(plots.share_bars(found.sources, view.colours), key="sources", config=quiet)
    else:
        st.caption("No source in this window.")
