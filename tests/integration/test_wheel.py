"""The built wheel has everything that the checkout's packages have, and runs from where it was unpacked."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "dashboard")
_RUN = """
import dashboard, services
from dashboard.drawing import plots
from dashboard.reading import snapshots
from dashboard import components, server
from services.aggregation.signals.strategy import load_strategy
from services.model.folders import find_model
from services.supervisor.status.doctor import examine
from services.supervisor.processes.specs import Options, dashboard_spec
from shared.universe.securities import Catalogue
from shared.settings import load_settings
from pathlib import Path
import sys
print(services.__file__, dashboard.__file__)
print(find_model("bellwether-mini"))
print(len(Catalogue.load().by_id), load_strategy("pulse").name)
print(components._component("treemap", "") is not None)
print(dashboard_spec(Path("/tmp"), Options(), "127.0.0.1", 1, "live").command[5])
print(next(found.found for found in examine(load_settings(Path(sys.argv[1]))) if found.name == "model"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return Path(built)


def test_nothing_of_the_packages_and_models_is_missing(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    models = {
        f"services/shipped_{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "models").rglob("*")
        if path.is_file()
    }
    assert sorted((ours | models) - names) == []
    needed = {
        "dashboard/.streamlit/config.toml", "dashboard/frame.html", "dashboard/icon.png",
        "dashboard/components/treemap.js", "dashboard/components/documents.css", "shared/universe/securities.csv",
        "services/aggregation/signals/strategies/pulse.yaml", "services/ingest/sample/sample_grammar.yaml",
        "services/model/kernel/encoder.cpp", "services/shipped_models/bellwether-mini/int8.safetensors",
    }  # fmt: skip
    assert needed <= names
    assert {name.split("/")[0] for name in names} == {*PACKAGES, f"bellwether-{wheel.name.split('-')[1]}.dist-info"}


def test_it_runs_from_where_it_was_unpacked(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path / "state")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files, model, data, component, script, examined = done.stdout.splitlines()
    assert files == f"{place / 'services/__init__.py'} {place / 'dashboard/__init__.py'}"
    assert model == examined == str(place / "services/shipped_models/bellwether-mini")
    assert int(data.split()[0]) >= 500 and data.endswith("pulse")
    assert (component, script) == ("True", str(place / "dashboard/server.py"))
