"""The linker of every company that is known, made once: a second of work, and it keeps nothing of what it was asked."""

from __future__ import annotations

from services.scoring.linking.linker import Linker
from shared.universe.securities import Catalogue

CATALOGUE = Catalogue.load()
LINKER = Linker.of(CATALOGUE)
