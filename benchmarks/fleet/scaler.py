"""The rule by which KEDA and the autoscaler of Kubernetes scale, on the values of the chart. Pure.

KEDA hands each trigger's figure to the autoscaler, which wants figure / threshold replicas of each (average values),
takes the highest, moves only when that is a tenth away from what there is, and is held back by the policies of
deploy/helm/bellwether/templates/keda.yaml. While Prometheus does not answer, KEDA asks for the fallback's replicas.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "bellwether"
TOLERANCE: Final = 0.1  # --horizontal-pod-autoscaler-tolerance
# of the chart's behaviour: tests/fleet/test_chart.py compares
UP_PERCENT: Final = 100
UP_PODS: Final = 4
DOWN_PODS: Final = 1
PERIOD: Final = 60  # seconds of each of these
FAILURES: Final = 3  # of KEDA's own questions, before it falls back


@dataclass(frozen=True, slots=True)
class Rule:
    """The section `keda` of the chart's values."""

    minimum: int
    maximum: int
    waiting_per_replica: int
    seconds_behind: int
    documents_per_second: int
    polling: int
    calm: int
    fallback: int

    @classmethod
    def of_chart(cls) -> Rule:
        found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())["keda"]
        return cls(
            found["minReplicas"], found["maxReplicas"], found["waitingPerReplica"], found["secondsBehind"],
            found["documentsPerSecond"],
            found["pollingSeconds"], found["calmSeconds"], found["fallbackReplicas"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What Prometheus answers: documents that wait, age of the oldest, documents/s scored of late, living workers."""

    waiting: float
    behind: float
    pace: float
    serving: int


class Scaler:
    """Asked every `polling` seconds of simulated time; gives the replicas to have."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.replicas = rule, rule.minimum
        self._wanted: deque[tuple[int, int]] = deque()  # (second, replicas) of the calm window
        self._changes: deque[tuple[int, int]] = deque()  # (second, replicas more or less) of the period
        self._failed = 0

    def look(self, second: int, figures: Figures | None) -> int:
        """None: Prometheus does not answer."""
        wanted = self._desired(figures)
        self._wanted.append((second, wanted))
        while self._wanted[0][0] < second - self.rule.calm:
            self._wanted.popleft()
        while self._changes and self._changes[0][0] <= second - PERIOD:
            self._changes.popleft()
        if wanted > self.replicas:
            self._move(second, min(wanted, self._most_up()))
        elif wanted < self.replicas:
            calmest = max(each for _, each in self._wanted)  # a need within the window holds them
            self._move(second, max(min(calmest, self.replicas), self._least_down()))
        return self.replicas

    def _desired(self, figures: Figures | None) -> int:
        rule = self.rule
        if figures is None:
            self._failed += 1
            wanted = float(rule.fallback if self._failed >= FAILURES else self.replicas)
        else:
            self._failed = 0
            wanted = max(
                figures.waiting / rule.waiting_per_replica,
                figures.behind / rule.seconds_behind * figures.serving,
                figures.pace / rule.documents_per_second if rule.documents_per_second else 0.0,
            )
            if abs(wanted / self.replicas - 1) <= TOLERANCE:
                wanted = self.replicas
        return min(rule.maximum, max(rule.minimum, math.ceil(wanted)))

    def _most_up(self) -> int:
        before = self.replicas - sum(change for _, change in self._changes if change > 0)
        return max(before + UP_PODS, math.ceil(before * (1 + UP_PERCENT / 100)))

    def _least_down(self) -> int:
        before = self.replicas - sum(change for _, change in self._changes if change < 0)
        return before - DOWN_PODS

    def _move(self, second: int, replicas: int) -> None:
        if replicas != self.replicas:
            self._changes.append((second, replicas - self.replicas))
            self.replicas = replicas
