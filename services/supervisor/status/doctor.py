"""What this machine has and lacks, with the remedy for each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

from services.embedded.errors import EmbeddedError
from services.embedded.jars import KAFKA_VERSION, cached_jars
from services.embedded.java import find_java
from services.embedded.ports import is_free
from services.embedded.redis import answers, find_redis
from services.supervisor.processes.records import running_supervisor
from services.supervisor.status.disk import disk_fault
from services.supervisor.status.expat import expat_is_safe
from services.supervisor.status.finding import Finding
from services.supervisor.status.servers import redis_keeps, sources_deliver, topics_fit
from shared.clients.state_folder import StateFolder
from shared.reading.offsets import KafkaUnreachable, require_broker
from shared.reading.supervisor import recorded_state
from shared.settings import Settings, default_cache_dir, is_named

_GIB: Final = 1024**3
MIN_MEMORY_GIB: Final = 3.0  # Kafka 0.4, scoring 1.5, the rest 0.8


def examine(settings: Settings) -> list[Finding]:
    """Every check, none of which changes anything."""
    external_kafka = is_named(settings, "kafka", "bootstrap_servers")
    external_redis = is_named(settings, "redis", "url")
    checks: list[Callable[[], Finding]] = [
        lambda: _java(needed=not external_kafka),
        lambda: _jars(needed=not external_kafka),
        lambda: _redis_binary(needed=not external_redis),
        lambda: _kafka(settings, external=external_kafka),
        lambda: _redis(settings, external=external_redis),
        lambda: redis_keeps(settings),
        lambda: topics_fit(settings),
        lambda: sources_deliver(settings),
        _memory,
        lambda: _disk(Path(settings.state_dir)),
        lambda: _port(settings),
        lambda: _model(settings),
        _gpu,
        lambda: _compiler(settings),
        expat_is_safe,
        _chromium,
    ]
    return [check() for check in checks]


def _java(*, needed: bool) -> Finding:
    try:
        java = find_java()
    except EmbeddedError as error:
        return Finding("java", "missing" if needed else "mind", "none", str(error))
    return Finding("java", "ok", f"{java.version} from {java.source}: {java.path}")


def _jars(*, needed: bool) -> Finding:
    cache = default_cache_dir()
    if cached_jars(cache):
        return Finding("kafka jars", "ok", f"{KAFKA_VERSION} in {cache}")
    remedy = "the first `bellwether up` downloads them (43 MB from Maven); without a network pass --bootstrap-servers"
    return Finding("kafka jars", "mind" if needed else "ok", f"not yet in {cache}", remedy)


def _redis_binary(*, needed: bool) -> Finding:
    try:
        binary = find_redis()
    except EmbeddedError as error:
        return Finding("redis-server", "missing" if needed else "mind", "none", str(error))
    return Finding("redis-server", "ok", f"{binary.path} ({binary.source})")


def _kafka(settings: Settings, *, external: bool) -> Finding:
    address = settings.kafka.bootstrap_servers
    if not external:
        return Finding("kafka", "ok", "none configured: `bellwether up` starts its own")
    try:
        require_broker(settings.kafka)
    except KafkaUnreachable:
        return _unanswered("kafka", address, settings, "set BELLWETHER_KAFKA__BOOTSTRAP_SERVERS to a running broker")
    return Finding("kafka", "ok", f"answers at {address}")


def _redis(settings: Settings, *, external: bool) -> Finding:
    if not external:
        return Finding("redis", "ok", "none configured: `bellwether up` starts its own")
    password = settings.redis.password
    if not answers(settings.redis.url, password.get_secret_value() if password else None):
        return _unanswered("redis", settings.redis.url, settings, "set BELLWETHER_REDIS__URL to a running Redis")
    return Finding("redis", "ok", f"answers at {settings.redis.url.rpartition('@')[2]}")


def _unanswered(name: str, address: str, settings: Settings, remedy: str) -> Finding:
    state = Path(settings.state_dir)
    if StateFolder(state).endpoints.exists() and running_supervisor(state) is None:
        return Finding(name, "ok", "not running now; `bellwether up` starts it")
    return Finding(name, "missing", f"no answer at {address}", remedy)


def _memory() -> Finding:
    available = psutil.virtual_memory().available / _GIB
    found = f"{available:.1f} GiB available"
    if available >= MIN_MEMORY_GIB:
        return Finding("memory", "ok", found)
    return Finding("memory", "mind", found, f"{MIN_MEMORY_GIB:.0f} GiB is recommended; close other programs")


def _disk(state: Path) -> Finding:
    existing = next(path for path in [state, *state.parents] if path.exists())
    free = shutil.disk_usage(existing).free / _GIB
    writable = os.access(existing, os.W_OK)
    found = f"{free:.1f} GiB free for {state}"
    if not writable:
        return Finding("disk", "missing", f"{existing} is not writable", "pass another folder: --state DIR")
    fault, severe = disk_fault(state)
    if not fault:
        return Finding("disk", "ok", found)
    return Finding("disk", "missing" if severe else "mind", *fault.split("; ", 1))


def _port(settings: Settings) -> Finding:
    port, host = settings.dashboard.port, settings.dashboard.host
    if port == 0 or is_free(port, host):
        return Finding("dashboard port", "ok", f"{host}:{port} is free")
    if f":{port}" in (ours := recorded_state(settings.state_dir).dashboard) and running_supervisor(settings.state_dir):
        return Finding("dashboard port", "ok", f"our dashboard is there: {ours}")
    return Finding("dashboard port", "mind", f"{host}:{port} is in use", "the next free port is used")


def _model(settings: Settings) -> Finding:
    name = settings.model.name
    if name == "stub":
        return Finding("model", "mind", "stub: a test double, no model", "unset BELLWETHER_MODEL__NAME")
    package = Path(__file__).parents[2]
    shipped = (package.parent / "models" / name, package / "shipped_models" / name)  # a checkout, a wheel
    for folder in (*shipped, Path(name).expanduser()):
        if folder.is_dir() and any(folder.glob("*.safetensors")):
            return Finding("model", "ok", str(folder))
    return Finding(
        "model",
        "mind",
        f"{name} is not in any local model folder",
        "the first start downloads it from the Hub, if it is there",
    )


def _gpu() -> Finding:
    """Without importing torch, which takes seconds."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        return Finding("torch", "missing", "not installed", "make venv, or pip install -c constraints.txt torch")
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return Finding("gpu", "ok", f"none: scoring runs on {os.cpu_count()} CPU cores (torch {torch})")
    try:
        listed = subprocess.run([driver, "-L"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("gpu", "mind", f"nvidia-smi fails: {error}", "fix the driver; until then scoring uses the CPU")
    return Finding("gpu", "ok", f"{listed.splitlines()[0] if listed else 'none listed'} (torch {torch})")


def _compiler(settings: Settings) -> Finding:
    compiler = next((found for name in ("c++", "g++", "clang++") if (found := shutil.which(name))), None)
    if compiler or not settings.model.compile:
        return Finding("c++ compiler", "ok", compiler or "not used (model.compile is off)")
    found = "none: on a CPU the model runs through torch in fp32 or bf16, several times slower than in int8"
    return Finding("c++ compiler", "mind", found, "apt-get install g++")


def _chromium() -> Finding:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found:
        return Finding("chromium", "ok", found)
    return Finding("chromium", "mind", "none (only the browser tests need it)", "apt-get install chromium")
