"""Every setting, documented where it is declared; built once in main(), frozen, passed on, never read at import.

Order of precedence: keyword arguments, environment (`BELLWETHER_KAFKA__BOOTSTRAP_SERVERS=…`), `STATE/bellwether.yaml`,
`STATE/endpoints.json` (written by `bellwether up` for the embedded services), the defaults below.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from shared.addresses import is_loopback, split_password
from shared.clients.state_folder import StateFolder
from shared.contract.names import PATTERN as NAME_PATTERN
from shared.universe.expected.files_in_use import date_files, use_dates
from shared.universe.own_files import own_in, use_files
from shared.unreadable import why_unreadable
from shared.yaml_text import parse_yaml


class SettingsError(ValueError):
    """A setting that cannot be used; the text names it and the remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    bootstrap_servers: str = Field("127.0.0.1:9092", description="Comma-separated brokers, host:port.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the brokers."
    )
    ssl_cafile: str | None = Field(None, description="CA certificates (PEM) that sign the brokers' certificates.")
    ssl_certfile: str | None = Field(None, description="Client certificate (PEM) for mutual TLS.")
    ssl_keyfile: str | None = Field(None, description="Private key of the client certificate (PEM).")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field("PLAIN", description="SASL mechanism.")
    sasl_username: str | None = Field(None, description="SASL user name.")
    sasl_password: SecretStr | None = Field(None, description="SASL password; never logged.")
    document_partitions: int = Field(4, ge=1, description="Partitions of each documents.* topic when it is created.")
    opinion_partitions: int = Field(
        8, ge=1, description="Partitions of `opinions` when it is created = slots in Redis."
    )
    retention_bytes: int = Field(-1, description="Size limit per partition in bytes; -1 keeps everything.")
    replication: int = Field(
        0, ge=0, le=32767, description="Copies of each topic when it is created; 0 leaves it to the brokers."
    )
    min_insync_replicas: int = Field(
        0, ge=0, description="Copies that must have a record before it counts as written; 0 leaves it to the brokers."
    )


class RedisSettings(_Section):
    url: str = Field(
        "redis://127.0.0.1:6379/0",
        description="Redis address, redis:// or rediss://; a password in it is taken as `password`. A cluster's "
        "may name several hosts, with commas.",
    )
    password: SecretStr | None = Field(None, description="Redis password; never logged.")
    ssl_cafile: str | None = Field(None, description="CA certificates (PEM) for rediss://; None: those of the system.")
    cluster: bool = Field(False, description="Whether the address is a Redis Cluster.")
    timeout_seconds: float = Field(5.0, gt=0, description="Socket timeout for one command.")

    @model_validator(mode="after")
    def _several_are_a_cluster(self) -> RedisSettings:
        if "," in self.url.partition("://")[2].partition("/")[0] and not self.cluster:
            raise ValueError("several addresses are those of a Redis Cluster; set redis.cluster, or name one address")
        return self

    @model_validator(mode="before")
    @classmethod
    def _password_apart(cls, given: Any) -> Any:
        """A password inside the address goes where passwords are: an address is shown, logged and reported."""
        if isinstance(given, dict) and isinstance(given.get("url"), str):
            url, password = split_password(given["url"])
            if password:
                return given | {"url": url, "password": password}
        return given


class ModelSettings(_Section):
    name: str = Field(
        "bellwether-mini",
        description="A name under models/, a folder, a Hub id of any sequence-classification model, or `stub` (tests).",
    )
    packs: dict[str, str] = Field(
        {"zh": "bellwether-zh"},
        description="Models of single languages: language (as in a document) to a name, folder or Hub id; '': none.",
    )
    languages: tuple[str, ...] = Field(
        (),
        description="Languages that the main model reads, as en; a text in another is counted as unscored. Empty: "
        "English for the models that come with Bellwether, every language for others.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where to run; auto uses CUDA if it is available."
    )
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto",
        description="auto measures what is fast on this machine without changing answers; kept per machine.",
    )
    token_budget: int = Field(8192, ge=256, description="Padded tokens in one forward pass.")
    window_tokens: int = Field(256, ge=16, le=512, description="Longer texts are read in windows of this many tokens.")
    max_windows: int = Field(8, ge=1, description="Windows read per text; the rest is not read.")
    compile: bool = Field(True, description="Compile and use the int8 kernel where a C++ compiler is available.")
    threads: int = Field(0, ge=0, description="torch threads; 0 leaves torch's own choice.")


