"""Fine-tune the opinion model on labelled sets, all heads at once; resumable, seeded, stopped early on dev."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from services.model.device import mixed_precision, pick_device
from services.model.opinion_model import EVENTS, ROLES, OpinionOutput
from services.model.weights import encoder_digest
from services.training.checkpoints import load_opinion_model, new_model, save_opinion_model, save_state, with_heads
from services.training.data.augmentation import Changed
from services.training.data.datasets import (
    ROLE_SETS,
    UNLABELLED,
    Example,
    evaluation_texts,
    load_examples,
    training_examples,
)
from services.training.data.encoding import Batch, batches, encode, token_lengths
from services.training.data.feedback import learnt_from, sets_with
from services.training.data.overlap import scan
from services.training.errors import DataError
from services.training.learning.methods import choose_method, freeze_layers, low_rank_changes
from services.training.learning.optimisation import (
    RunningMean,
    optimizer_and_schedule,
    parameter_groups,
    trained_digest,
)
from services.training.learning.preparation import class_weights, text_embeddings, with_names
from services.training.learning.self_training import pseudo_label, read_unlabelled
from services.training.learning.settings import STAGES, FinetuneSettings, stages_of
from services.training.learning.teachers import Teachers
from services.training.learning.trackers import build_tracker
from services.training.measuring.devset import judge

log = logging.getLogger(__name__)

Part = list[tuple[int, Changed]]  # a batch: row numbers and changed examples
_AHEAD = 2  # batches that are made ready while a step runs


@dataclass
class Progress:
    """Where a run stands; saved after every epoch."""

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = -1
    best_is_start: bool = False  # the best weights are those that the run started from, to the bit
    history: list[dict[str, float]] = field(default_factory=list)


class Finetuning:
    """A run: model, data, optimiser and progress. ``run`` trains until done and returns the best model's scores."""

    def __init__(self, settings: FinetuneSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.model, self.tokenizer = (
            load_opinion_model(settings.start) if settings.start else new_model(settings.encoder)
        )
        self.model.config.delta_of = self.model.config.delta_base = None
        self.examples, self.overlaps, self.cut = training_examples(settings.labelled, settings.sets)
        if settings.feedback is not None:
            self.examples += learnt_from(settings.feedback, evaluation_texts(settings.labelled))
        if not self.examples:
            raise DataError("there is nothing to learn from: name --sets, or give --feedback with more labels")
        self.model = with_heads(self.model, *self._taught())
        self.device = torch.device(pick_device(settings.device))
        nn.Module.to(self.model, self.device)
        self.teachers = Teachers(settings.teachers, self.tokenizer.get_vocab(), self.device)
        self.examples = self._reachable([*self.examples, *self._pseudo_labelled()])
        self.anchors = None
        if settings.objective.anchor and not self._held_by_teachers:
            self.anchors = self._anchors()
        self.augmentation = with_names(settings.augmentation, self.examples)
        self.objective = settings.objective
        if settings.class_weights:
            weights = class_weights(self.examples, self.model)
            moved = {head: weight.to(self.device) for head, weight in weights.items()}
            self.objective = replace(self.objective, class_weights=moved)
        self.steps = len(self._plan(0))  # of every epoch, nearly: chance makes some texts longer
        self.method = choose_method(settings.method)(self.model, self.steps * settings.epochs, settings.rank)
        nn.Module.to(self.model, self.device)  # what the method added, too
        freeze_layers(self.model, settings.freeze_layers)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        groups = parameter_groups(
            self.model,
            layers=self.model.encoder.config.num_hidden_layers,
            encoder_rate=settings.encoder_rate,
            head_rate=settings.head_rate,
            layer_decay=settings.layer_decay,
            weight_decay=settings.weight_decay,
        )
        self.optimizer, self.schedule = optimizer_and_schedule(
            groups, steps=self.steps * settings.epochs, warm_up=settings.warm_up
        )
        self.mean = RunningMean(self.model, settings.mean_decay)
        self.start_digest = trained_digest(self.model)
        self.progress = Progress()
        self.tick: Callable[[int], None] = lambda _: None
        self.tracker = build_tracker(settings.report_to, settings.out)

    def _taught(self) -> tuple[Sequence[str], Sequence[str], bool]:
        """The classes of events and roles, and whether rumours, that the model is to have: those that the sets teach,
        and what it had before.
        """
        config = self.model.config
        events = EVENTS if any(example.event != UNLABELLED for example in self.examples) else config.event_labels or ()
        if any(name in ROLE_SETS for name in self.settings.sets):
            return events, ROLES, True
        return events, config.role_labels or (), config.rumour

    @property
    def _held_by_teachers(self) -> bool:
        """Whether the embedding is held near the teachers', who read every text in any case."""
        return self.settings.anchor_teacher and bool(self.teachers) and self.settings.objective.anchor > 0

    def _pseudo_labelled(self) -> list[Example]:
        if not self.settings.unlabelled:
            return []
        labeller = self.teachers.first if self.teachers else self.model
        examples = read_unlabelled(self.settings.unlabelled)
        overlap = scan([example.text for example in examples], evaluation_texts(self.settings.labelled))
        dev = overlap.exact | overlap.near
        apart = [example for row, example in enumerate(examples) if row not in dev]
        log.info("unlabelled: %d texts, %d of them (nearly) in a dev file and left out", len(examples), len(dev))
        return pseudo_label(labeller, self.tokenizer, apart, self.settings.sure)

    def _anchors(self) -> Tensor:
        """What the embeddings are held near: the given encoder's own, else those of the model before it learns."""
        model, tokenizer = self.model, self.tokenizer
        if self.settings.anchor_encoder:
            model, tokenizer = new_model(self.settings.anchor_encoder)
            nn.Module.to(model, self.device)
        return text_embeddings(model, tokenizer, self.examples).to(self.device)

    def _reachable(self, examples: list[Example]) -> list[Example]:
        """The examples that the caps let a run see at all; the rest need not be tokenised and anchored."""
        self.examples = examples
        rows = list(range(len(examples)))
        random.Random(self.settings.seed).shuffle(rows)
        return [examples[row] for row in sorted(self._capped(rows, self.settings.epochs))]

    def _capped(self, rows: Sequence[int], epochs: int) -> list[int]:
        """The first rows of each set, as many as ``epochs`` epochs may use."""
        caps, rest = dict(self.settings.caps), self.settings.per_set
        taken: Counter[str] = Counter()
        used = []
        for row in rows:
            source = self.examples[row].source
            taken[source] += 1
            cap = caps.get(source, rest)
            if cap is None or taken[source] <= cap * epochs:
                used.append(row)
        return used

    def _plan(self, epoch: int) -> list[Part]:
        """An epoch's batches of row numbers and changed examples, over at most as many rows of each set as the settings
        allow; a batch keeps the token budget as its texts are read, joined ones too. Seed and epoch decide it.
        """
        chance = random.Random(self.settings.seed * 1009 + epoch)
        rows = list(range(len(self.examples)))
        chance.shuffle(rows)
        changed = [(row, self.augmentation.apply(self.examples[row], chance)) for row in self._capped(rows, 1)]
        lengths = token_lengths([change.learnt.text for _, change in changed], self.tokenizer)
        return [[changed[i] for i in batch] for batch in batches(lengths, self.settings.token_budget, chance)]

    def run(self) -> Progress:
        """Train the epochs that are left; the best model by the choosing half of dev is in ``out/best``.

        Raises DataError when nothing was learnt: then there is no such model.
        """
        if (steps := self.steps * self.settings.epochs) < RunningMean.EVERY:
            raise DataError(
                f"--epochs {self.settings.epochs}: {len(self.examples)} texts are {steps} steps in all, and fewer than"
                f" {RunningMean.EVERY} change nothing; give more rows, more --epochs or a smaller --token-budget"
            )
        for name in self._judged:  # a wrong name now, not after an epoch
            load_examples(self.settings.labelled, name, "dev")
        if not self._judged and not self._judged_feedback:
            raise DataError("nothing to choose an epoch by: name --judged, or give --feedback with more labels")
        self.settings.out.mkdir(parents=True, exist_ok=True)
        self._resume()
        (self.settings.out / STAGES).write_text(json.dumps(stages_of(self.settings), indent=1), encoding="utf-8")
        self.tick(self.progress.epoch * self.steps)
        while self.progress.epoch < self.settings.epochs and self._waited() < self.settings.patience:
            loss = self._epoch(self.progress.epoch)
            self.progress.epoch += 1
            self._assess(loss)
            self._save()
        if self.progress.best_is_start:
            raise DataError(
                f"--out {self.settings.out}: the run changed nothing: no epoch was better than the weights that it"
                " started from. Try more rows, more --epochs, a smaller --token-budget or another --encoder-rate,"
                " in another folder"
            )
        return self.progress

    def _waited(self) -> int:
        """Epochs since the best one."""
        return self.progress.epoch - 1 - self.progress.best_epoch

    @property
    def _judged(self) -> tuple[str, ...]:
        return self.settings.judged or self.settings.sets

    @property
    def _judged_feedback(self) -> list[str]:
        return [] if self.settings.feedback is None else sets_with(self.settings.feedback, "dev")

    def _epoch(self, epoch: int) -> float:
        """One pass over the examples; randomness depends on seed and epoch alone, so that a resumed run repeats it."""
        torch.manual_seed(self.settings.seed * 1009 + epoch)
        self.model.train()
        total, started = 0.0, perf_counter()
        for step, (part, learnt, taught) in enumerate(self._encoded(self._plan(epoch))):
            loss = self._step(part, learnt, taught)
            total += loss
            self.method.after_step(epoch * self.steps + step)
            self.tick(1)
            if step % 25 == 24:
                rate = (step + 1) / (perf_counter() - started)
                log.info(
                    "epoch %d step %d/%d loss %.4f, %.2f steps/s", epoch, step + 1, self.steps, total / (step + 1), rate
                )
        return total / max(1, self.steps)

    def _encoded(self, plan: Sequence[Part]) -> Iterator[tuple[Part, Batch, Batch | None]]:
        """Each part of the plan with what the student and its teachers read, made ready while the step before runs."""

        def ready(part: Part) -> tuple[Part, Batch, Batch | None]:
            learnt = encode([change.learnt for _, change in part], self.tokenizer)
            asked = [change.taught for _, change in part if self._is_taught(change)] if self.teachers else []
            return part, learnt, encode(asked, self.tokenizer) if asked else None

        with ThreadPoolExecutor(1) as maker:
            waiting: deque[Future[tuple[Part, Batch, Batch | None]]] = deque()
            for part in plan:
                waiting.append(maker.submit(ready, part))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _is_taught(self, change: Changed) -> bool:
        return change.learnt.source not in self.settings.untaught

    def _step(self, part: Part, learnt: Batch, taught: Batch | None) -> float:
        self.optimizer.zero_grad(set_to_none=True)  # here, not at the end: AdaLoRA reads the gradients in after_step
        batch = learnt.to(self.device)
        with mixed_precision(self.device):
            output: OpinionOutput = self.model(**batch.inputs())
        objective = self.objective
        loss = objective.loss(output, batch)
        if self.anchors is not None:
            anchor = self.anchors[torch.tensor([row for row, _ in part], device=self.device)]
            keep = torch.tensor([float(change.same_words) for _, change in part], device=self.device)
            loss = loss + objective.anchor_loss(cast(Tensor, output.embedding), anchor, keep)
        if taught is not None:
            texts = torch.tensor([self._is_taught(change) for _, change in part], device=self.device)
            answers = self.teachers.answer(taught)
            loss = loss + objective.distillation(output, answers, texts, texts[batch.mention_row])
            if self._held_by_teachers:
                embedding = cast(Tensor, output.embedding)[texts]
                held = normalize(cast(Tensor, answers.embedding), dim=-1)
                loss = loss + objective.anchor_loss(embedding, held, torch.ones(len(held), device=self.device))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.trained, 1.0, foreach=True)
        self.optimizer.step()
        self.schedule.step()
        self.mean.update(self.model)
        return float(loss.detach())

    def _assess(self, loss: float) -> None:
        self.mean.swap(self.model)
        judged = judge(self.model, self.tokenizer, self.settings.labelled, self._judged, "choose")
        found = {name: answers.scores("choose") for name, answers in judged.items()}
        if self.settings.feedback is not None:  # its dev rows choose, all of them: those held back are others
            said = judge(self.model, self.tokenizer, self.settings.feedback, self._judged_feedback)
            found |= {name: answers.scores("all") for name, answers in said.items()}
        row = {"epoch": float(self.progress.epoch), "loss": loss}
        for name, scores in found.items():
            row[f"{name}/accuracy"] = scores.accuracy
            row[f"{name}/macro_f1"] = scores.macro_f1
        quality = float(np.mean([row[f"{name}/accuracy"] + row[f"{name}/macro_f1"] for name in found]) / 2)
        self.progress.history.append(row | {"quality": quality})
        log.info("%s", {key: round(value, 4) for key, value in self.progress.history[-1].items()})
        if quality > self.progress.best:
            self.progress.best, self.progress.best_epoch = quality, self.progress.epoch - 1
            self.progress.best_is_start = trained_digest(self.model) == self.start_digest
            if not self.progress.best_is_start:
                self._save_best()
        self.mean.swap(self.model)

    def _save_best(self) -> None:
        """The best model, as a folder that from_pretrained reads; low-rank changes beside it, for a delta."""
        best = self.settings.out / "best"
        if self.method.wrapped is None and self.method.mergeable:
            save_opinion_model(self.model, self.tokenizer, best, torch.float32)
            return
        best.mkdir(parents=True, exist_ok=True)
        learnt = {name: p.detach().clone() for name, p in self.model.named_parameters() if p.requires_grad}
        base = encoder_digest(self.settings.start) if self.settings.start else ""
        changes = {"method": self.method.name, "base": base, "learnt": learnt, "low_rank": low_rank_changes(self.model)}
        torch.save(changes, best / "learnt.pt")

    def _save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "mean": self.mean.mean,
            "updates": self.mean.updates,
            "mean_steps": self.mean.steps,
            "settings": self.settings.fixed(),
            "progress": vars(self.progress),
        }
        save_state(state, self.settings.out / "state.pt")
        (self.settings.out / "history.json").write_text(json.dumps(self.progress.history, indent=1), encoding="utf-8")
        self.tracker.write(self.progress.history[-1], self.progress.epoch)

    def _resume(self) -> None:
        path = self.settings.out / "state.pt"
        if not path.exists():
            return
        if self.method.name == "adalora":
            raise DataError(
                f"--out {self.settings.out}: holds an AdaLoRA run, which is not taken up again; take another folder"
            )
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=self.device)
        now = self.settings.fixed()
        changed = [name for name, value in state["settings"].items() if value != now[name]]
        if changed:
            told = ", ".join(f"{name} was {state['settings'][name]}, is {now[name]}" for name in changed)
            raise DataError(f"--out {self.settings.out}: holds a run with other settings ({told}); take another folder")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.mean.mean, self.mean.updates, self.mean.steps = state["mean"], state["updates"], state["mean_steps"]
        self.progress = Progress(**state["progress"])
        log.info("resuming after epoch %d", self.progress.epoch)
