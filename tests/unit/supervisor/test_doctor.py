"""The doctor names what is missing, with a remedy, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.supervisor.status import disk
from services.supervisor.status.doctor import examine
from services.supervisor.status.expat import expat_is_safe
from shared.settings import load_settings


def test_every_finding_that_is_not_ok_has_a_remedy(tmp_path: Path) -> None:
    state = tmp_path / "state"
    findings = examine(load_settings(state, model={"name": "stub"}))
    assert not state.exists()
    assert {"java", "redis-server", "memory", "disk", "dashboard port", "model"} <= {each.name for each in findings}
    for finding in findings:
        assert finding.found
        assert finding.state == "ok" or finding.remedy, finding


def test_a_broker_that_does_not_answer_is_missing(tmp_path: Path) -> None:
    settings = load_settings(
        tmp_path, kafka={"bootstrap_servers": "127.0.0.1:1"}, redis={"url": "redis://127.0.0.1:1/0"}
    )
    states = {finding.name: finding for finding in examine(settings)}
    for name in ("kafka", "redis"):
        assert states[name].state == "missing"
        assert "127.0.0.1:1" in states[name].found
    assert "BELLWETHER_KAFKA__BOOTSTRAP_SERVERS" in states["kafka"].remedy


def test_a_full_disk_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MIN_DISK_GIB", 1e9)
    (found,) = [finding for finding in examine(load_settings(tmp_path)) if finding.name == "disk"]
    assert found.state == "missing"
    assert "--state" in found.remedy


def test_an_old_libexpat_is_named() -> None:
    assert expat_is_safe((2, 7, 0)).state == "ok"
    old = expat_is_safe((2, 5, 0))
    assert (old.state, old.found) == ("mind", "2.5.0") and "2.7.0" in old.remedy
