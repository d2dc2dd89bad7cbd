"""What the scoring worker loads: the heads and the encoder's weights, without transformers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from services.model.folders import ModelError
from services.model.served import load_served

_START = """
import sys
from pathlib import Path
from services.model.engine import build_engine
from services.model.interface import Request
from shared.settings import ModelSettings
engine = build_engine(ModelSettings(name=sys.argv[1], precision="int8"), Path(sys.argv[2]))
engine.score([Request("profit rises")])
print([name for name in ("transformers", "sklearn", "scipy", "pandas", "torch._dynamo") if name in sys.modules])
"""


def test_a_worker_starts_without_importing_transformers(opinion_folder: Path, kernel_cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _START, str(opinion_folder), str(kernel_cache)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_weights_are_those_of_the_model(opinion_folder: Path) -> None:
    from services.model.opinion_model import OpinionModel

    whole = OpinionModel.from_pretrained(opinion_folder).state_dict()
    heads, encoder = load_served(opinion_folder)
    bert = encoder.torch_bert().state_dict()
    served = heads.state_dict() | {f"encoder.{name}": tensor for name, tensor in bert.items()}
    assert served.keys() == whole.keys()
    assert all(torch.equal(served[name], tensor) for name, tensor in whole.items())
    query = encoder.tree().encoder.layer[1].attention.self.query.weight
    assert torch.equal(query, whole["encoder.encoder.layer.1.attention.self.query.weight"])


def test_weights_that_do_not_fit_the_configuration_are_refused(opinion_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(opinion_folder, tmp_path / "other"))
    config = json.loads((folder / "config.json").read_text())
    config["event_labels"] = ["only", "two"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_served(folder)
