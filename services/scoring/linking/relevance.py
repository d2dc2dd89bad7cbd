"""How much a text speaks of each company that it names: its subject, or one in passing. Pure, in integers.

20 % for being there, 30 % for the title, up to 15 % for an early first mention and up to 35 % by the company's share of
all mentions; beyond three companies everything shrinks by 3 / companies. What stands there in passing alone (a list of
tags, a comparison, a broker who judges another, the owner of what acts) keeps a part of that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from services.scoring.linking.evidence import Context
from services.scoring.linking.lists import words

Span = tuple[int, int]

MAX_SPANS: Final = 32  # mentions of one company that are handed to the model; later ones still count for relevance
LEAD_CHARS: Final = 100  # a text without a title: mentions in its first characters count as in a title

_LISTED: Final = 4  # tags in a row that are a list
_IN_PASSING: Final = 30  # percent of the weight of a subject
_IN_A_LIST: Final = 15
_IN_THE_TAIL: Final = 50
# Signs and addresses are taken whole (*+, ++). The same texts match; but where they are given back one by one, blanks
# in a row take quadratic time, and addresses that are glued together exponential time
_BETWEEN_TAGS: Final = re.compile(r"[\s,;/|&+\u2022\u00b7.:-]*+(?:and|or)?\s*")
_AFTER_TAGS: Final = re.compile(r"(?:[\s,;/|&+.]|#\w+|https?://\S++|\u2026)*")
# What makes a mention one in passing, right before it
_BEFORE: Final = words(
    """
    like including unlike rival rivals competitor competitors peer peers than ex former alongside via outsells outsell
    overtakes overtook surpasses surpassed outpaces trails mimics echoes
    """
)
_TWO_BEFORE: Final = frozenset(
    {
        ("such", "as"), ("formerly", "at"), ("formerly", "of"), ("analyst", "at"), ("analysts", "at"),
        ("analyst", "from"), ("analyst", "with"), ("analysts", "from"), ("analysts", "with"), ("strategist", "at"),
        ("economist", "at"), ("economists", "at"), ("according", "to"), ("along", "with"), ("similar", "to"),
        ("compared", "to"), ("compared", "with"), ("well", "as"), ("followed", "by"), ("the", "next"),
        ("strategists", "at"), ("is", "not"), ("isn't", "a"),
        ("joining", "from"), ("executive", "from"), ("executive", "at"), ("joins", "from"),
    }
)  # fmt: skip
_BEHIND: Final = re.compile(
    r"(?:'s)?\s*-?\s*(?:suppliers?|rivals?|backed|owned|partner|veterans?|alum|alumni|analysts?|strategists?|"
    r"economists?|competitors?|style|led|like|spin-?off|customers?|killer|owner|parent|maker|listed|executives?|execs?|clients?|users?|"
    r"employees?|ex-)\b",
    re.IGNORECASE,
)
_COMPARED: Final = re.compile(r"\bcompar\w+ .{1,30} (?:to|with)\s$", re.IGNORECASE)
_HAN_BEFORE: Final = re.compile("(?:超越|超过|赶超|对标|碾压|获|不及|媲美)$")
_HAN_BROKER: Final = re.compile("证券$|中金公司$|高盛$|摩根|瑞银$|花旗$|野村$|汇丰$")
_HAN_JUDGEMENT: Final = re.compile("评级|目标价|研报|买入|增持|维持|看好|分析师")
_JUDGES: Final = re.compile(
    r"\s*(?:analysts?|upgrades?|downgrades?|cuts|raises|lifts|lowers|starts|initiates|reiterates|maintains|sees|says|"
    r"said|expects|recommends|adds|removes|trims|boosts|keeps|names|rates|resumes|reinstates|backs|sets|predicts|"
    r"target|price target|pt\b|note|research)",
    re.IGNORECASE,
)
_JUDGED_BY: Final = re.compile(r"\b(?:by|at|from|of|says|said|:|-|\()\s*$", re.IGNORECASE)
_JUDGEMENT: Final = words(
    """
    upgrade upgraded upgrades downgrade downgraded downgrades rating rated ratings target pt overweight underweight
    neutral outperform underperform buy sell hold initiates initiated reiterates reiterated reaffirmed coverage analyst
    analysts bullish bearish estimates estimate note recommends stake underwriters underwriter adviser advised
    """
)
BROKERS: Final = words(
    """
    GS MS JPM BAC C WFC UBS CS DB BCS HSBC RY TD BMO CM BNS NMR MFG MUFG SMFG SCGLY BNPQY SAN JEF RJF SF EVR LAZ PJT
    PIPR COWN SCHW MCO SPGI MORN KEY STI USB PNC TFC OPY BLK STT IVZ TROW TRI NYT NWSA NWS GNE SNEX ING MQG.AX
    """
)


@dataclass
class Text:
    """What of a text relevance needs."""

    context: Context
    tags: Sequence[Span]  # codes with a mark
    lead: int  # mentions that begin before count as in a title

    @cached_property
    def judged_in_han(self) -> bool:
        """Whether a broker's judgement stands in it, in Chinese."""
        return _HAN_JUDGEMENT.search(self.context.text) is not None


