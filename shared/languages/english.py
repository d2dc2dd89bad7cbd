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
    (
        "BRIEF-", "UPDATE 1-", "UPDATE 3-", "CORRECTED-", "RPT-", "EXCLUSIVE:", "WATCH:", "BREAKING:", "JUST IN:",
        "ICYMI:", "NEW YORK, May 12 -", "LONDON (Newsroom) -", "MUMBAI:", "FRANKFURT, Oct 3 -", "HONG KONG, 09:30 -",
        "Business desk |", "Live blog:", "Morning briefing |", "[Subscribers only]", "Company news |",
        "Via our markets team:", "Stock in focus:", "Good morning. Here is what you need to know today.",
        "This story was first published at 7:42 a.m.", "Photo: the head office, file picture.",
        "Listen to this article (2 minutes)", "Markets newsletter, sign up here.",
    ),
    (
        "Read more on our site.", "For more stories like this, subscribe to our newsletter.",
        "(Reporting by our staff; editing by the desk)", "Copyright 2015 the publisher.",
        "Past performance does not predict future returns.", "This is not investment advice.",
        "The author holds no position in any security named here.",
        "Figures may be rounded. Source: company filings.", "Follow us for more market news.",
        "To unsubscribe, reply STOP.", "Sent from my phone", "Terms and conditions apply.",
        "For further information, contact investor relations or the press office.", "http://news.example/a1b2c3",
        "#stocks #investing",
        "Any statement about the future involves risks and uncertainties; results may differ from what is expected.",
        "The publisher accepts no liability for losses that come from using this information.",
        "Click here to watch the video.",
        "Quotes are delayed by at least 15 minutes. Data are provided for information only.",
        "Join the discussion in the comments.", "Trading involves risk of loss. You may lose all of your capital.",
        "Editor's note: the headline was amended.",
        "Reproduction, storage or forwarding in any form needs written consent of the owner.",
        "More: markets, companies, opinion.", "© 2014 Newsroom Ltd.",
        "This article was translated and may contain errors.", "Also read: what to watch this week.",
    ),
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
