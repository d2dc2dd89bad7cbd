"""docker-compose.yml without Docker: its structure, and that the commands in it are commands that exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from typer.testing import CliRunner

from services.commands import main as cli
from services.embedded.ports import free_port
from services.embedded.process import ChildProcess, wait_until
from services.embedded.redis import answers, find_redis
from shared.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PASSWORD = "made-for-this-test"
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
        required = re.fullmatch(r"\$\{\w+:\?(.*)\}", str(value))
        monkeypatch.setenv(name, default[1] if default else PASSWORD if required else str(value))
    settings = load_settings(tmp_path)
    assert settings.redis.password is not None and settings.redis.password.get_secret_value() == PASSWORD
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.ingest.sample is False
    assert settings.alerts.rules == "standard"


def test_only_the_dashboard_and_the_api_are_published_and_only_here() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"dashboard": ["127.0.0.1:8501:8501"], "api": ["127.0.0.1:8600:8600"]}


def test_networks_are_apart_and_only_those_reach_the_world_that_need_it() -> None:
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert {name for name, given in COMPOSE["networks"].items() if (given or {}).get("internal")} == {"log", "store"}
    assert networks["kafka"] == {"log"} and networks["redis"] == {"store"}
    assert networks["dashboard"] == {"store", "front"}
    assert {name for name in SERVICES if "outside" in networks[name]} == {"ingest", "alerts"}
    assert {name for name in SERVICES if "front" in networks[name]} == {"dashboard", "api"}


def test_every_service_gives_up_its_rights() -> None:
    for service in SERVICES.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES["redis"]["user"] == "redis" and SERVICES["redis"]["read_only"]


def test_redis_asks_for_the_password_and_closes_what_makes_a_client_its_user(tmp_path: Path) -> None:
    """The command of the container, with the redis-server that we have."""
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    port = free_port()
    program.write_text(f'#!/bin/sh\n(cat; echo; echo port {port}) | exec {find_redis().path} "$@"\n')
    program.chmod(0o755)
    (command,) = SERVICES["redis"]["command"]
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "REDISCLI_AUTH": PASSWORD}
    line = [*SERVICES["redis"]["entrypoint"], command.replace("$$", "$")]
    child = ChildProcess(line, tmp_path / "out", environment, folder=tmp_path)
    child.start()
    try:
        url = f"redis://127.0.0.1:{port}/0"
        assert wait_until(lambda: answers(url, PASSWORD), 30, child.running), child.tail()
        assert not answers(url)
        with redis.Redis(port=port, password=PASSWORD) as client:
            for closed in ("CONFIG GET dir", "MODULE LIST", "ACL LIST", "DEBUG SLEEP 0"):
                with pytest.raises(redis.ResponseError, match="permission"):
                    client.execute_command(*closed.split())
            persistence: Any = client.info("persistence")
            assert persistence["aof_enabled"] == 1
    finally:
        child.kill()


def test_the_environment_file_is_made_once_and_private(tmp_path: Path) -> None:
    script = tmp_path / ".ci" / "compose-env"
    script.parent.mkdir()
    shutil.copy(ROOT / ".ci" / "compose-env", script)
    (tmp_path / ".env").write_text("BELLWETHER_SAMPLE=true\n")
    found = []
    for _ in range(2):
        subprocess.run(["bash", str(script)], check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"})
        found.append((tmp_path / ".env").read_text())
    assert found[0] == found[1]
    assert re.search(r"(?m)^BELLWETHER_SAMPLE=true$", found[0])
    assert re.search(r"(?m)^BELLWETHER_REDIS_PASSWORD=[0-9a-f]{48}$", found[0])
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert "sha256" not in found[0]  # without Docker nothing is known of digests, and none is made up


def test_scoring_scales_and_has_a_gpu_variant() -> None:
    for name in ("scoring", "aggregation", "archive", "api", "scoring-gpu"):
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
