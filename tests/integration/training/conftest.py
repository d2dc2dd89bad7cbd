"""The tiny model of the unit tests, for what trains, exports or converts it."""

from tests.unit.training.conftest import _one_thread, base, labelled, tiny

__all__ = ["_one_thread", "base", "labelled", "tiny"]
