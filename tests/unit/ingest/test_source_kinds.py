"""Every kind and preset can be used as it is written down, and what a person gets wrong is told by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.ingest.documents.normalise import FIELDS
from services.ingest.presets import UnknownPreset, preset, presets
from services.ingest.registry import KINDS, build_source, load_kind
from services.ingest.source_list import add_source, check_secrets, option_values, remove_source
from services.ingest.sources.kind import shown_options
from services.ingest.sources.source import SourceError
from shared.clock import ReplayClock
from shared.settings import IngestSettings, Settings, SettingsError, SourceSettings, kept_sources, load_settings
from shared.universe.securities import Catalogue

EXAMPLES: dict[str, dict[str, Any]] = {
    "tickers": {"tickers": ["AAPL"]},
    "symbols": {"symbols": ["AAPL"]},
    "client_id": {"client_id": "id"},
    "client_secret": {"client_secret": "secret"},
}


def build(kind: str, **options: Any) -> Any:
    source = SourceSettings(name="one", kind=kind, **options)
    settings = IngestSettings(contact="me@example.com")
    return build_source(source, settings, Catalogue.load(), ReplayClock(1_790_000_000_000_000))


@pytest.mark.parametrize("name", presets())
def test_every_preset_makes_a_source(name: str) -> None:
    known = preset(name)
    asked = {key: value for each in known.asks for key, value in EXAMPLES[each].items()}
    source = build(known.kind, **known.options, **asked)
    assert source.reading.source == source.reading.feed == "one" and source.reading.live
    assert known.about and known.terms and not known.called
    assert set(known.options.get("map", {})) <= set(FIELDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_a_kind_is_described(kind: str) -> None:
    known = load_kind(kind)
    assert known.summary
    fields = known.options.model_fields
    assert all(field.description for field in fields.values())
    assert set(known.options.PLACE) <= set(fields)


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("fax", {}, "there is no kind 'fax'"),
        ("rss", {}, "needs url, urls or opml"),
        ("rss", {"url": "ftp://x.example/feed"}, "is not an http(s) address"),
        ("rss", {"url": "https://x.example/{ticker}"}, "tickers and {ticker} in url belong together"),
        ("rss", {"url": "https://x.example/", "colour": 1}, "there is no option 'colour'; options: channel, url"),
        ("rss", {"url": "https://x.example/", "seconds": "soon"}, "seconds: Input should be a valid number"),
        ("rss", {"url": "https://x.example/", "map": {"body": "b"}}, "there is no field 'body'"),
        ("rss", {"url": "https://x.example/", "channel": "radio"}, "channel: Input should be 'news' or 'social'"),
    ],
)
def test_what_cannot_be_used_is_told_by_name(kind: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(SourceError) as error:
        build(kind, **options)
    assert told in str(error.value) and "one" in str(error.value)


def test_a_source_keeps_its_cursor_while_it_reads_the_same_place() -> None:
    here = build("rss", url="https://x.example/")
    assert build("rss", url="https://x.example/", seconds=9).key == here.key
    assert build("rss", url="https://x.example/", map={"text": "body"}).key != here.key


def test_sources_are_kept_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "bellwether.yaml").write_text(
        "# mine\ningest: {sources: [{name: own, kind: rss, url: 'https://a.example'}]}\n"
    )
    add_source(tmp_path, SourceSettings(name="added", kind="rss", url="https://b.example/"))  # type: ignore[call-arg]
    assert [source.name for source in load_settings(tmp_path).ingest.sources] == ["own", "added"]
    with pytest.raises(SourceError, match="there is a source own already"):
        add_source(tmp_path, SourceSettings(name="own", kind="rss", url="https://b.example/"))  # type: ignore[call-arg]
    with pytest.raises(SourceError, match="in your settings"):
        remove_source(tmp_path, "own")
    remove_source(tmp_path, "added")
    assert kept_sources(tmp_path) == [] and (tmp_path / "bellwether.yaml").read_text().startswith("# mine")
    with pytest.raises(SourceError, match="there is no source added"):
        remove_source(tmp_path, "added")
    (tmp_path / "sources.yaml").write_text("name: one")
    with pytest.raises(SettingsError, match="expected a list of sources"):
        load_settings(tmp_path)


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = [{"name": "a", "kind": "rss"}, {"name": "a", "kind": "rss"}]
    with pytest.raises(SettingsError, match="two sources are called 'a'"):
        load_settings(tmp_path, ingest={"sources": twice})


def test_a_secret_is_neither_shown_nor_hashed_nor_taken_from_a_command_line(tmp_path: Path) -> None:
    hidden = SourceSettings(name="a", kind="fax", token="hush")  # type: ignore[call-arg]
    assert "hush" not in repr(hidden) and shown_options(None, hidden.options) == {"token": "…"}
    plain, other = (Settings(state_dir=tmp_path, ingest=IngestSettings(sources=each)) for each in ((), (hidden,)))
    assert plain.digest() == other.digest()
    assert option_values(["a=1", "b=[x, y]", "c=@-", "d=", "e=x: y: z"], lambda file: f"read {file}\n") == {
        "a": 1, "b": ["x", "y"], "c": "read -", "d": "", "e": "x: y: z",
    }  # fmt: skip
    with pytest.raises(SourceError, match="NAME=VALUE"):
        option_values(["alone"], str)
    check_secrets(SourceSettings(name="a", kind="rss"), ["url=https://x.example"])


def test_an_unknown_preset_says_where_they_are_listed() -> None:
    with pytest.raises(UnknownPreset, match="sources presets"):
        preset("nobody")
