"""What a kind of source is: a line about it, its options, how one is built. Each source's module has one, `KIND`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from services.ingest.documents.normalise import FIELDS, Reading
from services.ingest.sources.source import LiveSource, SourceError
from shared.addresses import named
from shared.clock import Clock
from shared.contract.events import Channel
from shared.settings import IngestSettings, SourceSettings
from shared.universe.securities import Catalogue

_SHOWN_CHARS: Final = 200


class SourceOptions(BaseModel):
    """What every kind takes. `PLACE` names the options that say what is read: with another value it is another place,
    which begins anew; the others may change, and the source goes on where it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    PLACE: ClassVar[tuple[str, ...]] = ()
    channel: Channel = Field("news", description="news or social, for items that do not say it themselves.")

    @property
    def place(self) -> str:
        """An address that may hold a key is named by what may be shown of it and a hash."""
        return msgspec.json.encode([named(str(getattr(self, name))) for name in self.PLACE]).decode()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source is built with beside its own options."""

    settings: IngestSettings
    catalogue: Catalogue
    clock: Clock


Options = TypeVar("Options", bound=SourceOptions)


@dataclass(frozen=True, slots=True)
class SourceKind(Generic[Options]):
    """`build(name, options, surroundings)` raises SourceError for options that cannot be used together."""

    summary: str
    options: type[Options]
    build: Callable[[str, Options, Surroundings], LiveSource]

    def make(self, source: SourceSettings, surroundings: Surroundings) -> LiveSource:
        """The source. Raises SourceError, naming the option and the remedy."""
        return self.build(source.name, self.read(source), surroundings)

    def read(self, source: SourceSettings) -> Options:
        """The options, judged. Raises SourceError."""
        try:
            return self.options.model_validate(source.options)
        except ValidationError as error:
            raise SourceError(f"source {source.name} ({source.kind}): {self._why(error)}") from None

    def _why(self, error: ValidationError) -> str:
        first = error.errors(include_url=False, include_input=False)[0]
        option = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            return f"there is no option {option!r}; options: {', '.join(self.options.model_fields)}"
        if first["type"] == "missing":
            field = self.options.model_fields.get(option)
            return f"it needs {option}: {field.description if field else ''}"
        return f"{option or 'options'}: {first['msg'].removeprefix('Value error, ')}"[:_SHOWN_CHARS]


def ledger_key(name: str, options: SourceOptions) -> str:
    """Under which the ledger keeps its cursor: its name, and the place that is read."""
    return f"{name}@{options.place}"


def reading_of(name: str, options: SourceOptions, *, live: bool = True) -> Reading:
    """Items of the feed `name`, and called that."""
    return Reading(options.channel, name, live=live, feed=name)


def check_fields(name: str, mapping: Mapping[str, str]) -> None:
    """Raises SourceError when the option `map` of the source `name` names a field that there is not."""
    if unknown := sorted(mapping.keys() - set(FIELDS)):
        raise SourceError(f"source {name}: map: there is no field {unknown[0]!r}; fields: {', '.join(FIELDS)}")


def is_secret(option: FieldInfo) -> bool:
    return "SecretStr" in str(option.annotation)


def secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def shown_options(kind: SourceKind[Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a person may see them: secrets are not, nor are those of a kind that nobody knows."""
    fields = kind.options.model_fields if kind else {}
    return {name: "…" if name not in fields or is_secret(fields[name]) else value for name, value in given.items()}
