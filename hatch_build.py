"""Puts the shipped models into the wheel, as services/shipped_models; an editable install reads models/ in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedModels(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable" and (Path(self.root) / "models").is_dir():
            build_data["force_include"]["models"] = "services/shipped_models"
