"""The sources that the command line keeps, `STATE/sources.yaml`: added and removed one at a time, judged before."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from services.ingest.registry import kind_of
from services.ingest.sources.kind import is_secret
from services.ingest.sources.source import SourceError
from shared.clients.state_folder import PRIVATE_FILE, StateFolder, make_folder, write_atomically
from shared.settings import SourceSettings, kept_sources, load_settings
from shared.yaml_text import parse_yaml

_HEAD: Final = "# Kept by `bellwether sources add | remove`; the running ingest worker follows it within seconds.\n"


def add_source(state: Path, source: SourceSettings) -> None:
    """Raises SourceError for what cannot be used, and for a name that is taken."""
    kind_of(source).read(source)
    with _locked(state):
        if source.name in {each.name for each in load_settings(state).ingest.sources}:
            raise SourceError(f"there is a source {source.name} already; remove it first, or choose another name")
        kept = kept_sources(state)
        _write(state, [*kept, {"name": source.name, "kind": source.kind, **source.options}])
    if source.name not in {each.name for each in load_settings(state).ingest.sources}:
        raise SourceError(
            "BELLWETHER_INGEST__SOURCES is set, and hides STATE/sources.yaml; write it there, or unset it"
        )


def remove_source(state: Path, name: str) -> None:
    """Raises SourceError for one that is not kept here, saying where it is."""
    with _locked(state):
        kept = kept_sources(state)
        rest = [each for each in kept if each.get("name") != name]
        if len(rest) == len(kept):
            elsewhere = name in {each.name for each in load_settings(state).ingest.sources}
            raise SourceError(
                f"{name} stands under ingest.sources in your settings; take it out there"
                if elsewhere
                else f"there is no source {name}; see: bellwether sources list"
            )
        _write(state, rest)


def option_values(pairs: list[str], read: Callable[[str], str]) -> dict[str, Any]:
    """Options from `NAME=VALUE`: values as YAML reads them, and `@FILE` or `@-` for one that no process list may show.

    `read` gives the text of a file name, "-" standing for the standard input. Raises SourceError.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise SourceError(f"{pair}: write an option as NAME=VALUE, e.g. url=https://HOST/feed.xml")
        if text.startswith("@"):
            found[name] = read(text[1:]).strip()
            continue
        try:
            found[name] = parse_yaml(text) if text else ""
        except yaml.YAMLError:
            found[name] = text
    return found


def check_secrets(source: SourceSettings, pairs: list[str]) -> None:
    """Raises SourceError for a secret in an argument: every account of the machine can read command lines."""
    for pair in pairs:
        name, _, text = pair.partition("=")
        field = kind_of(source).options.model_fields.get(name)
        if field and is_secret(field) and text and not text.startswith("@"):
            raise SourceError(f"{name} is a secret; write {name}=@FILE, or {name}=@- and give it on standard input")


def _write(state: Path, sources: list[dict[str, Any]]) -> None:
    body = yaml.safe_dump(sources, sort_keys=False, allow_unicode=True) if sources else ""
    write_atomically(StateFolder(state).sources, (_HEAD + body).encode(), durable=True)


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Of two commands at once, one after the other."""
    path = StateFolder(state).sources
    make_folder(path.parent)
    descriptor = os.open(path.with_name(".sources.lock"), os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
