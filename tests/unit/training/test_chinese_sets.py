"""The Chinese sets as examples: companies without spaces around them, events in Bellwether's own classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.model.opinion_model import EVENTS
from services.training.data.datasets import UNLABELLED, Example, load_examples
from services.training.data.mentions import find_mentions
from services.training.data.topics import event_of
from services.training.measuring.devset import head_of

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2


def load(folder: Path, name: str, *lines: str) -> list[Example]:
    (folder / name).mkdir()
    (folder / name / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_examples(folder, name, "train")


def said(example: Example) -> dict[str, int]:
    return {example.text[c.spans[0][0] : c.spans[0][1]]: c.sentiment for c in example.companies}


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("东山银行股价上涨", "东山银行", ["东山银行"]),
        ("关于东山银行与东山银行香港", "东山银行", ["东山银行", "东山银行"]),
        ("ABC东山上涨", "东山", ["东山"]),
        ("东山A股上涨", "东山A", ["东山A"]),
        ("东山AB上涨", "东山A", []),
        ("the barn", "bar", []),
    ],
)
def test_a_chinese_name_needs_no_space_around_it(text: str, name: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_mentions(text, name)] == found


def test_titles_speak_of_the_company_and_as_a_whole(tmp_path: Path) -> None:
    [example] = load(
        tmp_path,
        "zh_news_titles",
        "id,company,text,label,polarity,near_test",
        "1,东山银行,东山银行利润下降,negative,negative,0",
    )
    assert said(example) == {"东山银行": NEGATIVE}
    assert (example.document, example.document_weight) == (NEGATIVE, 1.0)
    assert head_of([example]) == "document"


def test_of_a_negative_text_the_key_companies_are_negative(tmp_path: Path) -> None:
    bad, fine = load(
        tmp_path,
        "zh_finnsp_negative",
        "id,text,label,entities,key_entities,near_test",
        "1,东山网拖欠西河网的钱,negative,东山网;西河网,东山网,0",
        "2,东山网开业,not_negative,东山网,,0",
    )
    assert said(bad) == {"东山网": NEGATIVE, "西河网": NEUTRAL}
    assert bad.document == NEGATIVE
    assert said(fine) == {"东山网": NEUTRAL}
    assert fine.document == UNLABELLED


@pytest.mark.parametrize(
    ("label", "event"),
    [("公司|外国", "other_news"), ("外国|能源", "commodities"), ("中国|政策", "regulation"), ("公司|大盘|中国", None),
     ("期货|外国", None), ("中国", None)],
)  # fmt: skip
def test_subjects_become_events_where_they_agree(label: str, event: str | None) -> None:
    assert event_of("zh_finnl_topics", label.split("|")) == (None if event is None else EVENTS.index(event))


def test_risks_become_events_where_they_agree(tmp_path: Path) -> None:
    assert event_of("zh_finese_events", ["信批违规", "财务造假"]) == EVENTS.index("investigation")
    assert event_of("zh_finese_events", ["信批违规", "业绩下滑"]) is None
    assert event_of("zh_finese_events", ["其他"]) is None
    examples = load(
        tmp_path, "zh_finese_events", "id,text,label,entity,near_test",
        "1,东山受到处罚,信批违规,东山,0", "2,东山受到处罚,交易违规,西河,0", "3,西河的事,其他,西河,0",
    )  # fmt: skip
    assert [(e.text, e.event, e.companies) for e in examples] == [("东山受到处罚", EVENTS.index("investigation"), ())]