class ScoringSettings(_Section):
    max_batch: int = Field(512, ge=1, description="Documents handed to the model at once, at most.")
    max_wait_ms: int = Field(20, ge=0, description="How long a batch waits for more documents.")
    queue_documents: int = Field(2048, ge=1, description="Bound of the queue between reading and scoring.")
    dead_letter_limit: float = Field(
        0.5, gt=0, le=1, description="A worker whose share of dead letters in a window passes this stops (exit code 4)."
    )
    dead_letter_window: int = Field(200, ge=10, description="Documents over which that share is measured.")


class AggregationSettings(_Section):
    max_batch: int = Field(2000, ge=1, description="Opinions applied to a slot in one atomic step, at most.")
    max_wait_ms: int = Field(20, ge=0, description="How long a batch waits for more opinions.")
    queue_opinions: int = Field(20000, ge=1, description="Bound of the queue between reading and applying.")
    keep_minutes_days: int = Field(
        3, ge=1, description="Days of minute buckets kept behind a company's newest opinion."
    )
    keep_hours_days: int = Field(400, ge=1, description="Days of hour buckets kept.")
    keep_days_days: int = Field(7300, ge=1, description="Days of day buckets kept.")
    duplicate_days: int = Field(
        7, ge=1, description="Days of a partition's own event time in which a copy is recognised."
    )
    strategies: tuple[str, ...] = Field(("pulse",), description="Strategies run side by side: built-in names or files.")
    lateness_seconds: int = Field(60, ge=0, description="How long after T, in event time, a signal for T waits.")


class AlertSettings(_Section):
    rules: str = Field("standard", description="Rule file of the alerts: a built-in name or a YAML file.")
    secrets: dict[str, SecretStr] = Field(
        {}, description="Values of ${NAME} in the rule file, where the environment has none; never logged."
    )
    outside_hours: float = Field(
        48.0,
        ge=0,
        description="A signal known for longer than this alerts on the dashboard alone (history that was loaded; "
        "synthetic samples excepted). 0: no limit.",
    )
    link: str = Field("", description="Address of the dashboard as its readers see it; alerts then link to it.")
    timeout_seconds: float = Field(10.0, gt=0, description="Timeout of one delivery attempt.")
    give_up_hours: float = Field(24.0, gt=0, description="A delivery is given up after failing for this long.")


class SourceSettings(BaseModel):
    """One source of documents. What else stands in it are the options of its kind (docs/sources.md)."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: str = Field(pattern=NAME_PATTERN, description="Its name: the feed of its items, and what pages call it.")
    kind: str = Field(description="What it is, as `bellwether sources kinds` lists them.")

    @property
    def options(self) -> dict[str, Any]:
        """As they stand there; the kind judges them."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from (("name", self.name), ("kind", self.kind))  # options may be secrets


