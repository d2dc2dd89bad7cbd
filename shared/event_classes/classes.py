"""The 58 event classes in their groups, with the words, the meaning and the direction of each.

The order is that of a new model's event logits: it never changes, and a class is only ever added at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["up", "down", ""]


@dataclass(frozen=True, slots=True)
class EventClass:
    """One class. `direction` says which of two opposite classes it is; "" has no opposite."""

    name: str  # as models, records and rules write it
    group: str
    words: str  # as a person calls it
    direction: Direction
    meaning: str


def _group(group: str, *rows: tuple[str, str, Direction, str]) -> tuple[EventClass, ...]:
    return tuple(EventClass(name, group, words, direction, meaning) for name, words, direction, meaning in rows)


_EARNINGS: Final = _group(
    "earnings",
    ("earnings_beat", "earnings beat", "up", "results better than expected, or profit or revenue clearly higher"),
    (
        "earnings_miss",
        "earnings miss",
        "down",
        "results worse than expected, or profit or revenue clearly lower",
    ),
    ("earnings_report", "earnings report", "", "results that point neither way, or both"),
    ("earnings_schedule", "earnings date or call", "", "when results come; calls, transcripts, slides, previews"),
    ("guidance_up", "guidance raised", "up", "the company expects more than before, or than others did"),
    ("guidance_down", "guidance cut", "down", "it expects less, warns of profits, or withdraws its outlook"),
    ("guidance", "guidance", "", "an outlook given or confirmed"),
    ("operating_figures", "operating figures", "", "sales, deliveries, output, traffic, orders outside of results"),
)
_ANALYST: Final = _group(
    "analyst",
    ("rating_up", "upgrade", "up", "a broker thinks better of the share than before"),
    ("rating_down", "downgrade", "down", "a broker thinks less of it"),
    ("rating_other", "analyst comment", "", "a rating begun or kept, or an analyst's view that changes none"),
    ("target_up", "price target raised", "up", "a higher price target, with the rating as it was"),
    ("target_down", "price target cut", "down", "a lower price target, with the rating as it was"),
)
_DEALS: Final = _group(
    "deals",
    (
        "acquisition",
        "takeover or merger",
        "",
        "a company is bought or merges: bids, talks, approvals, deals that fail",
    ),
    ("divestiture", "sale of a unit", "", "a unit, an asset or a subsidiary's shares are sold or spun off"),
    ("stake", "stake", "", "a holding bought, sold or disclosed; activists; rounds of funding"),
    ("partnership", "partnership", "", "joint ventures, alliances, licences, supply among partners"),
)
_CAPITAL: Final = _group(
    "capital",
    ("dividend", "dividend", "", "declared, raised, cut or suspended"),
    ("buyback", "buyback", "", "the company buys its own shares"),
    ("share_offering", "share offering", "", "new shares, rights issues, placements, convertibles"),
    ("debt", "debt", "", "the company's bonds and loans, refinancing, covenants, a payment missed"),
    ("ipo", "IPO", "", "a flotation planned, priced, traded for the first time or put off"),
    ("stock_split", "stock split", "", "splits, bonus shares, reverse splits"),
    ("credit_rating", "credit rating", "", "what a rating agency does"),
    ("bankruptcy", "bankruptcy", "", "insolvency, protection from creditors, restructuring in distress"),
)
_BUSINESS: Final = _group(
    "business",
    ("product_launch", "product launch", "", "a new product or service, or word that there will be one"),
    ("product_problem", "product problem", "", "recalls, defects, outages, complaints about safety"),
    ("contract_win", "contract won", "up", "an order, a contract or a tender won"),
    ("contract_loss", "contract lost", "down", "an order cancelled, or lost to another"),
    ("expansion", "expansion", "up", "new plants, stores, markets, capacity, hiring, investment"),
    ("cutback", "cutback", "down", "plants or stores closed, markets left, output halted, costs cut"),
    ("approval", "approval", "up", "an authority lets a product, a licence or a project through"),
    (
        "regulatory_setback",
        "regulatory setback",
        "down",
        "approval refused or late, a product banned, a licence lost",
    ),
    ("trial_result", "trial result", "", "what a clinical trial, a test or research found"),
)
_PEOPLE: Final = _group(
    "people",
    ("executive_change", "executive change", "", "directors and executives come, go, are proposed or die"),
    ("layoffs", "layoffs", "", "jobs are cut"),
    ("strike", "labour dispute", "", "strikes, unions, talks on pay"),
    ("insider_trade", "insider trade", "", "trades and holdings of insiders and of well-known investors"),
)
_LEGAL: Final = _group(
    "legal",
    ("lawsuit", "lawsuit", "", "suits, appeals, cases in court, patent cases under way"),
    ("settlement", "fine or settlement", "", "fines, settlements, verdicts, damages"),
    ("investigation", "investigation", "", "probes, raids, fraud, accounting scandals, arrests"),
    (
        "regulation",
        "regulation",
        "",
        "rules, taxes, antitrust reviews, subsidies, decisions of a government",
    ),
    ("cyber_attack", "cyber attack", "", "hacks, breaches, leaks of data"),
)
_HAZARDS: Final = _group(
    "hazards",
    ("accident", "accident", "", "fires, crashes, spills, explosions, natural disasters at a company"),
    ("supply_disruption", "supply disruption", "", "shortages, broken supply chains, deliveries held up"),
)
_MARKET: Final = _group(
    "market",
    ("price_up", "price rise", "up", "a share or a sector rises, or is at a high"),
    ("price_down", "price fall", "down", "a share or a sector falls, or is at a low"),
    ("trading_activity", "trading activity", "", "volume, options, short interest, flows, halts, block trades"),
    ("technical_view", "technical view", "", "chart levels, patterns, set-ups to trade on"),
    ("market_summary", "market summary", "", "indices, the market as a whole, lists of movers, futures"),
)
_MACRO: Final = _group(
    "macro",
    ("central_bank", "central bank", "", "central banks and their rates"),
    ("economic_data", "economic data", "", "output, prices, jobs, surveys, trade"),
    ("currencies", "currencies", "", "currencies and crypto"),
    ("commodities", "commodities", "", "oil, gas, metals, crops: prices and supply"),
    ("bonds", "government bonds", "", "government bonds and yields"),
    ("politics", "politics", "", "elections, wars, sanctions, trade policy, budgets"),
)
_OTHER: Final = _group(
    "other",
    ("commentary", "commentary", "", "opinions, questions, lessons, lists, adverts, talk without an event"),
    ("other_news", "other news", "", "news of a company that is none of the above"),
)

BY_NAME: Final[Mapping[str, EventClass]] = {
    each.name: each
    for group in (_EARNINGS, _ANALYST, _DEALS, _CAPITAL, _BUSINESS, _PEOPLE, _LEGAL, _HAZARDS, _MARKET, _MACRO, _OTHER)
    for each in group
}
EVENT_CLASSES: Final = tuple(BY_NAME)
EVENT_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    group: tuple(name for name, each in BY_NAME.items() if each.group == group)
    for group in dict.fromkeys(each.group for each in BY_NAME.values())
}
GROUP_WORDS: Final[Mapping[str, str]] = {
    "earnings": "earnings",
    "analyst": "analysts",
    "deals": "deals",
    "capital": "capital",
    "business": "business",
    "people": "people",
    "legal": "legal",
    "hazards": "accidents and supply",
    "market": "market",
    "macro": "economy and politics",
    "other": "other",
}