def alone(first: int, lead: int, length: int) -> int:
    """Relevance of the only company of a text, by where it is first named."""
    return 550_000 + (300_000 if first < lead else 0) + 150_000 * (length - first) // length


def weigh(text: Text, found: Mapping[str, Sequence[Span]]) -> dict[str, int]:
    """Relevance of each company, micro-units, 0..MICRO. `found` has every mention of it, in order."""
    if len(found) == 1:
        ((company, spans),) = found.items()
        return {company: alone(spans[0][0], text.lead, len(text.context.text))}
    mentions = sum(map(len, found.values()))
    length, tail = len(text.context.text), _tail(text, found)
    listed = _listed(text) if len(text.tags) >= _LISTED else frozenset[Span]()
    named = [company for company, spans in found.items() if not listed.issuperset(spans)]
    crowd = len(named) or len(found)
    weights = {}
    for company, spans in found.items():
        first = spans[0][0]
        weight = 200_000 + (300_000 if first < text.lead else 0) + 150_000 * (length - first) // length
        weight += 350_000 * len(spans) // mentions
        if crowd > 3:
            weight = weight * 3 // crowd
        weight = weight * _standing(text, company, spans, listed) // 100
        if tail and all(span[0] >= tail for span in spans):
            weight = weight * _IN_THE_TAIL // 100
        weights[company] = weight
    return weights


def _standing(text: Text, company: str, spans: Sequence[Span], listed: frozenset[Span]) -> int:
    """Percent: how far the company is the subject, by what stands around its mentions."""
    prose = [span for span in spans if span not in listed]
    if not prose:
        return _IN_A_LIST
    judged = company in BROKERS and not _JUDGEMENT.isdisjoint(text.context.words)
    return _IN_PASSING if all(_passing(text, span, judged) for span in prose) else 100


def _passing(whole: Text, span: Span, judged: bool) -> bool:
    text, (start, end) = whole.context.text, span
    if judged and (_JUDGES.match(text, end) or _JUDGED_BY.search(text[max(0, start - 8) : start])):
        return True
    if text[start - 1 : start] == " ":
        before = text[max(0, start - 40) : start].lower().split()[-3:]
        if len(before) > 1 and before[-1] == "the":
            before.pop()
        if before and (before[-1] in _BEFORE or tuple(before[-2:]) in _TWO_BEFORE):
            return True
    if _BEHIND.match(text, end) is not None or _COMPARED.search(text[max(0, start - 60) : start]):
        return True
    return not text.isascii() and _passing_in_han(whole, start, end)


def _passing_in_han(whole: Text, start: int, end: int) -> bool:
    text = whole.context.text
    if _HAN_BEFORE.search(text[max(0, start - 3) : start]):
        return True
    return _HAN_BROKER.search(text[start:end]) is not None and whole.judged_in_han


def _tail(text: Text, found: Mapping[str, Sequence[Span]]) -> int:
    """Where tags begin that end a text, if another company is named in words before: who is there alone is not the
    subject. 0 where the text has no such end."""
    tags = frozenset(text.tags)
    if not tags or not any(span not in tags for spans in found.values() for span in spans):
        return 0
    end, start = len(text.context.text), 0
    for tag in sorted(tags, reverse=True):
        if not _AFTER_TAGS.fullmatch(text.context.text, tag[1], end):
            break
        start = end = tag[0]
    return start


def _listed(text: Text) -> frozenset[Span]:
    """Tags that stand in a row with others. The first of a row that opens the text leads it, and is none of these."""
    found: set[Span] = set()
    row: list[Span] = []
    for span in (*sorted(text.tags), (-1, -1)):
        if row and (span[0] < 0 or not _BETWEEN_TAGS.fullmatch(text.context.text, row[-1][1], span[0])):
            if len(row) >= _LISTED:
                found.update(row)
            row = []
        if span[0] >= 0:
            row.append(span)
    return frozenset(found)
