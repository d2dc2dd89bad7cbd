"""The page of a document, before it is drawn: pieces of text, facts, and what is said where nobody answers."""

from __future__ import annotations

import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.drawing.palette import LIGHT, faint
from dashboard.drawing.unfolding import document_page, movement_tree
from dashboard.reading.documents.background import Background
from dashboard.reading.documents.explanations import (
    Explained,
    Explanation,
    Share,
    api_address,
    parsed,
    refused,
    unreachable,
)
from shared.contract.contributions import Mean
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.reading.unfolding.movement import Weighed, unfold
from shared.settings import load_settings
from tests.unit.unfolding.test_movement import DOCUMENT, document

UTC = ZoneInfo("UTC")


@given(st.text(max_size=30), st.text(min_size=1, max_size=60), st.data())
def test_pieces_are_the_text_whatever_is_coloured(title: str, text: str, data: st.DataObject) -> None:
    whole = f"{title}\n{text}".strip()
    cuts = sorted(set(data.draw(st.lists(st.integers(0, len(whole)), max_size=10))))
    words = [Share(a, b, data.draw(st.floats(-2, 2))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    explained = Explained(data.draw(st.sampled_from(["positive", "neutral", "negative"])), words)
    pieces = document_page.coloured(Explanation(whole, True, explained, None), LIGHT)
    assert "".join(piece["text"] for piece in pieces) == whole
    assert "".join(piece["text"] for piece in document_page.uncoloured(title, text)) == whole


@pytest.mark.parametrize(
    ("answer", "share", "colour"),
    [
        ("positive", 1.0, LIGHT.positive),
        ("positive", -1.0, LIGHT.negative),
        ("negative", 1.0, LIGHT.negative),
        ("negative", -1.0, LIGHT.positive),
        ("neutral", 1.0, LIGHT.muted),
    ],
)
def test_a_word_has_the_colour_of_what_it_speaks_for(answer: str, share: float, colour: str) -> None:
    explained = Explained(answer, [Share(0, 4, share), Share(5, 9, share / 100)])
    first, *rest = document_page.coloured(Explanation("wins more", True, explained, None), LIGHT)
    assert first["colour"] == faint(colour, 0.62)
    assert first["meaning"].startswith("for" if share > 0 else "against")
    assert all("colour" not in piece for piece in rest), "what moves next to nothing is not coloured"


ROW = {
    "title": "Boeing wins",
    "text": "It won.",
    "explanation": {
        "document": None,
        "event": [{"start": 7, "end": 11, "share": 0.5}, {"start": 12, "end": 14, "share": -1}],
        "companies": {"BA": [{"start": 0, "end": 6, "share": 0.1}]},
        "answers": {"document": None, "event": "company_news", "companies": {"BA": "positive"}},
    },
}  # fmt: skip


def test_the_api_s_answer_is_read() -> None:
    found = parsed(ROW, "BA")
    assert found.of_company and found.sentiment.answer == "positive"
    assert found.text[7:11] == "wins"
    assert document_page.event_words_of(found) == "wins +0.50"
    answers = {"document": "neutral", "event": "", "companies": {}}
    whole = ROW | {"explanation": {"document": [], "event": [], "companies": {}, "answers": answers}}
    other = parsed(whole, "BA")
    assert not other.of_company and other.event is None and other.sentiment.answer == "neutral"


def test_what_to_do_is_said(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, api={"port": 8611})
    assert api_address(settings) == "http://127.0.0.1:8611"
    assert api_address(load_settings(tmp_path, api={"host": "0.0.0.0", "port": 1})) == "http://127.0.0.1:1"
    assert "bellwether up" in unreachable(settings, httpx.ConnectError("refused"))
    assert "asks again" in unreachable(settings, httpx.ReadTimeout("late"))
    assert "BELLWETHER_DASHBOARD__API_KEY" in refused(httpx.Response(401, json={}))
    problem = {"detail": "scoring is switched off here", "remedy": "set api.score to true"}
    said = refused(httpx.Response(503, json=problem))
    assert "scoring is switched off here" in said and "set api.score to true" in said
    assert "status 500" in refused(httpx.Response(500, text="oh"))


def test_a_slow_question_is_answered_later_and_a_failed_one_asked_again() -> None:
    background, ready, asked = Background(), threading.Event(), []

    def slow() -> str:
        asked.append(1)
        assert ready.wait(20)
        return "answer"

    assert background.ask("slow", slow, 60) is None
    ready.set()
    answer = None
    while answer is None:
        answer = background.ask("slow", slow, 60)
    assert (answer, len(asked)) == ("answer", 1)

    def broken() -> str:
        asked.append(1)
        raise LookupError("no")

    for _ in range(2):
        with pytest.raises(LookupError):
            background.ask("broken", broken, 60, retry=0)
    assert len(asked) == 3


def test_the_tree_holds_the_whole_change() -> None:
    some = [Weighed(document(n, 10_000 * n, n % 3, "guidance_cut"), MICRO * (n < 3), MICRO * (n > 1)) for n in range(9)]
    means = []
    for weights in ([one.before for one in some], [one.after for one in some]):
        scores = [one.document.positive - one.document.negative for one in some]
        means.append(Mean(sum(weights), sum(w * s for w, s in zip(weights, scores, strict=True))))
    events, others = unfold(some[:6], *means)
    tree = movement_tree.nodes(events, others, "others", UTC)
    assert [node["label"] for node in tree] == ["Guidance cut", "others"]
    assert max(abs(node["size"]) for node in tree) <= 1
    told = [child for story in tree[0]["children"] for child in story["children"]]
    assert any(child["faded"] for child in told) and all("opens" in child for child in told)


def test_a_signal_s_level_unfolds() -> None:
    kept = {each.id: each for each in (document(1, 500_000, 1, "guidance_cut"), document(2, -200_000, 2, "dividend"))}
    signal = Signal(
        id="s", strategy="pulse", strategy_hash="", company="BA", at=0, available_at=0, score=1, confidence=1,
        action="hold", horizon_hours=1, documents=9, features={"level": 300_000}, evidence=(*kept, "gone"),
        contributions=(250_000, -50_000, 40_000),
    )  # fmt: skip
    tree = movement_tree.signal_nodes(signal, kept, UTC)
    assert [node["value"] for node in tree] == ["+0.250", "\u22120.050", "+0.100"]
    assert tree[-1]["label"] == "All others of 9 documents"
    assert movement_tree.signal_nodes(signal, {}, UTC) == []


def test_facts_without_an_archive_say_less_and_nothing_wrong() -> None:
    shown = msgspec.structs.replace(
        DOCUMENT, url="javascript:alert(1)", event="guidance_cut", event_probability=7 * 10**5
    )
    origin = document_page.origin_facts(shown, None, UTC, "UTC")
    assert [row["name"] for row in origin["rows"]][:2] == ["Source", "Channel"]
    assert all(not row["url"] for row in origin["rows"])
    assert document_page.event_facts(shown, None, None)["rows"][0]["value"] == "guidance cut 70%"
    assert document_page.model_facts(shown, [])["rows"][-1]["value"] == document_page.NO_RULES
    assert [figure.note for figure in document_page.figures(shown, None, UTC)][4] == "needs the archive"
