"""The strategy of docs/strategies.md can be used, and the page names every key and feature."""

from __future__ import annotations

from pathlib import Path

from services.aggregation.signals.strategy import Strategy, load_strategy
from shared.contract.signals import FEATURES

PAGE = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()


def test_the_pages_example_is_a_strategy(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(PAGE.partition("```yaml\n")[2].partition("```")[0])
    strategy = load_strategy(str(file))
    assert (strategy.name, strategy.cadence_hours, strategy.weights["event.earnings"]) == ("mine", 12, 0.1)


def test_the_page_names_every_key_and_feature() -> None:
    keys = set(Strategy.__struct_fields__) - {"description"}
    assert {name for name in (*keys, *FEATURES) if f"`{name}`" not in PAGE} == set()