class IngestSettings(_Section):
    sources: tuple[SourceSettings, ...] = Field(
        (),
        description="Sources, each `{name: …, kind: …}` with the options of its kind (docs/sources.md); those that "
        "`bellwether sources add` keeps in STATE/sources.yaml come behind them.",
    )
    author_key: SecretStr | None = Field(
        None, description="Key of the author hashes; by default a random one kept in STATE/author.key (mode 0600)."
    )
    rss: tuple[str, ...] = Field((), description="RSS/Atom feeds to poll.")
    rss_seconds: float = Field(60.0, gt=0, description="Seconds between two polls of a feed.")
    bluesky_url: str | None = Field(None, description="Jetstream endpoint, wss://…/subscribe; none turns it off.")
    mastodon_url: str | None = Field(None, description="Mastodon streaming endpoint; none turns it off.")
    mastodon_token: SecretStr | None = Field(None, description="Access token, if the instance requires one.")
    keywords: tuple[str, ...] = Field(
        (), description="Social posts must hold one of these, or a cashtag; empty: linked ones."
    )
    zone_names: dict[str, str] = Field(
        {},
        description="Time zones of names that mean several or are not known, such as IST = Asia/Kolkata; a time with "
        "such a name is refused otherwise.",
    )
    tick_seconds: float = Field(5.0, gt=0, description="Seconds between two ticks on every documents.* partition.")
    sample: bool = Field(False, description="Feed the synthetic week.")
    sample_speed: float = Field(2000.0, gt=0, description="Event seconds of the synthetic week fed per second.")
    max_response_bytes: int = Field(
        2_000_000,
        ge=1000,
        description="Larger responses, and events of a stream, are refused; a feed has 2 MB at most.",
    )
    timeout_seconds: float = Field(
        15.0, gt=0, description="Deadline of one request to a feed: name, connection, headers and body together."
    )
    contact: str = Field(
        "",
        max_length=200,
        pattern=r"^[\x20-\x27\x2a-\x7e]*$",
        description="Address (mail or web) that the servers' people can write to; sent in the User-Agent.",
    )
    redirects_inside: tuple[str, ...] = Field(
        (),
        description="Hosts or networks (10.0.0.0/8) that are not public, and to which feeds may redirect all the same.",
    )

    @field_validator("sources")
    @classmethod
    def _have_names_of_their_own(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two sources are called {twice[0]!r}; items belong to a name, give each its own")
        return sources

    @field_validator("zone_names")
    @classmethod
    def _are_zones(cls, names: dict[str, str]) -> dict[str, str]:
        for name, zone in names.items():
            if zone not in available_timezones():
                raise ValueError(f"{name} = {zone} is not a time zone; use, for example, Asia/Kolkata")
        return {name.upper(): zone for name, zone in names.items()}


class BacktestSettings(_Section):
    price_urls: dict[str, str] = Field(
        {},
        description="Price providers by name: address of daily prices as CSV, with {ticker}, {begin} and {end} "
        "(YYYY-MM-DD; {begin:%Y%m%d} for another form). `bellwether backtest --prices NAME` uses it.",
    )
    latency_seconds: int = Field(
        1, ge=0, description="From a signal's being known to an order's being at the exchange, in back-tests on bars."
    )
    timeout_seconds: float = Field(20.0, gt=0, description="Deadline of one request to a price provider, all in all.")
    max_response_bytes: int = Field(20_000_000, ge=1000, description="Larger responses from a provider are refused.")
    redirects_inside: tuple[str, ...] = Field(
        (), description="Hosts or networks that are not public, and to which providers may redirect all the same."
    )


class ArchiveSettings(_Section):
    address: str = Field(
        "",
        description="Where the archive lies: s3://bucket/folder, gs:// or az://; by default in the state folder.",
    )
    options: dict[str, SecretStr] = Field(
        {}, description="What the object store asks for (aws_access_key_id, aws_endpoint, …), as LanceDB names it."
    )
    max_wait_ms: int = Field(800, ge=0, description="Records wait this long for others to be written with.")
    max_batch: int = Field(4_000, gt=0, description="Records written at once, at most.")
    queue_records: int = Field(20_000, gt=0, description="Records held in memory; when full, reading pauses.")
    upkeep_seconds: float = Field(60.0, gt=0, description="Between two compactions, and updates of the indices.")


class UniverseSettings(_Section):
    files: tuple[Path, ...] = Field(
        (),
        description="Your own instruments, laid over the shipped ones at the next start: CSV or Parquet, ticker and "
        "name suffice. Relative paths start in the state folder; files in STATE/universe are read as well.",
    )


class RuleSettings(_Section):
    files: tuple[str, ...] = Field(
        ("standard",),
        description="Rules over what was read (docs/rules.md), applied from the next start on: built-in names or YAML "
        "files. Relative paths start in the state folder; files in STATE/rules are read as well.",
    )


class RelationSettings(_Section):
    files: tuple[Path, ...] = Field(
        (),
        description="Your own relations between companies (docs/relations.md), laid over the universe's. Relative "
        "paths start in the state folder; STATE/relations.csv is read as well.",
    )
    parents: bool = Field(True, description="A company and its subsidiaries are related.")
    industries: bool = Field(True, description="Companies of one industry and size are related.")
    most: int = Field(10, ge=1, le=50, description="Companies that one company listens to, the strongest, at most.")
    pass_on: bool = Field(
        False,
        description="Opinions are passed on to related companies: strategies that name peers_level or peers_change "
        "count them. A replay with such a strategy does it by itself.",
    )


class ExpectedSettings(_Section):
    files: tuple[Path, ...] = Field(
        (),
        description="Your own lists of expected dates, as earnings (docs/strategies.md), read at the next start. "
        "Relative paths start in the state folder; STATE/events.csv is read as well.",
    )


class WorkerSettings(_Section):
    session_timeout_seconds: float = Field(6.0, gt=0, description="A silent worker loses its partitions after this.")
    heartbeat_seconds: float = Field(1.5, gt=0, description="Seconds between heartbeats.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Level of STATE/logs/*.jsonl.")
    metrics_host: str = Field("127.0.0.1", description="Address on which a worker answers /metrics; no key is asked.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of a worker's /metrics; 0 picks a free one.")


class MetricsSettings(_Section):
    host: str = Field("127.0.0.1", description="Address on which /metrics of the run is answered; no key is asked.")
    port: int = Field(
        9464, ge=0, le=65535, description="Its port; a free one is taken when it is in use (see `bellwether status`)."
    )


class TracesSettings(_Section):
    endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+(/[A-Za-z0-9._~/-]*)?)?$",
        description="Address of an OpenTelemetry collector (OTLP over HTTP), for example, http://127.0.0.1:4318; "
        "spans go to its /v1/traces. Empty: nothing is traced.",
    )
    share: float = Field(0.01, gt=0, le=1, description="Share of documents, and of API requests, that are traced.")
    token: SecretStr | None = Field(None, description="Bearer token for the collector; never logged.")


