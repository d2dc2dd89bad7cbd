"""Apache Kafka's jars, resolved once from pinned Maven coordinates into the cache.

A list of the jars with their sizes is written last, so that a resolution that was interrupted is done again, and a
complete one is used without touching the network. A file lock keeps two processes from resolving at once.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from services.embedded.errors import EmbeddedError
from shared.clients.state_folder import make_folder, write_atomically

KAFKA_VERSION: Final = "4.1.2"
KAFKA: Final = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Without a binding of slf4j the broker logs nothing. Taken by itself: resolved together with Kafka, the versions that
# log4j's own parent manages would replace Kafka's.
LOG_BINDING: Final = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3"
_ATTEMPTS: Final = 3
_log = logging.getLogger(__name__)


def cached_jars(cache: Path) -> list[Path] | None:
    """The jars when all of them are in the cache, else None."""
    try:
        listed: dict[str, int] = json.loads(_list_file(cache).read_text())
        paths = {cache / name: size for name, size in listed.items()}
        complete = all(path.stat().st_size == size for path, size in paths.items())
    except (OSError, ValueError):
        return None
    return list(paths) if paths and complete else None


def kafka_jars(cache: Path) -> list[Path]:
    """The class path of Kafka, from the cache or else from Maven; raises EmbeddedError when neither is to be had."""
    found = cached_jars(cache)
    if found:
        return found
    make_folder(cache)
    with _locked(cache / "kafka.lock"):
        found = cached_jars(cache)
        return found or _resolve(cache)


def _list_file(cache: Path) -> Path:
    return cache / f"kafka-{KAFKA_VERSION}.json"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _resolve(cache: Path) -> list[Path]:
    _log.info("downloading Apache Kafka %s (45 jars, 43 MB, once) into %s", KAFKA_VERSION, cache)
    failure: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            jars = _download(cache)
        except Exception as error:  # jgo raises what requests, its parser or its resolver raise
            failure = error
            continue
        sizes = {str(jar.relative_to(cache)): jar.stat().st_size for jar in jars}
        write_atomically(_list_file(cache), json.dumps(sizes, indent=1).encode())
        return jars
    raise EmbeddedError(
        f"Apache Kafka {KAFKA_VERSION} is not in {cache} and could not be downloaded ({_first_line(failure)}). "
        f"Connect to the network once and try again, or copy that folder from a machine that has it, "
        f"or use a running Kafka: --bootstrap-servers HOST:PORT"
    )


def _download(cache: Path) -> list[Path]:
    from jgo.maven import MavenContext
    from jgo.parse import Endpoint

    context: Any = MavenContext(repo_cache=cache / "maven", timeout=60)

    def dependency(coordinate: str) -> Any:
        return context.create_dependency(replace(Endpoint.parse(coordinate).coordinates[0], scope="compile"))

    inputs, transitive = context.resolver.resolve([dependency(KAFKA)])
    needed = [*inputs, *(found for found in transitive if found.scope in ("compile", "runtime"))]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda found: Path(found.artifact.resolve()), [*needed, dependency(LOG_BINDING)]))


def _first_line(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
