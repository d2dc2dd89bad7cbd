"""The one error of this package: something that an embedded service needs is missing or does not start."""

from __future__ import annotations


class EmbeddedError(RuntimeError):
    """A service cannot be started; the text says what is missing and what to do about it."""
