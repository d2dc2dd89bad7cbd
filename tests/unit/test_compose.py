"""docker-compose.yml without Docker: its structure, and that the commands in it are commands that exist."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from services.commands import main as cli
from shared.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name in SERVICES if name not in ("kafka", "redis"))


def command_of(service: dict[str, Any]) -> list[str]:
    """What the container runs: `bellwether …` or another program."""
    entrypoint = service.get("entrypoint", ["bellwether"])
    if entrypoint[:2] == ["sh", "-c"]:
        return shlex.split(entrypoint[2].replace("$$HOSTNAME", "host").removeprefix("exec "))
    return [*entrypoint, *service.get("command", [])]


@pytest.mark.parametrize("name", SERVICES)
def test_limits_health_and_restart(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+(m|g)", limits["memory"])
    assert service["restart"] in ("unless-stopped", "on-failure")
    if name != "topics":  # runs once
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    for needed, how in service.get("depends_on", {}).items():
        assert needed in SERVICES
        assert how["condition"] in ("service_healthy", "service_completed_successfully")
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_unprivileged_on_commands_that_exist(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    command = command_of(service)
    if command[:2] == ["python", "-m"]:
        assert find_spec(f"{command[2]}.__main__") is not None
        return
    assert command[0] == "bellwether"
    words = [word for word in command[1:3] if not word.startswith("-")]
    assert CliRunner().invoke(cli.app, [*words, "--help"]).exit_code == 0
    known = CliRunner().invoke(cli.app, [*words, "--help"], env={"COLUMNS": "200"}).output
    for option in (word for word in command if word.startswith("--")):
        assert option in known


def test_the_environment_is_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in [*SERVICES["ingest"]["environment"].items(), *SERVICES["alerts"]["environment"].items()]:
        default = re.fullmatch(r"\$\{\w+:-(.*)\}", str(value))
        monkeypatch.setenv(name, default[1] if default else str(value))
    settings = load_settings(tmp_path)
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.ingest.sample is False
    assert settings.alerts.rules == "standard"


def test_only_the_dashboard_is_published_and_only_here() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"dashboard": ["127.0.0.1:8501:8501"]}


def test_scoring_scales_and_has_a_gpu_variant() -> None:
    for name in ("scoring", "aggregation", "scoring-gpu"):
        assert "container_name" not in SERVICES[name]
        assert command_of(SERVICES[name])[3:5] == ["--name", "host"]  # every replica has a name of its own
    (device,) = SERVICES["scoring-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert SERVICES["scoring-gpu"]["profiles"] == ["gpu"]


def test_the_image_runs_as_somebody_who_is_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.index("USER bellwether") > max(number for number, line in enumerate(lines) if line.startswith("FROM"))
    assert sum(line.startswith("FROM") for line in lines) == 2


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]}
    assert copied == kept
    for name in copied:
        assert (ROOT / name).exists()
    assert "hatch_build.py" in copied  # the build's own hook
