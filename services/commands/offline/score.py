"""`bellwether score`: what the model says about a text, a file of texts, or standard input."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.accounts import warn
from services.commands.options import JsonLines, State, note, settings_of, text_or_file
from shared.clients.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_FREQUENT = 10


def score(
    text: Annotated[str | None, typer.Argument(help="The text (default: all of standard input, as one text).")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="One document per line; of .jsonl and .csv the text column; - reads lines from standard input.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="A name under models/, a folder or a Hub id (default: the configured model)."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also show which words led to the answers.")] = False,
    state: State = None,
    as_json: JsonLines = False,
) -> None:
    """Score texts: the sentiment of the document and of each company in it, and the event."""
    from services.commands.training.libraries import quiet_libraries
    from services.model.engine import build_engine
    from services.scoring.on_demand.score_texts import load_explainer, score_texts
    from shared.universe.securities import Catalogue

    text_or_file(text, file)
    whole = settings_of(state)
    settings, state_dir = whole.model, whole.state_dir
    if model:  # the model that was named reads everything
        settings = settings.model_copy(update={"name": model, "packs": {}})
    catalogue = Catalogue.load()
    engine = build_engine(settings)
    if explain:
        quiet_libraries()  # transformers warns of a model whose type is ours
    explainer = load_explainer(settings.name, settings.packs) if explain else None
    names = {model_id: settings.packs[language] for language, model_id in engine.packs.items()}
    account = _Account(file, state_dir)
    for answer in score_texts(account.counted(_texts(text, file, account)), engine, catalogue, explainer):
        said = answer | {"model": names.get(answer["model_id"], engine.name), "precision": engine.precision}
        account.unknown.update(answer["unlinked"])
        typer.echo(json.dumps(said, ensure_ascii=False) if as_json else _readable(said))
    if file is not None:
        account.tell()


def _texts(text: str | None, file: Path | None, account: _Account) -> Iterable[str]:
    from services.ingest.documents.cleaning import clean, words_in
    from services.scoring.on_demand.score_texts import lines, read_texts

    if file is None:
        return iter([clean(sys.stdin.read() if text is None else text)])
    return (
        lines(sys.stdin, account.refuse, words_in) if str(file) == "-" else read_texts(file, account.refuse, words_in)
    )


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
        self.unknown: Counter[str] = Counter()

    def refuse(self, line: int, reason: str, detail: str, row: str) -> None:
        from services.ingest.documents.normalise import Rejected

        self._reasons[reason] += 1
        self._rejected.write([(str(line), Rejected(reason, detail, row))])

    def counted(self, texts: Iterable[str]) -> Iterator[str]:
        """The texts as they come; a copy is scored like any other row, for every row gets its answer."""
        for text in texts:
            mark = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            self._taken += 1
            self._copies += mark in self._seen
            self._seen.add(mark)
            yield text

    def tell(self) -> None:
        rejected, copies = self._reasons.total(), f", {self._copies:,} of them copies" if self._copies else ""
        note(f"{self._taken + rejected:,} read = {self._taken:,} scored{copies} + {rejected:,} rejected")
        result = {
            "rejected": rejected,
            "rejected_by_reason": dict(sorted(self._reasons.items())),
            "rejected_list": str(StateFolder(self._state).rejected),
            "unlinked": self.unknown.total(),
            "unknown_companies": sorted(self.unknown.items(), key=lambda one: (-one[1], one[0]))[:_MOST_FREQUENT],
        }
        warn(result, f"bellwether ingest rejected list --state {self._state}")


def _readable(said: dict[str, Any]) -> str:
    rows = [("document", said["document"])]
    rows += [(f"{one['ticker'] or one['company']} ({one['relevance']:.2f})", one) for one in said["companies"]]
    told = [
        f"{name:<16} negative {chances['negative']:.3f}  neutral {chances['neutral']:.3f}  "
        f"positive {chances['positive']:.3f}"
        for name, chances in rows
    ]
    if "event" in said:
        told.append(f"{'event':<16} {said['event']} ({said['event_probability']:.3f})")
    if "explanation" in said:
        told += _explained(said)
    return "\n".join(told)


def _explained(said: dict[str, Any]) -> list[str]:
    """The strongest words of the document and of each company; `+` speaks for the class that the line names."""
    words, answers = said["explanation"], said["explanation"]["answers"]
    told = [("document", answers["document"], words["document"])]
    for one in said["companies"]:
        company = one["company"]
        told.append((one["ticker"] or company, answers["companies"][company], words["companies"][company]))
    lines = []
    for name, answer, shares in told:
        strongest = sorted(shares, key=lambda word: -abs(word["share"]))[:8]
        listed = ", ".join(f"{word['word']} {word['share']:+.2f}" for word in strongest)
        lines.append(f"{name + ' words':<16} for {answer}: {listed}")
    return lines
