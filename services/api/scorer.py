"""The model behind POST score and explain: loaded on first use, once for both; one text batch at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from services.api.wire.problems import Problem, unavailable
from shared.universe.securities import Catalogue

if TYPE_CHECKING:
    from services.model.interface import Engine
    from services.scoring.on_demand.score_texts import Explainer, Given
    from services.scoring.rules.speaking import Speakers
    from shared.contract.events import Channel
    from shared.reading.archive.search import Meaning
    from shared.settings import Settings

MOST_WAITING: Final = 8  # requests that may wait for the model; more are told to come back
LOAD_PATIENCE: Final = 20.0  # seconds that a request waits for the model to load
_OWN_MODELS: Final = "ask POST score, or let the API use one of Bellwether's own models"
log = logging.getLogger(__name__)


class Scorer:
    """`score`, `explain` and `meaning` from any thread. Raise Problem."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # of the model: it reads one batch after the other
        self._state = threading.Lock()
        self._waiting = 0
        self._loading: threading.Thread | None = None
        self._engine: Engine | None = None
        self._explainer: Explainer | None = None
        self._rules: Speakers | None = None
        self._failed = ""

    def score(
        self,
        texts: Sequence[str],
        *,
        explain: bool = False,
        rules: bool = True,
        channel: Channel = "news",
        source: str = "",
    ) -> list[dict[str, Any]]:
        """One mapping per text, as services/scoring/on_demand/score_texts.py gives them: the worker's bits. They are
        cleaned, masked and their languages guessed as at ingest; what no model reads is unscored, as there. `rules`:
        under those of the run, which see `channel` and `source`."""
        from services.ingest.documents.handed_in import as_published
        from services.scoring.on_demand.score_texts import Given

        published = [as_published(text) for text in texts]
        given = [Given(text, language=language, channel=channel, source=source) for text, language in published]
        return self._scored(given, explain=explain, rules=self._ruling() if rules else None)

    def explain(self, text: str, about: str = "") -> dict[str, Any]:
        """What led to the answer for a document that a model has read. `about`: a company, whose answer alone it is."""
        from services.scoring.on_demand.score_texts import Given

        explained: dict[str, Any] = self._scored([Given(text)], explain=True, about=about, known=True)[0]["explanation"]
        return explained

    def _scored(
        self,
        texts: Sequence[Given],
        *,
        explain: bool,
        about: str = "",
        known: bool = False,
        rules: Speakers | None = None,
    ) -> list[dict[str, Any]]:
        """`known`: that a model reads them."""
        from services.scoring.on_demand.score_texts import UnreadableTexts, score_texts
        from services.scoring.unread import Readable

        self._enter()
        try:
            engine = self._loaded()
            with self._lock:
                explainer = self._explaining() if explain else None
                readable = None if known else Readable(self._settings.model, engine)
                return list(score_texts(texts, engine, Catalogue.load(), explainer, readable, about, rules))
        except UnreadableTexts as error:
            raise Problem(422, str(error), _OWN_MODELS) from None
        finally:
            with self._state:
                self._waiting -= 1

    def meaning(self, text: str) -> Meaning:
        """The embedding of a question. Raises Problem where the model gives none."""
        from services.model.interface import Request
        from shared.reading.archive.search import Meaning

        self._enter()
        try:
            engine = self._loaded()
            with self._lock:
                answer = engine.score([Request(text)])[0]
        finally:
            with self._state:
                self._waiting -= 1
        if not answer.packed:
            raise Problem(422, "the running model gives no embeddings", "search by words")
        return Meaning(answer.model, answer.packed, answer.scale)

    def _enter(self) -> None:
        if not self._settings.api.score:
            raise unavailable("scoring is switched off here", "set api.score to true, or use: bellwether score")
        with self._state:
            if self._waiting >= MOST_WAITING:
                raise unavailable("the model has enough to do", "try again in a moment, or ask for fewer texts at once")
            self._waiting += 1

    def _loaded(self) -> Engine:
        with self._state:
            if self._engine is not None:
                return self._engine
            if self._loading is None or (self._failed and not self._loading.is_alive()):
                self._failed = ""
                self._loading = threading.Thread(target=self._load, name="load-model", daemon=True)
                self._loading.start()
            loading = self._loading
        loading.join(LOAD_PATIENCE)
        if self._engine is None:
            if self._failed:
                raise unavailable(
                    f"the model cannot be loaded: {self._failed}", "correct model.name; see: bellwether logs"
                )
            raise unavailable("the model is being loaded", "try again in a moment")
        return self._engine

    def _load(self) -> None:
        try:
            from services.model.engine import build_engine
            from services.scoring.provenance.model_fields import in_precision_of
            from shared.clients.redis import connect
            from shared.reading.values.binding import read_binding

            client = connect(self._settings.redis)
            try:
                bound = read_binding(client, self._settings.run)
            finally:
                client.close()
            self._engine = build_engine(in_precision_of(self._settings.model, bound))
        except Exception as error:
            log.exception("the model cannot be loaded")
            self._failed = " ".join(str(error).split())[:300]

    def _ruling(self) -> Speakers:
        """The rules that workers take up at their start; the API does, too, so that both have the same ones."""
        from services.scoring.rules.rule_file import RuleError, rules_of
        from services.scoring.rules.speaking import Speakers

        with self._state:
            if self._rules is None:
                try:
                    self._rules = Speakers(rules_of(self._settings))
                except RuleError as error:
                    raise unavailable(f"the rules cannot be read: {error}", "correct the file") from None
            return self._rules

    def _explaining(self) -> Explainer:
        from services.model.folders import ModelError
        from services.scoring.on_demand.score_texts import load_explainer

        if self._explainer is None:
            try:
                self._explainer = load_explainer(self._settings.model.name, self._settings.model.packs)
            except ModelError as error:
                raise Problem(422, f"this model cannot be explained: {error}", _OWN_MODELS) from None
        return self._explainer
