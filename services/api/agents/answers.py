"""What each tool answers, from the same functions as the routes: plain data, with null and a reason for what is not
known, and strangers' text fenced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from services.api.agents.fence import fenced
from services.api.door import Asked, Door
from services.api.past import past_instant
from services.api.routes.ask import asked
from services.api.routes.search import searched
from services.api.wire.parameters import ChannelChoice, WindowChoice, event_of
from services.api.wire.problems import Problem
from services.api.wire.rows import document_row, found_row, signal_row
from shared.asking.reply import Request as Asking
from shared.clock import DAY, HOUR, SECOND, to_iso
from shared.contract.aggregates import SECONDS, Resolution
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.reading.archive.search import Question
from shared.reading.measuring.market import bounds, company_rows, event_rows, snapshot, whole_row
from shared.reading.measuring.sentiment import series
from shared.reading.measuring.windows import clock
from shared.reading.runs_folder import run_folders
from shared.reading.values.documents import EVER

Answer = dict[str, Any]
NOW_ALONE: Final = "this tool knows now alone: leave as_of out"
NOTHING_YET: Final = "nothing has been aggregated yet"
_RESOLUTION: Final[dict[str, Resolution]] = {"1h": "minute", "6h": "hour", "24h": "hour", "7d": "day", "30d": "day"}


class Answers:
    """Methods block. Raises Problem."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def _about(self, asked: Asked | None = None) -> Answer:
        about = asked.about if asked else self._door.about(self._door.run())
        return {"as_of": about.as_of, "model": about.model, "universe": about.universe}

    def find(self, text: str, as_of: str | None) -> Answer:
        if as_of is not None:
            return self._unknown("companies", NOW_ALONE)
        found = self._door.catalogue.search(text, 20)
        rows = [
            {"id": each.id, "name": each.name, "ticker": each.ticker, "sector": each.sector or None} for each in found
        ]
        return {"companies": rows} | self._about()

    def moves(self, window: str, channel: str, limit: int, as_of: str | None) -> Answer:
        asked = self._door.asked(as_of, None)
        found = snapshot(asked.run, WindowChoice(window).window, ChannelChoice(channel).channels, asked.wall)
        if found is None:
            return self._unknown("companies", NOTHING_YET, asked)
        return (
            {"companies": company_rows(found)[:limit], "market": whole_row(found)} | bounds(found) | self._about(asked)
        )

    def sentiment(self, company: str, window: str, as_of: str | None) -> Answer:
        name = self._door.company(company)
        asked = self._door.asked(as_of, name)
        documents = asked.run.documents.between([name], *EVER)
        newest = clock(asked.run.newest().values(), asked.wall)
        if not documents or not newest:
            return {"company": name} | self._unknown("sentiment", "nothing is known of this company", asked)
        resolution = _RESOLUTION[window]
        step = SECONDS[resolution]
        end = (newest // SECOND // step + 1) * step
        begin = end - WindowChoice(window).window.seconds
        rows = series(asked.run, name, resolution, ("news", "social"), begin, end)
        weighed = [(row["sentiment"], row["weight"]) for row in rows if row["sentiment"] is not None]
        weight = sum(each for _, each in weighed)
        mean = sum(value * each for value, each in weighed) / weight if weight else None
        inside = asked.run.documents.behind(name, begin, end)
        heaviest = sorted(inside, key=lambda each: (-each.weight, each.id))[:5]
        told: Answer = {
            "company": name,
            "sentiment": mean,
            "documents": sum(row["documents"] for row in rows),
            "buckets": rows,
            "evidence": [_fenced(document_row(each)) for each in heaviest],
        }
        return (
            told | ({} if mean is not None else {"reason": "nothing was written in this window"}) | self._about(asked)
        )

    def why(self, company: str, as_of: str | None) -> Answer:
        """The latest signal's reasons, and the documents that moved it."""
        name = self._door.company(company)
        asked = self._door.asked(as_of, name)
        if asked.past and asked.past.silent:
            return {"company": name} | self._unknown("reasons", asked.past.silent, asked)
        signals = asked.run.signals.revisions([name])
        if not signals:
            return {"company": name} | self._unknown("reasons", "no signal was given for this company", asked)
        latest = max(signals, key=lambda each: (each.at, each.revision))
        documents = asked.run.documents.named(name, latest.evidence, _hours(latest))
        by_id = {each.id: each for each in documents}
        evidence = [
            {"contribution": part / MICRO} | (_fenced(document_row(by_id[each])) if each in by_id else _gone(each))
            for each, part in zip(latest.evidence, latest.contributions or [0] * len(latest.evidence), strict=False)
        ]
        row = signal_row(latest)
        kept = {name_: row[name_] for name_ in ("id", "at", "action", "score", "confidence", "reasons", "strategy")}
        return {"company": name, "signal": kept, "evidence": evidence} | self._about(asked)

    def events(self, company: str | None, event: str | None, window: str, limit: int, as_of: str | None) -> Answer:
        name = self._door.company(company) if company else None
        asked = self._door.asked(as_of, name)
        found = snapshot(asked.run, WindowChoice(window).window, ("news", "social"), asked.wall, name)
        if found is None:
            return self._unknown("events", NOTHING_YET, asked)
        return {"events": event_rows(found, event_of(event))[:limit]} | bounds(found) | self._about(asked)

    def signals(self, company: str | None, limit: int, as_of: str | None) -> Answer:
        name = self._door.company(company) if company else None
        asked = self._door.asked(as_of, name)
        if asked.past and asked.past.silent:
            return self._unknown("signals", asked.past.silent, asked)
        found = [each for each in asked.run.signals.latest() if name in (None, each.company)]
        return {"signals": [signal_row(each) for each in found[:limit]]} | self._about(asked)

    def search(self, text: str, company: str | None, event: str | None, limit: int, as_of: str | None) -> Answer:
        name = self._door.company(company) if company else ""
        at = self._then(as_of)
        question = Question(text=text, company=name, event=event_of(event), known_before=at, limit=limit)
        told = searched(self._door, question)
        rows = [_fenced(found_row(each)) for each in told.found]
        return {"documents": rows, "matches": told.matches} | self._about() | ({"as_of": to_iso(at)} if at else {})

    def ask(self, question: str, before: Sequence[str], as_of: str | None) -> Answer:
        at = self._then(as_of)
        reply = asked(self._door, Asking(question, "", tuple(before), at))
        quotes = [
            {"text": fenced(each.text), "document": each.document_id, "source": fenced(each.source)}
            | {"published_at": each.published_at}
            for each in reply.quotes
        ]
        told = {"refused": reply.refused, "quotes": quotes, "count": reply.count, "value": reply.value}
        return (
            told
            | {"query": fenced(reply.query), "asked_at": reply.asked_at}
            | self._about()
            | ({"as_of": to_iso(at)} if at else {})
        )

    def score(self, text: str, channel: Literal["news", "social"], rules: bool, as_of: str | None) -> Answer:
        if as_of is not None:
            return self._unknown("document", "a text is scored by the model of now: leave as_of out")
        return self._door.scorer.score([text], channel=channel, rules=rules)[0] | self._about()

    def compare(self, companies: Sequence[str], window: str, as_of: str | None) -> Answer:
        told = [self.sentiment(each, window, as_of) for each in companies]
        names = ("company", "sentiment", "documents", "reason")
        about = {name: told[0][name] for name in ("as_of", "model", "universe")} if told else self._about()
        return {"companies": [{name: each[name] for name in names if name in each} for each in told]} | about

    def backtests(self, run: str | None, as_of: str | None) -> Answer:
        if as_of is not None:
            return self._unknown("backtests", NOW_ALONE)
        rows = [
            {"run": folder.name, "backtest": test.path.name, "metrics": test.metrics()}
            for folder in run_folders(self._door.state)
            if run in (None, folder.name)
            for test in folder.tests()
        ]
        missing = {} if rows else {"reason": "there is no back-test here; bellwether backtest makes one"}
        return {"backtests": rows or None} | missing | self._about()

    def _unknown(self, name: str, reason: str, asked: Asked | None = None) -> Answer:
        return {name: None, "reason": reason} | self._about(asked)

    def _then(self, as_of: str | None) -> int | None:
        return None if as_of is None else past_instant(as_of, self._door.clock.now())


def _hours(signal: Signal) -> range:
    last = signal.at // SECOND // 3600 * 3600
    return range(last - 8 * DAY // SECOND, last + HOUR // SECOND, 3600)


def _gone(name: str) -> Answer:
    return {"id": name, "title": None, "reason": "this document is no longer kept"}


def _fenced(row: Answer) -> Answer:
    """A document's row with what strangers wrote in it fenced; no addresses: nothing is to be fetched."""
    kept = {name: value for name, value in row.items() if name not in ("url", "author", "story", "text")}
    texts = {name: fenced(row.get(name)) for name in ("title", "excerpt", "text") if name in row}
    return kept | texts | {"source": fenced(str(row.get("source", "")))}


def problem_words(problem: Problem) -> str:
    """For an agent."""
    return f"{problem.detail}" + (f"; {problem.remedy}" if problem.remedy else "")
