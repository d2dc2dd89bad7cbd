"""`bellwether topics forget`: the words of what was deleted leave Kafka's log and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.access.audit import noted
from services.commands.options import Json, OptionError, Run, State, Yes, count, note, say, settings_of

if TYPE_CHECKING:
    import redis

    from services.forgetting.cutting import Cut
    from services.forgetting.messages import Forgotten
    from shared.settings import Settings

Cutting = Annotated[
    bool,
    typer.Option(
        "--cut",
        help="For a Kafka that is not embedded: delete the records up to the last one with such words, others too.",
    ),
]


def forget(state: State = None, run: Run = None, cut: Cutting = False, yes: Yes = False, as_json: Json = False) -> None:
    """Take the words of deleted documents out of Kafka's log and out of Redis. Numbers, places and times stay.

    The embedded Kafka's files are written anew, of all runs, while the system is down. Any other Kafka can only delete
    from the beginning of its logs: with --cut, after all of that was scored, applied and archived, of one run.
    """
    settings = settings_of(state, run)
    done = _cut(settings, yes=yes) if cut else _rewritten(settings, yes=yes)
    say(done, _words(done), as_json=as_json)


def _rewritten(settings: Settings, *, yes: bool) -> Forgotten:
    from services.forgetting import store
    from services.forgetting.files import rewrite_logs
    from services.forgetting.messages import Forgotten
    from services.supervisor.processes.endpoints import own_kafka_data, own_servers
    from services.supervisor.processes.records import running_supervisor
    from shared.clients.redis import connect

    folder = settings.state_dir.absolute()
    data = own_kafka_data(settings)
    if data is None:
        raise OptionError(
            f"Kafka at {settings.kafka.bootstrap_servers} is not the embedded one of {folder}: its files cannot be "
            "written anew. What is possible: bellwether topics forget --cut"
        )
    if running_supervisor(folder) is not None:
        raise OptionError("the system is up; Kafka must not run meanwhile: bellwether down, then this, then up again")
    if not yes:
        typer.confirm("Write the log of every run anew, without the words of what was deleted?", abort=True)
    with own_servers(folder, with_kafka=False), connect(settings_of(folder).redis) as client:
        known = store.deletions(client)
        for name in known:
            store.require_still(client, name)
        topics = rewrite_logs(data, known, note)
        done = Forgotten(topics=topics, store=_entries(client, list(known)), deletions=_count(known))
        noted(client, "topics forget", "", f"{sum(topics.values()):,} records of every run")
    return done


def _cut(settings: Settings, *, yes: bool) -> Forgotten:
    from services.forgetting import cutting, store
    from services.forgetting.messages import Forgotten
    from shared.clients.redis import connect
    from shared.reading.run import RunView

    with connect(settings.redis) as client:
        known = store.deletions(client)
        mine = known.get("live", {}) | known.get(settings.run, {})
        keys = store.runs_of(client).get(settings.run)
        positions = RunView(client, keys).positions() if keys else {}
        cuts = cutting.plan(settings, mine, positions)
        for line in _plan(cuts):
            note(line)
        going = sum(each.until - each.begin for each in cuts)
        if going and not yes:
            typer.confirm(f"Delete {count(going, 'record')} of run {settings.run} from Kafka?", abort=True)
        topics = cutting.carry_out(settings, cuts)
        kept: dict[str, int] = {}
        for each in cuts:
            if each.left:
                kept[each.part.topic] = kept.get(each.part.topic, 0) + each.left
        done = Forgotten(topics=topics, kept=kept, deletions=len(mine), cut=True)
        try:
            store.require_still(client, settings.run)
            done.store = _entries(client, [settings.run])
        except store.StillRunning as error:
            note(f"Redis keeps the words: {error}")
        noted(client, "topics forget", settings.run, f"{sum(topics.values()):,} records cut off")
    return done


def _entries(client: redis.Redis, runs: list[str]) -> dict[str, int]:
    """Entries of Redis that lost their words, by run."""
    from services.forgetting import store

    known, keys = store.deletions(client), store.runs_of(client)
    done = {
        run: store.forget_words(client, keys[run], known.get("live", {}) | known[run]) for run in runs if run in keys
    }
    if any(done.values()) and not store.rewrite_files(client):
        note("Redis did not write its own file anew; what entries were before may lie there for a while")
    return done


def _count(known: dict[str, dict[str, int]]) -> int:
    return len({item for items in known.values() for item in items})


def _plan(cuts: list[Cut]) -> Iterator[str]:
    for each in cuts:
        told = f"{each.part.topic}[{each.part.partition}]: offsets {each.begin:,} to {each.until - 1:,} go"
        if each.until > each.begin:
            yield f"{told}, {each.words:,} of them with such words"
        if each.left:
            yield (
                f"{each.part.topic}[{each.part.partition}]: {count(each.left, 'record')} with such words stay: "
                "not scored, applied or archived yet; bellwether wait --drained, then this again"
            )


def _words(done: Forgotten) -> Iterator[str]:
    verb = "were cut off" if done.cut else "lost their words"
    for topic, records in sorted(done.topics.items()):
        yield f"{topic}: {count(records, 'record')} {verb}"
    for topic, records in sorted(done.kept.items()):
        yield f"{topic}: {count(records, 'record')} with such words stay"
    if not done.topics and not done.kept:
        yield "Kafka's log holds no words of what was deleted"
    yield f"Redis: {sum(done.store.values()):,} entries lost their words"
    if done.cut:
        yield "Kafka frees the bytes as its segments roll and are removed; a reset counts what the log still holds"
    yield "not reached: readings (embeddings, no words), backups, exports, kept opinions of replays"
