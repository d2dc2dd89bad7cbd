"""Apache Kafka's jars: each a Maven coordinate with the SHA-256 that it has here, in the source (kafka-VERSION.sha256).

A jar is checked after it was downloaded and again at each start, so that neither Maven, nor the way to it, nor whoever
can write to the cache decides what runs as our user. A complete cache is used without touching the network, and a file
lock keeps two processes from downloading at once.

Another version: `python -m services.embedded.jars VERSION` resolves it and writes its list.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from services.embedded.errors import EmbeddedError
from shared.clients.state_folder import make_folder

KAFKA_VERSION: Final = "4.1.2"
# Without a binding of slf4j the broker logs nothing. Taken by itself: resolved together with Kafka, the versions that
# log4j's own parent manages would replace Kafka's.
LOG_BINDING: Final = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3"
_ATTEMPTS: Final = 3
_log = logging.getLogger(__name__)


def pinned(version: str = KAFKA_VERSION) -> dict[str, str]:
    """Path in the cache -> SHA-256, in the order of the class path."""
    lines = _list_of(version).read_text().splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines)}


def cached_jars(cache: Path) -> list[Path] | None:
    """The jars when all of them are in the cache and are what they should be, else None."""
    jars = {cache / path: digest for path, digest in pinned().items()}
    return list(jars) if all(_is(jar, digest) for jar, digest in jars.items()) else None


def kafka_jars(cache: Path) -> list[Path]:
    """The class path of Kafka, from the cache or else from Maven; raises EmbeddedError when neither is to be had."""
    found = cached_jars(cache)
    if found:
        return found
    make_folder(cache)
    with _locked(cache / "kafka.lock"):
        return cached_jars(cache) or _fetch(cache)


def _list_of(version: str) -> Path:
    return Path(__file__).with_name(f"kafka-{version}.sha256")


def _is(jar: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(jar.read_bytes()).hexdigest() == digest
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(cache: Path) -> list[Path]:
    _log.info("downloading Apache Kafka %s (%d jars, 43 MB, once) into %s", KAFKA_VERSION, len(pinned()), cache)
    failure: Exception | None = None
    for _ in range(_ATTEMPTS):
        wrong = [path for path, digest in pinned().items() if not _is(cache / path, digest)]
        for path in wrong:  # cut short, or changed: what lies there is not downloaded again
            (cache / path).unlink(missing_ok=True)
        try:
            _download(cache, wrong)
        except Exception as error:  # jgo raises what requests, its parser or its resolver raise
            failure = error
            continue
        found = cached_jars(cache)
        if found:
            return found
        failure = EmbeddedError("what came is not what this version of Bellwether was built with (SHA-256)")
    raise EmbeddedError(
        f"Apache Kafka {KAFKA_VERSION} is not in {cache} and could not be downloaded ({_first_line(failure)}). "
        f"Connect to the network once and try again, or copy that folder from a machine that has it, "
        f"or use a running Kafka: --bootstrap-servers HOST:PORT"
    )


def _download(cache: Path, paths: list[str]) -> None:
    context = _maven(cache)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: _dependency(context, _coordinate(path)).artifact.resolve(), paths))


def _coordinate(path: str) -> str:
    """`maven/org/example/thing/1.0/thing-1.0.jar` -> `org.example:thing:1.0`."""
    *group, artifact, version, _ = path.split("/")[1:]
    return f"{'.'.join(group)}:{artifact}:{version}"


def _maven(cache: Path) -> Any:
    from jgo.maven import MavenContext

    return MavenContext(repo_cache=cache / "maven", timeout=60)


def _dependency(context: Any, coordinate: str) -> Any:
    from jgo.parse import Endpoint

    return context.create_dependency(replace(Endpoint.parse(coordinate).coordinates[0], scope="compile"))


def pin(version: str) -> None:
    """Resolve a version of Kafka anew, in an empty folder, and write its list: for whoever raises KAFKA_VERSION."""
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        context = _maven(cache)
        kafka = _dependency(context, f"org.apache.kafka:kafka_2.13:{version}")
        inputs, transitive = context.resolver.resolve([kafka])
        needed = [*inputs, *(found for found in transitive if found.scope in ("compile", "runtime"))]
        jars = [Path(found.artifact.resolve()) for found in [*needed, _dependency(context, LOG_BINDING)]]
        lines = [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.relative_to(cache)}\n" for jar in jars]
    _list_of(version).write_text("".join(lines))


def _first_line(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


if __name__ == "__main__":
    pin(sys.argv[1])
