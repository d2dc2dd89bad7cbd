"""The kind of a question, and what else its wording says about what would answer it. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

Kind = Literal["why", "what", "who", "number", "compare"]
_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    (
        "compare",
        r"\bvs\b|\bversus\b|\bcompare[ds]?\b|\bcomparison\b|\bwhich of\b|\bboth\b|\blist the\b|对比|相比|比较",
    ),
    (
        "why",
        r"\bwhy\b|\bhow come\b|\breasons?\b|\bbehind it\b|\bbecause of what\b|为什么|为何|原因|怎么会"
        r"|\bwhat(?:'s| is| was)? (?:behind|triggered|knocked|caused?|sent|drove|sparked|pushed|led)\b",
    ),
    (
        "number",
        r"\bhow (?:much|many|big|large|deep|far|high|low|often|long)\b|多少|几家|几个|多大|规模"
        r"|\b(?:price|size|amount|figure|cost|value|sum|number|award|penalty|percentage)\b",
    ),
    (
        "who",
        r"\bwho(?:m|se)?\b|\bwhich (?:buyer|group|person|executive|company|firm|bank)\b"
        r"|\bnew .{0,30}(?:chief|ceo|head|boss)|谁|哪位|哪家",
    ),
)
_FOLLOWS: Final = re.compile(
    r"^\s*(?:and|but|so|ok|then|also|what about|how about)\b|^那|他|她|它|这"
    r"|\b(?:he|him|his|she|her|they|them|their|it|its|that|those|there|this one)\b",
    re.IGNORECASE,
)
_RESULTS: Final = re.compile(
    r"\b(?:profits?|earnings|revenues?|sales|sell|sold|results?|print|beat|miss|eps|deliver\w*|ship\w*|margins?|income)\b"
    r"|\bloss(?:es)?\b|利润|营收|亏损|业绩|财报|出货|销量",
    re.IGNORECASE,
)


def kind_of(text: str) -> Kind:
    """By the first of the patterns that fits."""
    for kind, pattern in _KINDS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind
    return "what"


def follows(text: str) -> bool:
    """Whether it leans on the question before it."""
    return bool(_FOLLOWS.search(text))


def is_about_results(text: str) -> bool:
    """Whether it asks for what companies tell when a quarter has ended."""
    return bool(_RESULTS.search(text))