class DashboardSettings(_Section):
    host: str = Field("127.0.0.1", description="Address the dashboard binds to.")
    port: int = Field(
        8501, ge=0, le=65535, description="Port of the dashboard; the next free one is taken when it is in use."
    )
    base_path: str = Field(
        "",
        pattern=r"^(/?[A-Za-z0-9._~-]+)*/?$",
        description="Path under which a reverse proxy serves the dashboard, for example, tools/bellwether.",
    )
    refresh_seconds: float = Field(2.0, gt=0, description="How often live parts of a page read Redis.")
    url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+(/[A-Za-z0-9._~/-]*)?)?$",
        description="Address of the dashboard as its readers see it, with the base path; logging in needs it.",
    )
    oidc_issuer: str = Field("", description="OpenID Connect provider, https://…; turns logging in on.")
    oidc_client_id: str = Field("", description="What the provider calls this dashboard.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there, if it has one; never logged.")
    oidc_role_claim: str = Field("roles", description="Claim of the ID token that holds a user's roles or groups.")
    roles: dict[str, Literal["viewer", "analyst", "admin"]] = Field(
        {"viewer": "viewer", "analyst": "analyst", "admin": "admin"},
        description="Value of that claim, or of proxy_role_header, to role: viewer (reads), analyst (has watchlists "
        "and ratings), admin (sees the audit log, too). The highest one counts.",
    )
    default_role: Literal["", "viewer", "analyst", "admin"] = Field(
        "", description="Role of a user whose claim names none; empty: such a user is refused."
    )
    proxy_user_header: str = Field(
        "", description="Header in which a proxy names the user, say X-Forwarded-User; instead of OIDC."
    )
    proxy_role_header: str = Field("", description="Header in which it names the user's roles, commas between.")
    proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks of those proxies (10.0.0.0/8); from nowhere else is the header believed."
    )
    session_hours: float = Field(12.0, gt=0, description="How long a login lasts; then pages end, too.")
    insecure: bool = Field(
        False, description="Whether an address other than loopback is served although nobody has to log in."
    )
    api_key: SecretStr | None = Field(
        None, description="Key (role read) by which the page of a document asks the API for words; never logged."
    )

    @property
    def has_login(self) -> bool:
        return bool(self.oidc_issuer or self.proxy_user_header)

    def exposed(self, host: str) -> str:
        """Why the dashboard may not listen on `host` ("": on every address), with the remedy; "" where it may."""
        if self.has_login or self.insecure or is_loopback(host):
            return ""
        return (
            f"the dashboard would show everything to whoever reaches {host or 'this machine'}: nobody logs in. Let "
            "people log in (dashboard.oidc_issuer or dashboard.proxy_user_header, see docs/login.md), listen on "
            "127.0.0.1, or say that it is meant so: --insecure, or dashboard.insecure"
        )

    @model_validator(mode="after")
    def _login_is_whole(self) -> DashboardSettings:
        if self.oidc_issuer and self.proxy_user_header:
            raise ValueError("oidc_issuer and proxy_user_header are two ways to log in; set one of them")
        if self.oidc_issuer and not (self.oidc_client_id and self.url):
            raise ValueError("logging in by oidc_issuer needs oidc_client_id and url (as the browser sees it), too")
        if self.oidc_issuer.startswith("http://") and not is_loopback(
            self.oidc_issuer.split("/")[2].rpartition(":")[0]
        ):
            raise ValueError("oidc_issuer must be https://…")
        if self.proxy_user_header and not self.proxies:
            raise ValueError("proxy_user_header needs proxies: anybody could send the header")
        return self


