"""Drawn figures: the label is what the numbers in the text say, and only seed and names decide the texts."""

from __future__ import annotations

import re

from services.training.data.figures import figure_rows

ROWS = figure_rows(("Norrefax", "Castrevo"), rows=1_500)
LESS_IS_BETTER = re.compile(
    r"loss|cash burn|net debt|provisions|outflows|writedowns|churn|bad-loan|vacancy|combined|cost|complaints|recalled"
    r"|cancellations|lost accounts",
    re.IGNORECASE,
)
NUMBER = r"(\d+(?:\.\d+)?)(?!\d)"
FIRST_IS_NEW = re.compile(r"consensus|vs|\(est\.|v .* forecast|The poll had|previously|Forecast:")


def test_the_larger_number_decides_by_what_more_of_it_means() -> None:
    checked = 0
    for row in ROWS.to_dict("records"):
        text = re.sub(r"Q\d", "", row["text"])
        numbers = [float(each) for each in re.findall(NUMBER, text.replace(",000", ""))]
        if len(numbers) != 2 or not FIRST_IS_NEW.search(text):
            continue
        now, before = numbers
        sign = -1 if LESS_IS_BETTER.search(text) else 1
        more = 0 if abs(now / before - 1) <= 0.006 else sign * (1 if now > before else -1)
        assert row["label"] == ("neutral", "positive", "negative")[more], text
        checked += 1
    assert checked >= 250


def test_rows_are_distinct_name_their_company_and_have_every_label() -> None:
    assert ROWS["text"].is_unique and len(ROWS) == 1_500
    assert all(entity in text for text, entity in zip(ROWS["text"], ROWS["entity"], strict=True))
    shares = ROWS["label"].value_counts(normalize=True)
    assert shares.min() > 0.1 and abs(shares["positive"] - shares["negative"]) < 0.1


def test_seed_and_names_decide() -> None:
    names = ("Norrefax",)
    assert figure_rows(names, 40).equals(figure_rows(names, 40))
    assert not figure_rows(names, 40).equals(figure_rows(names, 40, seed=2))
