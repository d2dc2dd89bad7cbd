"""What the labels of the Chinese sets say in Bellwether's event classes. A label without a plain match says nothing."""

from __future__ import annotations

from collections.abc import Iterable

from services.model.opinion_model import EVENTS

# FinNL: subjects of a news flash, several a text, joined by "|" with the place (中国, 外国, 国际)
_SUBJECTS = {
    "公司": "company_news",
    "大盘": "markets",
    "经济": "macro_economy",
    "政治": "politics",
    "政策": "politics",
    "能源": "energy",
    "债券": "bonds",
    "新冠": "general_news",
}
_PLACES = {"中国", "外国", "国际"}

# FinESE: risk events of listed companies; 其他 ("others") is left out
_RISKS = {
    "信批违规": "legal_regulation",
    "交易违规": "legal_regulation",
    "产品违规": "legal_regulation",
    "涉嫌非法集资": "legal_regulation",
    "涉嫌违法": "legal_regulation",
    "涉嫌传销": "legal_regulation",
    "涉嫌欺诈": "legal_regulation",
    "财务造假": "legal_regulation",
    "投诉维权": "legal_regulation",
    "实控人股东变更": "mergers_investments",
    "重组失败": "mergers_investments",
    "不能履职": "personnel_change",
    "高管负面": "personnel_change",
    "失联跑路": "personnel_change",
    "评级调整": "analyst_rating",
    "业绩下滑": "earnings",
    "资金账户风险": "financing",
    "资产负面": "financing",
    "提现困难": "financing",
    "歇业停业": "company_news",
    "公司股市异常": "stock_movement",
}


def event_of_subjects(label: str) -> int | None:
    """The event class of a FinNL label such as 公司|外国; None when its subjects have none, or different ones."""
    return _only(_SUBJECTS.get(subject) for subject in label.split("|") if subject not in _PLACES)


def event_of_risks(labels: Iterable[str]) -> int | None:
    """The event class of the FinESE labels of one text; None when they have none, or different ones."""
    return _only(map(_RISKS.get, labels))


def _only(events: Iterable[str | None]) -> int | None:
    found = set(events)
    event = found.pop() if len(found) == 1 else None
    return None if event is None else EVENTS.index(event)
