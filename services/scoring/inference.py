"""From requests to answers. A batch that fails is bisected, so that only the guilty document becomes a dead letter."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from services.model.interface import Answer, DeviceLost, Engine
from services.runtime.exits import ExitCode, WorkerStop
from services.scoring.entries import UNSCORABLE, Entry
from shared.contract.operation.metrics import MODEL_DOCUMENTS, MODEL_SECONDS
from shared.measured import MEASURED

log = logging.getLogger(__name__)


def encode(engine: Engine, entries: Sequence[Entry]) -> Any:
    """Tokenise what the model is asked; None when that fails (`infer` then finds out on which document)."""
    try:
        return engine.encode([entry.request for entry in entries if entry.request is not None])
    except (DeviceLost, MemoryError) as error:
        raise _lost(error) from error
    except Exception as error:
        log.warning("tokenising a batch failed, looking for the document: %r", error)
        return None


def infer(engine: Engine, entries: Sequence[Entry], encoded: Any) -> None:
    """Fill in every answer, or the reason why there is none. Raises WorkerStop when the device is lost."""
    asked = [entry for entry in entries if entry.request is not None]
    if not asked:
        return
    try:
        if encoded is not None:
            try:
                with MEASURED.timed(MODEL_SECONDS):
                    answers = engine.forward(encoded)
                MEASURED.observe(MODEL_DOCUMENTS, value=len(asked))
                _give(asked, answers)
                return
            except (DeviceLost, MemoryError):
                raise
            except Exception as error:
                log.warning("a batch of %d failed, looking for the document: %r", len(asked), error)
        _bisect(engine, asked)
    except (DeviceLost, MemoryError) as error:
        raise _lost(error) from error


def _bisect(engine: Engine, asked: Sequence[Entry]) -> None:
    """Halve until the answers come or one document is left that fails alone, twice."""
    stack = [list(asked)]
    while stack:
        part = stack.pop()
        try:
            _give(part, engine.score([entry.request for entry in part if entry.request is not None]))
        except (DeviceLost, MemoryError):
            raise
        except Exception:
            if len(part) == 1:
                _last_try(engine, part[0])
            else:
                stack += [part[len(part) // 2 :], part[: len(part) // 2]]


def _last_try(engine: Engine, entry: Entry) -> None:
    assert entry.request is not None
    try:
        _give([entry], engine.score([entry.request]))
    except (DeviceLost, MemoryError):
        raise
    except Exception as error:
        entry.die(UNSCORABLE, error)


def _give(asked: Sequence[Entry], answers: Sequence[Answer]) -> None:
    if len(answers) != len(asked):
        raise ValueError(f"the model gave {len(answers)} answers for {len(asked)} documents")
    for entry, answer in zip(asked, answers, strict=True):
        entry.answer = answer


def _lost(error: BaseException) -> WorkerStop:
    return WorkerStop(ExitCode.DEVICE_LOST, f"the device was lost or is out of memory: {error}")
