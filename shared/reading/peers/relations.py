"""The relations that the settings ask for: the universe's, with STATE/relations.csv and the named files laid over."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from shared.settings import RelationSettings, Settings
from shared.universe.own_files import files_in_use
from shared.universe.relations.graph import Relations
from shared.universe.relations.own_relations import FILE


def relation_files(settings: Settings) -> list[Path]:
    """A user's own files, in the order in which they are laid."""
    own = settings.state_dir / FILE
    return [*([own] if own.is_file() else []), *(settings.state_dir / each for each in settings.relations.files)]


def relations_of(settings: Settings) -> Relations:
    """Read anew where a file has changed. Raises RelationError."""
    files = relation_files(settings)
    changed = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in files)
    return _loaded(settings.relations, tuple(files), changed, files_in_use())


@lru_cache(maxsize=4)
def _loaded(
    asked: RelationSettings, files: tuple[Path, ...], changed: tuple[int, ...], universe: tuple[Path, ...]
) -> Relations:
    del changed, universe  # what makes another answer of the same files
    return Relations.load(files, by_parent=asked.parents, by_industry=asked.industries, most=asked.most)
