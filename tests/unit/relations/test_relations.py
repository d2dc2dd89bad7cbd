"""Relations: what follows from the universe, what a user lays over it, and on which days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.universe.relations.derived import CROWDED, Business, businesses, neighbours, parents
from shared.universe.relations.graph import NO_RELATIONS, Relations
from shared.universe.relations.own_relations import RelationError, read_relations
from shared.universe.relations.relation import MICRO, Relation
from shared.universe.securities import Catalogue

DAY = date(2024, 5, 2)
CATALOGUE = Catalogue.load()
AIRBUS = next(each.id for each in CATALOGUE.search("AIR.PA", 1))


def written(folder: Path, text: str) -> Path:
    path = folder / "relations.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_none_is_from_memory() -> None:
    """Every relation comes of a row of the universe, or of the package that the file names."""
    known = businesses()
    assert {business.source for business in known.values()} == {"pytickersymbols 1.17.10"}
    assert {business.size for business in known.values()} == {"large", "mid", "small"}
    for each in Relations.load().all_of("BA"):
        assert each.source and known["BA"].size == known[each.other].size
        assert known["BA"].industries & known[each.other].industries


def test_parents_both_ways() -> None:
    found = {(each.company, each.other): each.kind for each in parents(CATALOGUE.instruments)}
    assert found["MBLY", "INTC"] == "parent" and found["INTC", "MBLY"] == "subsidiary"


def test_neighbours_share_size_and_a_good_part_of_their_industries() -> None:
    many = {f"M{i}": Business("large", frozenset({"technology"}), "s") for i in range(CROWDED + 1)}
    known = many | {
        "A": Business("large", frozenset({"technology", "engines"}), "s"),
        "B": Business("large", frozenset({"technology", "engines"}), "s"),
        "C": Business("small", frozenset({"engines"}), "s"),
    }
    found = list(neighbours(known, dict.fromkeys(known, "US")))
    assert [(each.company, each.other) for each in found] == [("A", "B"), ("B", "A")]
    abroad = list(neighbours(known, dict.fromkeys(known, "US") | {"B": "DE"}))
    assert 0 < abroad[0].weight < found[0].weight


def test_a_users_own_are_laid_over(tmp_path: Path) -> None:
    derived = Relations.load()
    other = derived.of("BA", DAY)[0].other
    file = written(
        tmp_path,
        "company,other,kind,weight,from,until\n"
        f"BA,{other},,0,,\n"  # taken out
        "BA,AIR.PA,rival,-0.9,2020-01-01,2024-01-01\n"
        "Boeing,Apple,,,,\n",  # by name; kind and weight by default
    )
    laid = Relations.load([file])
    assert other not in {each.other for each in laid.of("BA", DAY)}
    assert laid.of("BA", DAY)[0] == Relation("BA", "AAPL", "peer", MICRO // 2, source="relations.csv")
    rival = {each.other: each for each in laid.of("BA", date(2023, 12, 31))}[AIRBUS]
    assert (rival.kind, rival.weight) == ("rival", -900_000)
    assert "rival" not in {each.kind for each in laid.of("BA", date(2024, 1, 1))}, "until no longer counts"
    assert "rival" in {each.kind for each in laid.of("BA", date(2020, 1, 1))}
    assert laid.digest != derived.digest and Relations.load([file]).digest == laid.digest
    only = Relations.load([file], by_parent=False, by_industry=False)
    assert len(only) == 2 and NO_RELATIONS.digest == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("no columns company and other",)),
        ("company;other\nBA;AAPL\n", ("no columns company and other",)),
        ("company,other,wieght\n", ("unknown column 'wieght'", "weight")),
        ("company,other\nBA,Nobody At All Ltd\n", ("line 2", "other 'Nobody At All Ltd'", "universe search")),
        ("company,other\n,BA\n", ("line 2", "company ''")),
        ("company,other\nBA,Boeing\n", ("line 2", "related to itself")),
        ("company,other,weight\nBA,AAPL,2\n", ("line 2", "weight '2'", "-1 to 1")),
        ("company,other,weight\nBA,AAPL,nan\n", ("weight 'nan'",)),
        ("company,other,from\nBA,AAPL,5/2/2024\n", ("line 2", "from '5/2/2024'", "2024-05-02")),
        ("company,other,from,until\nBA,AAPL,2024-05-02,2024-05-02\n", ("line 2", "not before until")),
        ("company,other\nBA,AAPL\nBA,AAPL\n", ("line 3", "same pair as line 2", "from and until")),
        ("company,other\nBA,AAPL,x\n", ("line 2", "more cells")),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RelationError) as caught:
        read_relations(path, CATALOGUE)
    assert str(caught.value).startswith(str(path))
    for each in words:
        assert each in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(RelationError, match=r"relations\.files: .* does not exist; correct the path"):
        read_relations(tmp_path / "none.csv", CATALOGUE)
    path = tmp_path / "relations.csv"
    path.write_bytes(b"company,other\n\xff,BA\n")
    with pytest.raises(RelationError, match="UTF-8"):
        read_relations(path, CATALOGUE)


IDS = st.sampled_from("ABCDE")
DATES = st.sampled_from(["", "2024-01-01", "2024-05-02", "2024-05-03", "2025-01-01"])
RELATIONS = st.builds(
    Relation, IDS, IDS, st.just("peer"), st.integers(-MICRO, MICRO), DATES, DATES
).filter(lambda each: each.company != each.other)  # fmt: skip


@given(st.lists(RELATIONS, max_size=20), st.integers(1, 3), st.randoms())
def test_both_directions_say_the_same(relations: list[Relation], most: int, draw: object) -> None:
    graph = Relations(relations, most)
    heard = {(each.company, each.other) for other in "ABCDE" for each in graph.listeners(other, DAY)}
    listened = {(each.company, each.other) for company in "ABCDE" for each in graph.of(company, DAY)}
    assert heard == listened
    for company in "ABCDE":
        mine = graph.of(company, DAY)
        assert len(mine) <= most and len({each.other for each in mine}) == len(mine)
        assert all(each.valid(DAY) and each.weight for each in mine)
    draw.shuffle(relations)  # type: ignore[attr-defined]
    if len({(each.company, each.other) for each in relations}) == len(relations):
        assert Relations(relations, most).digest == graph.digest
