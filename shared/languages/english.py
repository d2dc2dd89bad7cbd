"""English: what the main model reads, and what any text is taken for that no other language claims."""

from __future__ import annotations

from typing import Final

from shared.languages.language import CardWords, Language, Wording

_WORDING = Wording(
    (
        "Arvandel", "Quorwick Holdings", "Tessamund", "Bolvane Industries", "Norrefax", "Lumidor Group", "Castrevo",
        "Ophirane", "Meltham & Voss", "Zephandry", "Kirrowan Bank", "Dunmarel Motors", "Ulvestra", "Pelgrane Energy",
    ),
    "the company",
    " All rights reserved. This material may not be published, broadcast or redistributed.",
)  # fmt: skip
_CARD = CardWords(
    intended="""
Scoring English news headlines, short news texts and finance tweets about listed companies, in aggregate. Not advice,
and not for decisions about persons. A single answer is often wrong: use counts and intervals.
""",
    weaknesses="""
- Headlines of Indian companies and finance tweets of 2019 to 2022 make up most of what it learnt from.
- Two companies with opposite news in one sentence are told apart, and less reliably than one company alone.
- Irony, conditional statements and comparisons of more than two companies; negation is often not followed.
- A company that is mentioned only by "it" or "the group" is read from the document as a whole.
- IPO, metals and currencies have few training texts: expect low recall there.
- It reads 8 windows of 256 tokens; what follows is not read. It learnt from texts of one window only.
""",
)
_LEGAL_FORMS = (
    *("inc", "corp", "corporation", "co", "company", "plc", "ltd", "limited", "group", "holdings"),
    *("ag", "sa", "nv", "se", "spa", "llc", "lp"),
)
ENGLISH: Final = Language("en", "English", _WORDING, _CARD, legal_forms=_LEGAL_FORMS)