class ApiSettings(_Section):
    host: str = Field("127.0.0.1", description="Address the API binds to; any other wants keys (bellwether keys).")
    port: int = Field(
        8600, ge=0, le=65535, description="Port of the API; the next free one is taken when it is in use."
    )
    tls_certfile: str | None = Field(
        None, description="Own certificate (PEM) of the API; none: HTTP, say behind a proxy."
    )
    tls_keyfile: str | None = Field(None, description="Private key of that certificate (PEM).")
    score: bool = Field(
        True, description="Whether POST score and explain are offered; they load the model on first use."
    )
    rate: int = Field(6000, ge=1, description="Requests a minute of a key that has no rate of its own.")
    timeout_seconds: float = Field(30.0, gt=0, description="A request that takes longer is given up; streams excepted.")
    max_body_bytes: int = Field(8_000_000, ge=1000, description="Larger request bodies are refused.")
    max_requests: int = Field(200, ge=1, description="Requests served at once by a process, streams excepted.")
    max_streams: int = Field(500, ge=0, description="Streams served at once by a process.")


class PhrasingSettings(_Section):
    url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Address of an OpenAI-compatible API (…/v1) that puts answers into sentences; empty: none does.",
    )
    model: str = Field("", description="Name of the model there.")
    key: SecretStr | None = Field(None, description="Its key, if it wants one; never logged.")
    seconds: float = Field(15.0, gt=0, le=25, description="How long one answer may take.")

    @model_validator(mode="after")
    def _model_is_named(self) -> PhrasingSettings:
        if self.url and not self.model:
            raise ValueError("url names no model by itself; set ask.phrasing.model, too")
        return self


class AskSettings(_Section):
    phrasing: PhrasingSettings = PhrasingSettings()


