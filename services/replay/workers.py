"""The workers of a replay through Kafka: child processes of the replay, started again as the supervisor would."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import msgspec
import redis
from kafka.errors import KafkaError

from services.aggregation.signals.strategy import load_strategy
from services.replay.run import Question
from services.runs.folder import RunError
from services.runs.progress import Advance
from services.supervisor.processes.child import Child, child_of
from services.supervisor.processes.specs import Spec, program
from services.supervisor.status.drain import EVERY_SECONDS, Drain
from shared.clients.disk import full_disk
from shared.settings import Settings

Tell = Callable[[str], None]
STALLED_SECONDS: Final = 180.0  # without any progress
STARTS: Final = 20  # of one worker: a hand-over between workers may end one with "start me again", but not for ever
_STOP_SECONDS: Final = 15.0


def passed_on(settings: Settings, strategies: Sequence[str]) -> bool:
    """Whether opinions are passed on to related companies: where a strategy asks, or the settings do."""
    asked = (load_strategy(name) for name in strategies or settings.aggregation.strategies)
    return settings.relations.pass_on or any(strategy.hears_peers for strategy in asked)


@contextmanager
def run_workers(settings: Settings, run: str, question: Question, count: int) -> Iterator[list[Child]]:
    """`count` workers of each role on the run; stopped at the end. Their output: STATE/logs/ROLE-RUN-NUMBER.out."""
    env = os.environ | {"BELLWETHER_RUN": run}
    if question.model:
        env["BELLWETHER_MODEL__NAME"] = question.model
    if question.strategies:
        env["BELLWETHER_AGGREGATION__STRATEGIES"] = msgspec.json.encode(question.strategies).decode()
    if passed_on(settings, question.strategies):
        env["BELLWETHER_RELATIONS__PASS_ON"] = "true"
    children = []
    for role in ("scoring", "aggregation"):
        for name in (f"{run}-{number}" for number in range(1, count + 1)):
            command = [*program(), "worker", role, "--run", run, "--name", name, "--state", str(settings.state_dir)]
            children.append(child_of(Spec(role, name, command, env), settings.state_dir))
    try:
        for child in children:
            child.start()
        yield children
    finally:
        for child in children:
            child.stop(_STOP_SECONDS)


def wait_for_workers(
    settings: Settings, run: str, children: Sequence[Child], progress: Advance, tell: Tell = lambda _: None
) -> None:
    """Until every document is scored and every opinion applied; what answers late (a new group's coordinator) is waited
    for, and `tell` hears that the disk is full, once. Raises RunError when the workers end for good or stand still.
    """
    drain = Drain(settings.model_copy(update={"run": run}))
    goal, before, since = 0, ("", -1), time.monotonic()
    told = ""
    try:
        while before != ("opinions", 0):
            with suppress(KafkaError, redis.RedisError, OSError):
                now = drain.left()
                goal = max(goal, now[1])
                progress(goal - now[1] if now[0] == "documents" else goal, goal)
                if now != before:
                    before, since = now, time.monotonic()
            if not told and (told := full_disk(settings.state_dir)):
                tell(told)
            _look_after(children, time.monotonic() - since)
            time.sleep(EVERY_SECONDS)
    finally:
        drain.close()


def _look_after(children: Sequence[Child], still: float) -> None:
    for child in children:
        child.look()
        if child.state == "held" or child.restarts > STARTS:
            said = child.message or "see STATE/logs"
            raise RunError(f"a worker of the run ended with code {child.exit_code}: {said}")
    if still > STALLED_SECONDS:
        raise RunError(f"the run's workers made no progress for {STALLED_SECONDS:.0f} s; see STATE/logs")
