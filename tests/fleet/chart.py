"""The chart as Helm renders it: objects, pods, containers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "deploy" / "helm" / "bellwether"
EXAMPLE: Final = CHART / "examples" / "values.yaml"
VERSION: Final = "1.34.0"  # of Kubernetes, that Helm renders for
NEEDED: Final = ("kafka.bootstrapServers=kafka:9092", "redis.url=redis://redis:6379/0", "archive.address=s3://b/a")
REMEDY: Final = "there is no helm; make fleet installs one where Go is there, else put helm 3 on the PATH"
Manifest = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).parent / "helm"
    program = str(beside) if beside.exists() else shutil.which("helm")
    if program is None:
        pytest.fail(REMEDY)
    quiet = os.environ | {"HELM_CACHE_HOME": "/nonexistent", "HELM_CONFIG_HOME": "/nonexistent"}
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False, env=quiet)


def _template(values: Sequence[Path], settings: Sequence[str]) -> subprocess.CompletedProcess[str]:
    files = [part for file in values for part in ("--values", str(file))]
    chosen = [part for each in settings for part in ("--set-json" if "=[" in each or "={" in each else "--set", each)]
    return helm("template", "fleet", str(CHART), "--kube-version", VERSION, "--namespace", "here", *files, *chosen)


@cache
def render(*settings: str, values: tuple[Path, ...] = (), needed: bool = True) -> list[Manifest]:
    """Every object of a release called `fleet`. Settings as `--set` takes them."""
    done = _template(values, (*(NEEDED if needed and not values else ()), *settings))
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refusal(*settings: str, needed: bool = True) -> str:
    """What Helm says to values that it does not take."""
    done = _template((), (*(NEEDED if needed else ()), *settings))
    assert done.returncode != 0
    return done.stderr


def of_kind(objects: Sequence[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pods(objects: Sequence[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(role, pod template) of everything that makes pods."""
    for each in objects:
        template = each.get("spec", {}).get("template", {})
        if "containers" in template.get("spec", {}):
            yield template["metadata"]["labels"]["app.kubernetes.io/component"], template


def containers(objects: Sequence[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(role of the pod, container)."""
    for role, template in pods(objects):
        for container in template["spec"]["containers"]:
            yield role, container


def chosen(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector takes a pod with these labels."""
    if any(labels.get(name) != value for name, value in selector.get("matchLabels", {}).items()):
        return False
    for each in selector.get("matchExpressions", []):
        inside = labels.get(each["key"]) in each["values"]
        if inside != (each["operator"] == "In"):
            return False
    return True
