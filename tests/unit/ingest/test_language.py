from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.language import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Apple shares rose after the company reported earnings", "en"),
        ("Die Aktie von Siemens ist nach der Meldung gestiegen", "de"),
        ("Les actions de la société sont en hausse", "fr"),
        ("Las acciones de la empresa suben con los resultados", "es"),
        ("As ações da empresa não subiram com os resultados", "pt"),
        ("Le azioni della società sono più alte", "it"),
        ("公司公告,拟收购资产", "zh"),
        ("トヨタの株価が上昇", "ja"),
        ("삼성전자 주가 상승", "ko"),
        ("Акции Газпрома растут", "ru"),
        ("أسهم الشركة ترتفع", "ar"),
        ("$AAPL 🚀🚀", "und"),
        ("the beta β of the stock is high", "en"),
        ("", "und"),
    ],
)
def test_guesses(text: str, language: str) -> None:
    assert guess_language(text) == language


@given(st.text())
def test_always_a_tag(text: str) -> None:
    tag = guess_language(text)
    assert tag.isalpha() and tag.islower() and 2 <= len(tag) <= 3
