"""Small walls: what is no text, what is no formula, which variable is no JSON, a damaged list of ports."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dashboard.drawing.formats import csv
from services.api.wire.formats import _csv
from services.embedded.redis import EmbeddedRedis
from services.ingest.documents.cleaning import words_in
from shared.nothing import says_nothing
from shared.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    "text", ["nan", " NaN ", "None", "#NAME?", "#N/A", "[deleted]", "[Removed]", "&#91;deleted]", ""]
)
def test_words_for_no_text_are_none(text: str) -> None:
    assert words_in(text) == ""


@pytest.mark.parametrize("text", ["nan rises", "Nanogen", "#NAME", "none of them", "$NAN", "[deleted] was right", "0"])
def test_whatever_says_more_is_a_text(text: str) -> None:
    assert words_in(text) == text
    assert not says_nothing(text)


def test_what_a_spreadsheet_would_run_is_guarded_heads_too() -> None:
    table = pd.DataFrame({"=cmd": ["=1+1", "@USER sold", "plain"], "n": [-1.5, 2.0, 3.0]})
    assert csv(table) == "'=cmd,n\n'=1+1,-1.5\n'@USER sold,2.0\nplain,3.0\n"
    rows = [{"text": '=HYPERLINK("x")', "score": -0.5}, {"text": "up", "score": 0.5}]
    assert _csv(rows).decode() == 'text,score\r\n"\'=HYPERLINK(""x"")",-0.5\r\nup,0.5\r\n'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BELLWETHER_INGEST__RSS", "[secret-feed"),
        ("BELLWETHER_MODEL__PACKS", "secret-feed"),
        ("BELLWETHER_AGGREGATION__STRATEGIES", '{"secret-feed":'),
        ("BELLWETHER_KAFKA", "{secret-feed"),
    ],
)
def test_a_variable_that_is_no_json_is_named_and_not_shown(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} is not JSON") as caught:
        load_settings(tmp_path)
    assert "secret-feed" not in str(caught.value)
    assert "lists and mappings are JSON" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"port": "x"}', b'{"port": 70000}', b'{"port": true}', b"[" * 100_000]
)
def test_a_damaged_list_of_ports_is_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_bytes(content)
    service = EmbeddedRedis(tmp_path)
    assert service.kept_port() == 0
    assert service._take_ports("port") == []
    assert 1024 < service.kept_port() == service.port < 65_536
