"""What a check found, with the remedy: what `bellwether doctor` lists."""

from __future__ import annotations

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`missing` must be mended before `up` works; `mind` costs something."""

    name: str
    state: Literal["ok", "mind", "missing"]
    found: str
    remedy: str = ""
