"""What the JSON of signals has in common (shared/contract/deflating/values.py). Part of the format: never changed."""

from __future__ import annotations

from typing import Final

_EVENTS: Final = (
    "earnings_beat earnings_miss earnings_report earnings_schedule guidance_up guidance_down guidance "
    "operating_figures rating_up rating_down rating_other target_up target_down acquisition divestiture stake "
    "partnership dividend buyback share_offering debt ipo stock_split credit_rating bankruptcy product_launch "
    "product_problem contract_win contract_loss expansion cutback approval regulatory_setback trial_result "
    "executive_change layoffs strike insider_trade lawsuit settlement investigation regulation cyber_attack accident "
    "supply_disruption price_up price_down trading_activity technical_view market_summary central_bank economic_data "
    "currencies commodities bonds politics commentary other_news"
)
# what lies nearest to the end is found most cheaply
WORDS: Final = (
    _EVENTS
    + '"hour_buzz":-500000,"disagreement":-"sell","strong sell","strong buy","buy","action":"hold","revision":1,'
    '"synthetic":true,"evidence":["","contributions":['
    '[{"type":"signal","schema":2,"id":"pulse::0","strategy":"pulse","strategy_hash":"","company":"","at":17'
    '0000000,"available_at":1760000000,"score":-,"confidence":,"action":"hold","horizon_hours":120,"documents":'
    ',"reasons":[["level",],["surprise",-300000],["change",-],["buzz",]],"features":{"author_diversity":1000000,'
    '"buzz":-"change":-"disagreement":"dispersion":"event.":333333,500000,"level":-,"novelty":1000000,'
    '"source_diversity":,"surprise":-},"evidence":["","",""],"contributions":[],"cadence_hours":12,"model":""}]'
).encode()