class Settings(BaseSettings):
    """All settings of one process. Frozen."""

    model_config = SettingsConfigDict(
        env_prefix="BELLWETHER_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    state_dir: Path = Field(
        default_factory=lambda: default_state_dir(),  # noqa: PLW0108  declared further down
        description="Everything Bellwether keeps on this machine.",
    )
    run: str = Field("live", pattern=NAME_PATTERN, description="Run that the workers belong to.")
    profile: str = Field(
        "default",
        pattern=NAME_PATTERN,
        description="Analyst profile whose watchlists and ratings are used where none is named.",
    )
    machine: str = Field(
        "", max_length=253, description="What this machine is called in workers' names and reports; else its host name."
    )
    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    model: ModelSettings = ModelSettings()
    scoring: ScoringSettings = ScoringSettings()
    aggregation: AggregationSettings = AggregationSettings()
    alerts: AlertSettings = AlertSettings()
    ingest: IngestSettings = IngestSettings()
    backtest: BacktestSettings = BacktestSettings()
    archive: ArchiveSettings = ArchiveSettings()
    universe: UniverseSettings = UniverseSettings()
    rules: RuleSettings = RuleSettings()
    relations: RelationSettings = RelationSettings()
    expected: ExpectedSettings = ExpectedSettings()
    worker: WorkerSettings = WorkerSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TracesSettings = TracesSettings()
    dashboard: DashboardSettings = DashboardSettings()
    api: ApiSettings = ApiSettings()
    ask: AskSettings = AskSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = _StateFiles(settings_cls, _state_from(init_settings(), env_settings()))
        return init_settings, env_settings, files

    def digest(self) -> str:
        """16 hex digits that name this configuration (without secrets and machine-specific addresses)."""
        aside = (
            "state_dir",
            "profile",
            "machine",
            "kafka",
            "redis",
            "alerts",
            "metrics",
            "dashboard",
            "api",
            "archive",
            "ask",
        )
        named = ("universe", "rules", "relations", "expected")  # these have digests of their own
        left_out: Any = dict.fromkeys((*aside, *named), True)
        plain = self.model_dump(mode="json", exclude={**left_out, "ingest": {"sources"}})
        return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()


class _StateFiles(PydanticBaseSettingsSource):
    """`STATE/bellwether.yaml` over `STATE/endpoints.json`, and the sources of `STATE/sources.yaml`."""

    def __init__(self, settings_cls: type[BaseSettings], state: Path) -> None:
        super().__init__(settings_cls)
        self._state = state

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        endpoints, own = StateFolder(self._state).endpoints, StateFolder(self._state).settings
        merged: dict[str, Any] = _parsed(endpoints, json.loads)
        loaded: dict[str, Any] = {}
        if own.exists():
            loaded = _parsed(own, parse_yaml) or {}
            if not isinstance(loaded, dict):
                raise SettingsError(f"{own}: expected a mapping of sections, e.g. 'redis: {{url: redis://…}}'")
        for section, field in _ADDRESSES.items():
            if _elsewhere(merged.get(section), field, (self.current_state.get(section), loaded.get(section))):
                del merged[section]
        for section, values in loaded.items():
            if isinstance(values, dict) and isinstance(merged.get(section), dict):
                merged[section] = merged[section] | values
            else:
                merged[section] = values
        if added := kept_sources(self._state):
            ingest = dict(merged.get("ingest") or {})
            merged["ingest"] = ingest | {"sources": [*(ingest.get("sources") or ()), *added]}
        return merged


def kept_sources(state: Path) -> list[dict[str, Any]]:
    """The sources that `bellwether sources add` keeps. Raises SettingsError."""
    file = StateFolder(state).sources
    kept = _parsed(file, parse_yaml) or []
    if not isinstance(kept, list) or not all(isinstance(each, dict) for each in kept):
        raise SettingsError(f"{file}: expected a list of sources, e.g. '- {{name: wire, kind: rss, url: https://…}}'")
    return kept


