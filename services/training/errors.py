"""The one error of training's inputs."""

from __future__ import annotations


class DataError(ValueError):
    """A file, model or option cannot be used as it was asked; the message names it and the remedy."""
