"""What may be shown: nothing of what is gone, and of many versions the newest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.aggregates import RecentDocument
from shared.reading.deleted import newest_versions, redacted


def document(number: int, item: str = "", at: int = 0, company: str = "AAPL") -> RecentDocument:
    return RecentDocument(
        id=f"{number}", company=company, channel="news", source="wire", title="title", excerpt="words",
        url="https://x.example/", author="a", published_at=at, available_at=at, negative=1, neutral=2, positive=3,
        relevance=4, weight=5, item=item,
    )  # fmt: skip


def test_what_is_gone_has_no_words_and_keeps_its_numbers() -> None:
    before, later = redacted([document(1, "x", 10), document(2, "x", 20)], {"x": 15})
    assert (before.title, before.excerpt, before.url, before.author) == ("", "", "", "") and before.deleted
    assert (before.negative, before.weight, before.source, before.id) == (1, 5, "wire", "1")
    assert later == document(2, "x", 20)  # published again after it was deleted
    assert redacted([document(1)], {"": 99}) == [document(1)] or not redacted([document(1)], {})[0].deleted


versions = st.lists(
    st.builds(document, st.integers(0, 9), st.sampled_from(["", "x", "y"]), st.integers(0, 5), st.sampled_from("AB")),
    max_size=12, unique_by=lambda each: (each.id, each.company),
)  # fmt: skip


@given(versions)
def test_a_list_shows_the_newest_version_of_each_item(found: list[RecentDocument]) -> None:
    shown = newest_versions(found)
    keys = [(each.company, each.item) for each in shown if each.item]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(each.company, each.item) for each in found if each.item}
    for each in shown:
        rivals = [other for other in found if each.item and (other.company, other.item) == (each.company, each.item)]
        assert not rivals or (each.available_at, each.id) == max((other.available_at, other.id) for other in rivals)
        assert each.updated == (len(rivals) > 1)
    assert [each.id for each in shown if not each.item] == [each.id for each in found if not each.item]
