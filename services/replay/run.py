"""One replay from its options to its run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import expected_digest, load_strategy
from services.ingest.sources.tabular.layout import layout_of
from services.model.folders import ModelError, find_model
from services.replay.cache import AnswerCache
from services.replay.live_answers import live_answers
from services.replay.player import Player, pacing
from services.replay.records import Range, RangeError, read_file, read_topics
from services.replay.training_dates import texts_until
from services.runs.folder import begin_run, finish_run, refuse_in_use, stopped_by_error
from services.runs.opinion_file import OpinionFile
from services.runs.progress import Advance, Follower, Watch
from services.scoring.rules.rule_file import rules_of
from services.scoring.rules.speaking import Speakers
from services.scoring.unread import Readable
from shared.clock import Clock, SystemClock
from shared.contract.events import Channel
from shared.reading.peers.relations import relations_of
from shared.settings import Settings, default_cache_dir
from shared.universe.relations.graph import NO_RELATIONS


@dataclass(frozen=True, slots=True)
class Question:
    """What a replay is asked; it is kept with the run, and `--resume` wants the same one."""

    file: str = ""
    channels: tuple[Channel, ...] = ("news", "social")
    begin: int | None = None
    end: int | None = None
    mapping: tuple[str, ...] = ()
    timezone: str = "America/New_York"
    model: str = ""
    strategies: tuple[str, ...] = ()
    anonymise: bool = False
    date_format: str = ""
    encoding: str = ""
    columns: str = ""
    preset: str = ""

    def asked(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        for later in ("date_format", "encoding", "columns", "preset"):  # a run of a former version did not ask for them
            if not built[later]:
                del built[later]
        return built


def replay(
    settings: Settings,
    run: str,
    question: Question,
    *,
    speed: float = 0.0,
    cache: bool = True,
    reuse_opinions: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    progress: Advance = lambda *_: None,
    follow: Callable[[Path], Follower] | None = None,
) -> dict[str, Any]:
    """Replay in this process; returns the summary. `speed` 0 is as fast as it goes. `follow` is given the run's folder,
    and its answer is shown what there is, now and then.

    Stopped and resumed, it goes on where scoring stopped: answers are cached as they are made. Raises RunError,
    RangeError, StrategyError, RuleError, SourceError and what building the engine raises.
    """
    from services.model.engine import build_engine
    from services.scoring.linking.linker import Linker
    from shared.universe.securities import Catalogue

    strategies = [load_strategy(name) for name in question.strategies or settings.aggregation.strategies]
    names = [strategy.name for strategy in strategies]
    if len(set(names)) < len(names):
        raise RangeError(f"two strategies have the same name: {', '.join(names)}; give each its own name")
    speakers = Speakers(rules_of(settings))
    asked = settings.relations.pass_on or any(strategy.hears_peers for strategy in strategies)
    relations = relations_of(settings) if asked else NO_RELATIONS
    clock = SystemClock()
    refuse_in_use(settings, run, question.asked(), resume=resume, overwrite=overwrite)
    started = time.perf_counter()
    given = read_range(settings, question, clock)
    catalogue = Catalogue.load()
    model = settings.model.model_copy(update={"name": question.model}) if question.model else settings.model
    engine = build_engine(model)
    reuse = reuse_opinions and not question.file and not question.anonymise
    folder = begin_run(settings, run, question.asked(), overwrite=overwrite)
    with stopped_by_error(folder, "go on with --resume"), ExitStack() as closed:
        cached = AnswerCache(default_cache_dir() / "answers.sqlite3", engine.model_id) if cache else None
        answers = closed.enter_context(closing(cached)) if cached else None
        player = Player(
            engine,
            Linker.of(catalogue),
            strategies,
            Rules.of(settings.aggregation),
            settings.kafka.opinion_partitions,
            cache=answers,
            live=live_answers(settings, given, engine.model_id, engine.packs.values()) if reuse else None,
            hide_names=question.anonymise,
            pace=pacing(speed, clock, time.sleep) if speed else lambda _: None,
            readable=Readable(model, engine),
            speakers=speakers,
            relations=relations,
        )
        with OpinionFile(folder, given.streams(), settings.kafka.opinion_partitions) as opinions:
            watch = Watch(folder, progress, follow(folder) if follow else None)
            result = player.play(given, watch, opinions.write)
        more = {
            **given.account.told(),
            "reused": result.reused,
            "model_texts_until": model_texts_until(model.name),
            "universe": catalogue.digest(),
            "universe_as_of": catalogue.as_of.isoformat(),
            "rules": speakers.digest,
            "relations": relations.digest,
            "expected": expected_digest(strategies),
        }
        return finish_run(folder, run, question.asked(), result, time.perf_counter() - started, more)


def model_texts_until(model: str) -> str:
    """ISO date of the newest text that a model learnt from; "" when nobody says."""
    try:
        return texts_until(find_model(model))
    except ModelError:
        return ""  # a stub has learnt nothing


def read_range(settings: Settings, question: Question, clock: Clock) -> Range:
    """The records that a question asks for. Raises RangeError when there are none."""
    if question.file:
        given = read_file(
            settings, Path(question.file), question.channels[0], question.mapping, question.timezone, clock,
            question.begin, question.end, question.date_format,
            layout_of(question.preset, question.encoding, question.columns),
        )  # fmt: skip
    else:
        given = read_topics(settings, question.channels, question.begin, question.end)
    if not given.records:
        raise RangeError(_nothing(given))
    return given


def _nothing(given: Range) -> str:
    """Why a range is empty, and what helps."""
    account = given.account
    if account.read and account.rejected.total() == account.read:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in sorted(account.rejected.items()))
        return f"every row was rejected ({reasons}); they lie in {account.rejected_list}"
    read = f" ({account.read:,} read, {account.rejected.total():,} of them rejected)" if account.read else ""
    return f"nothing became available in this range{read}; widen --from and --to, or leave them out"


def parse_channels(topics: Sequence[str]) -> tuple[Channel, ...]:
    """`documents.news` and the like to channels; all of them when none is given. Raises RangeError."""
    from shared.contract.events import CHANNELS

    channels = [topic.removeprefix("documents.") for topic in topics]
    unknown = [topic for topic, channel in zip(topics, channels, strict=True) if channel not in CHANNELS]
    if unknown:
        known = ", ".join(f"documents.{channel}" for channel in CHANNELS)
        raise RangeError(f"--topic {unknown[0]}: only documents can be replayed: {known}")
    return tuple(channel for channel in CHANNELS if not channels or channel in channels)


def parse_speed(text: str) -> float:
    """`max` is 0; `60x` and `60` are 60 seconds of market time in a second. Raises RangeError."""
    if text == "max":
        return 0.0
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e12:
        raise RangeError(f"--speed {text}: write max, or a factor such as 60x")
    return speed
