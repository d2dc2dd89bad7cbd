"""The simulated day of benchmarks/scaling.py: the autoscaler's rule, and that the day loses and invents nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from benchmarks.fleet.day import SECONDS, World, play
from benchmarks.fleet.scaler import DOWN_PODS, PERIOD, Figures, Rule, Scaler


def figures(waiting: float, behind: float, serving: int, pace: float = 0.0) -> Figures:
    return Figures(waiting, behind, pace, serving)


RULE = Rule(
    minimum=1, maximum=16, waiting_per_replica=1_000, seconds_behind=30, documents_per_second=0, polling=15,
    calm=300, fallback=6,
)  # fmt: skip


def test_what_waits_makes_workers_and_the_policies_hold_them_back() -> None:
    scaler = Scaler(RULE)
    assert scaler.look(0, figures(900, 0, 1)) == 1
    assert scaler.look(15, figures(1_090, 0, 1)) == 1  # within a tenth
    assert scaler.look(30, figures(20_000, 0, 1)) == 5  # four more a minute, or twice as many
    assert scaler.look(45, figures(20_000, 0, 1)) == 5
    assert scaler.look(90, figures(20_000, 0, 5)) == 10
    assert scaler.look(150, figures(20_000, 0, 10)) == 16  # and no more than may be


def test_an_old_document_makes_the_present_fleet_grow() -> None:
    scaler = Scaler(RULE)
    scaler.replicas = 4
    assert scaler.look(0, figures(0, 45, 4)) == 6


def test_what_flows_holds_its_workers_though_nothing_waits() -> None:
    scaler = Scaler(replace(RULE, documents_per_second=40))
    scaler.replicas = 3
    assert [scaler.look(second, figures(0, 0, 3, pace=110)) for second in range(0, 1_200, 15)] == [3] * 80


def test_workers_go_one_by_one_once_it_has_been_calm() -> None:
    scaler = Scaler(RULE)
    scaler.replicas = 5
    assert scaler.look(0, figures(5_000, 0, 5)) == 5
    seen = [scaler.look(second, figures(0, 0, 5)) for second in range(15, 1_200, 15)]
    assert seen[: 300 // 15 - 1] == [5] * 19
    drops = [second for second, (before, after) in enumerate(pairwise(seen)) if after < before]
    assert seen[-1] == 1
    assert all(before - after <= DOWN_PODS for before, after in pairwise(seen))
    assert all(later - sooner >= PERIOD // 15 for sooner, later in pairwise(drops))


def test_without_figures_the_fallback_counts_after_three_failures() -> None:
    scaler = Scaler(RULE)
    assert [scaler.look(second, None) for second in (0, 15, 30, 90)] == [1, 1, 5, 6]
    assert scaler.look(105, figures(6_000, 0, 6)) == 6


@pytest.mark.parametrize(("workers", "partitions", "speed"), [(1, 7, 1.5), (5, 16, 2.0), (16, 16, 50.0)])
def test_a_day_loses_and_invents_nothing(workers: int, partitions: int, speed: float) -> None:
    world = World(documents=200_000, partitions=partitions, speed=speed)
    short = replace(world, spike_seconds=600)
    played = play(short, lambda *_: workers, SECONDS, workers)
    assert played.arrived == pytest.approx(played.scored + played.waiting[-1], abs=1e-3)
    assert min(played.waiting) > -1e-6
    assert max(played.serving) == workers
    assert played.worker_hours() == pytest.approx(24 * workers)


def test_the_values_of_the_chart_are_read() -> None:
    rule = Rule.of_chart()
    assert rule.minimum <= rule.fallback <= rule.maximum <= World().partitions
