"""`bellwether score`: what the model says about a text, a file of texts, or standard input."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from services.commands.accounts import warn
from services.commands.options import (
    Columns,
    Encoding,
    JsonLines,
    Mapping,
    OptionError,
    Preset,
    State,
    channel_of,
    note,
    settings_of,
    text_or_file,
)
from shared.clients.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.commands.offline.given_texts import Rows
    from services.ingest.documents.normalise import Rejected
    from services.scoring.on_demand.score_texts import Given
    from shared.contract.events import Channel

_MOST_FREQUENT = 10


def score(
    text: Annotated[str | None, typer.Argument(help="The text (default: all of standard input, as one text).")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="A file of any format of `ingest file`; any other holds one text a line; - reads lines from standard "
            "input.",
        ),
    ] = None,
    mapping: Mapping = None,
    encoding: Encoding = "",
    columns: Columns = "",
    preset: Preset = "",
    model: Annotated[
        str | None,
        typer.Option("--model", help="A name under models/, a folder or a Hub id (default: the configured model)."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also show which words led to the answers.")] = False,
    channel: Annotated[str, typer.Option("--channel", help="news or social, for rules that ask for it.")] = "news",
    source: Annotated[
        str, typer.Option("--source", help="Name of the source, for rules that ask for it (default: that of a file).")
    ] = "",
    rules: Annotated[
        bool,
        typer.Option("--rules/--no-rules", help="Apply the rules that the workers apply, or show the model alone."),
    ] = True,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """Score texts: the sentiment of the document and of each company in it, and the event; as the stream would."""
    from services.commands.training.libraries import quiet_libraries
    from services.model.engine import build_engine
    from services.scoring.on_demand.score_texts import load_explainer, score_texts
    from services.scoring.rules.rule_file import RuleError, rules_of
    from services.scoring.rules.speaking import Speakers
    from services.scoring.unread import Readable
    from shared.universe.securities import Catalogue

    text_or_file(text, file)
    whole = settings_of(state)
    settings, state_dir = whole.model, whole.state_dir
    if model:  # the model that was named reads everything
        settings = settings.model_copy(update={"name": model, "packs": {}})
    catalogue = Catalogue.load()
    try:
        speakers = Speakers(rules_of(whole)) if rules else None
    except RuleError as error:
        raise OptionError(f"{error}; or leave rules out: --no-rules") from None
    account = _Account(file, state_dir)
    given = _given(text, file, account, _Layout(mapping or [], encoding, columns, preset), channel_of(channel), source)
    engine = build_engine(settings)
    if explain:
        quiet_libraries()  # transformers warns of a model whose type is ours
    explainer = load_explainer(settings.name, settings.packs) if explain else None
    names = {model_id: settings.packs[language] for language, model_id in engine.packs.items()}
    texts, readable = account.counted(given), Readable(settings, engine)
    for answer in score_texts(texts, engine, catalogue, explainer, readable, rules=speakers):
        read_by = "" if "unscored" in answer else names.get(answer["model_id"], engine.name)
        said = answer | {"model": read_by, "precision": engine.precision}
        account.answered(answer)
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else _readable(said))
    if file is not None:
        account.tell()


class _Layout(NamedTuple):
    """How the file is laid out, as the options say it."""

    mapping: list[str]
    encoding: str
    columns: str
    preset: str


def _given(
    text: str | None, file: Path | None, account: _Account, said: _Layout, channel: Channel, source: str
) -> Iterable[Given]:
    from services.commands.offline.given_texts import Rows, given_lines, given_text, is_table, lines_of
    from services.ingest.documents.companies import CompanyNames
    from services.ingest.sources.tabular.layout import layout_of
    from services.ingest.sources.tabular.mapping import parse_map
    from shared.clock import SystemClock
    from shared.universe.securities import Catalogue

    if file is not None and str(file) != "-" and is_table(file):
        layout = layout_of(said.preset, said.encoding, said.columns)
        names = CompanyNames(Catalogue.load())
        account.rows = Rows(file, parse_map(said.mapping), layout, names, SystemClock(), channel, source)
        return account.rows.read(account.refuse)
    if any(said):
        raise OptionError(
            "--map, --encoding, --columns and --preset are about a file of rows (.csv, .jsonl, .xlsx, …); "
            "leave them out, or give one with --file"
        )
    if file is None:
        return iter([given_text(sys.stdin.read() if text is None else text, channel, source)])
    if str(file) == "-":
        return given_lines(sys.stdin, account.refuse, channel, source)
    return lines_of(file, account.refuse, channel, source)


class _Account:
    """What became of the rows of a file; the refused are written down as ingest does."""

    def __init__(self, file: Path | None, state: Path) -> None:
        from services.ingest.delivery.rejected import RejectedFile
        from shared.clock import SystemClock

        self._state = state
        self._rejected = RejectedFile(state, f"score:{file.name if file else ''}", SystemClock())
        self._seen: set[bytes] = set()
        self._taken = self._copies = 0
        self._reasons: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        self._tags: Counter[str] = Counter()
        self.rows: Rows | None = None  # where the file is one of rows

    def refuse(self, number: int, rejected: Rejected) -> None:
        self._reasons[rejected.reason] += 1
        self._rejected.write([(str(number), rejected)])

    def counted(self, texts: Iterable[Given]) -> Iterator[Given]:
        """The texts as they come; a copy is scored like any other row, for every row gets its answer."""
        for given in texts:
            whole = f"{given.title}\0{given.text}"
            mark = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            self._taken += 1
            self._copies += mark in self._seen
            self._seen.add(mark)
            yield given

    def answered(self, answer: dict[str, Any]) -> None:
        self._tags.update(answer["unlinked"])
        if "unscored" in answer:
            self._unread[answer["unscored"]] += 1

    def tell(self) -> None:
        rejected, unread = self._reasons.total(), self._unread.total()
        copies = f", {self._copies:,} of them copies" if self._copies else ""
        unscored = f" + {unread:,} unscored ({_listed(self._unread)}: no model reads it)" if unread else ""
        scored = self._taken - unread
        note(f"{self._taken + rejected:,} read = {scored:,} scored{copies}{unscored} + {rejected:,} rejected")
        names = Counter(dict(self.rows.names.most_unknown()) if self.rows else {}) + self._tags
        result = {
            "remarks": self.rows.remarks if self.rows else [],
            "rejected": rejected,
            "rejected_by_reason": dict(sorted(self._reasons.items())),
            "rejected_list": str(StateFolder(self._state).rejected),
            "unlinked": self._tags.total() + (self.rows.names.unlinked if self.rows else 0),
            "unknown_companies": sorted(names.items(), key=lambda one: (-one[1], one[0]))[:_MOST_FREQUENT],
        }
        warn(result, f"bellwether ingest rejected list --state {self._state}")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times:,}" for name, times in sorted(counts.items()))


def _readable(said: dict[str, Any]) -> str:
    if "unscored" in said:
        who = ", ".join(one["ticker"] or one["company"] for one in said["companies"]) or "nobody that is known"
        return f"{'document':<16} unscored: no model reads its language ({said['unscored']}); it names {who}"
    rows = [("document", said["document"])]
    rows += [(f"{one['ticker'] or one['company']} ({one['relevance']:.2f})", one) for one in said["companies"]]
    told = [
        f"{name:<16} negative {chances['negative']:.3f}  neutral {chances['neutral']:.3f}  "
        f"positive {chances['positive']:.3f}"
        for name, chances in rows
    ]
    if "event" in said:
        told.append(f"{'event':<16} {said['event']} ({said['event_probability']:.3f})")
    told += _ruled(said)
    if "explanation" in said:
        told += _explained(said)
    return "\n".join(told)


def _ruled(said: dict[str, Any]) -> list[str]:
    """A line where rules spoke: which, and what came of it."""
    lines: dict[str, None] = {}  # each once
    for one in (said, *said["companies"]):
        if names := one.get("rules"):
            done = ["counts nowhere"] if one["dropped"] else []
            done += [f"weight {one['weight_left']:g}"] if one["weight_left"] != 1 else []
            done += [f"flag {flag}" for flag in one["flags"]]
            lines[f"{'rules':<16} {', '.join(names)}{': ' if done else ''}{', '.join(done)}"] = None
    return list(lines)


def _explained(said: dict[str, Any]) -> list[str]:
    """The strongest words of the document and of each company; `+` speaks for the class that the line names."""
    words, answers = said["explanation"], said["explanation"]["answers"]
    told = [("document", answers["document"], words["document"])]
    for one in said["companies"]:
        company = one["company"]
        told.append((one["ticker"] or company, answers["companies"][company], words["companies"][company]))
    if "event" in said:
        told.append(("event", answers["event"], words["event"]))
    lines = []
    for name, answer, shares in told:
        strongest = sorted(shares, key=lambda word: -abs(word["share"]))[:8]
        listed = ", ".join(f"{word['word']} {word['share']:+.2f}" for word in strongest)
        lines.append(f"{name + ' words':<16} for {answer}: {listed}")
    return lines