_TELLS = frozenset(
    {"literal_error", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "string_pattern_mismatch"}
)
_LONGEST_TOLD = 40
_ADDRESSES = {"kafka": "bootstrap_servers", "redis": "url"}


def _elsewhere(embedded: Any, field: str, named: tuple[Any, ...]) -> bool:
    """Whether somebody named another server: the password of our own is then not for it."""
    own = embedded.get(field) if isinstance(embedded, dict) else None
    given = [each.get(field) if isinstance(each, dict) else getattr(each, field, None) for each in named]
    first = next((address for address in given if address is not None), None)
    return own is not None and first is not None and str(first) != own


def _parsed(file: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(file.read_text()) if file.exists() else {}
    except (ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be read: {why_unreadable(error)}") from None


def _state_from(*sources: dict[str, Any]) -> Path:
    for source in sources:
        if source.get("state_dir"):
            return Path(source["state_dir"])
    return default_state_dir()


def is_named(settings: Settings, section: str, field: str) -> bool:
    """Whether somebody gave this setting a value (pydantic's own record counts a section's defaults, too)."""
    own: Any = _parsed(StateFolder(Path(settings.state_dir)).settings, parse_yaml) or {}
    given: BaseModel = getattr(settings, section)
    variable = f"BELLWETHER_{section}__{field}".upper()
    return (
        getattr(given, field) != type(given).model_fields[field].default
        or variable in {name.upper() for name in os.environ}
        or field in (own.get(section) or {})
    )


def default_state_dir() -> Path:
    """`$XDG_STATE_HOME/bellwether`, else `~/.local/state/bellwether`."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "bellwether"


def default_cache_dir() -> Path:
    """`$XDG_CACHE_HOME/bellwether`, else `~/.cache/bellwether`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bellwether"


def load_settings(state: Path | None = None, **overrides: Any) -> Settings:
    """Settings of this process. `overrides` are sections or fields; raises SettingsError naming the bad setting."""
    if state is not None:
        overrides["state_dir"] = state.expanduser().absolute()
    try:
        settings = Settings(**overrides)
        use_files([*(settings.state_dir / file for file in settings.universe.files), *own_in(settings.state_dir)])
        use_dates(date_files(settings.state_dir, settings.expected.files))
        return settings
    except ValidationError as error:
        first = error.errors()[0]
        name = "BELLWETHER_" + "__".join(str(part).upper() for part in first["loc"])
        raise SettingsError(f"{name}: {first['msg']}{_given(first)}") from None
    except UnreadableSetting as error:
        example = "lists and mappings are JSON, as in BELLWETHER_INGEST__RSS='[\"https://…\"]'"
        raise SettingsError(f"{_no_json() or error}; {example}") from None


def _no_json() -> str:
    """The variables of the environment that are to be JSON and are not; "" where none is found. No value is shown."""
    found = []
    for name, value in sorted(os.environ.items()):
        section, _, field = name.upper().removeprefix("BELLWETHER_").lower().partition("__")
        if not name.upper().startswith("BELLWETHER_") or section not in Settings.model_fields:
            continue
        fields = getattr(Settings.model_fields[section].annotation, "model_fields", None)
        if fields is None or (field and (field not in fields or fields[field].annotation in _PLAIN)):
            continue
        try:
            json.loads(value)
        except ValueError as error:
            found.append(f"{name} is not JSON ({error})")
    return "; ".join(found)


_PLAIN = (str, int, float, bool, Path)  # what a variable holds as it is


def _given(fault: Any) -> str:
    """What was given, where it can be no secret: a choice, a number, a name. A misspelt setting may hold a password."""
    value = fault.get("input")
    if fault["type"] in _TELLS and isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_TOLD:
        return f" (got {value!r})"
    secret = any(word in str(fault["loc"]).upper() for word in ("PASSWORD", "TOKEN", "KEY", "SECRET"))
    return " (got a secret)" if secret else ""
