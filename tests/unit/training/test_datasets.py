"""Labelled files to examples, mentions, overlaps; and the errors of bad files."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.opinion_model import EVENTS, OpinionModel
from services.training.data.datasets import UNLABELLED, Company, Example, load_examples, training_examples
from services.training.data.mentions import find_mentions, occurrences
from services.training.data.overlap import scan, text_key
from services.training.data.tables import read_table
from services.training.data.texts import read_texts
from services.training.errors import DataError
from services.training.learning.self_training import pseudo_label, read_unlabelled
from services.training.measuring.measures import softmax
from services.training.measuring.prediction import predict


def test_each_kind_of_set(labelled: Path) -> None:
    tweets = load_examples(labelled, "tfns_sentiment", "train")
    assert {example.document for example in tweets} == {0, 1, 2}
    cashtag = next(example for example in tweets if "$CAS" in example.text)
    assert cashtag.companies[0].spans == ((0, 4),)
    topics = load_examples(labelled, "tfns_topic", "train")
    assert {EVENTS[example.event] for example in topics} == {"dividend", "politics"}
    companies = load_examples(labelled, "sentfin", "train")
    assert all(example.companies for example in companies)


def test_training_rows_that_are_in_a_dev_file_are_dropped(labelled: Path) -> None:
    dev = labelled / "tfns_topic" / "dev.csv"
    dev.write_text(dev.read_text() + "x,NORREFAX rises after strong results!,Earnings,0\n")
    kept, overlaps, cut = training_examples(labelled, ("tfns_sentiment",))
    assert cut == len(overlaps["tfns_sentiment"].exact) == 1
    assert all(text_key(example.text) != "norrefaxrisesafterstrongresults" for example in kept)


def test_a_text_with_an_unquoted_comma_is_named_and_not_shifted(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("text,polarity\nProfit, rises,positive\nx,neutral\n")
    with pytest.raises(DataError, match="more fields than the header"):
        read_table(path, ["text", "polarity"])


def test_near_test_rows_are_left_out_of_training(labelled: Path) -> None:
    path = labelled / "tfns_sentiment" / "train.csv"
    path.write_text(path.read_text() + "x,Castrevo rises today,positive,positive,1\n")
    assert "Castrevo rises today" not in [
        example.text for example in load_examples(labelled, "tfns_sentiment", "train")
    ]


def test_overlap_exact_and_near() -> None:
    evaluation = ["Norrefax lifts its full year profit forecast again http://x.y/z"]
    texts = [
        "NORREFAX lifts its full-year profit forecast, again",
        "Norrefax lifts its full year profit forecast again today",
        "Castrevo cuts jobs at two plants",
    ]
    found = scan(texts, evaluation)
    assert found.exact == {0}
    assert found.near == {1}


_words = st.frozensets(st.sampled_from("abcdefghijklmno"), min_size=1, max_size=12)


@given(st.lists(_words, max_size=6), st.lists(_words, min_size=1, max_size=6))
def test_near_is_found_exactly_where_the_definition_says(
    texts: list[frozenset[str]], known: list[frozenset[str]]
) -> None:
    """The filter that spares comparisons loses no pair, not even at a Jaccard of just four fifths."""
    found = scan(
        [" ".join(sorted(words)) for words in texts], [" ".join(sorted(words, reverse=True)) for words in known]
    )
    near = {
        row
        for row, words in enumerate(texts)
        if any(5 * len(words & other) >= 4 * len(words | other) and min(len(words), len(other)) > 3 for other in known)
    }
    assert found.near | found.exact >= near
    assert found.near <= near


def test_four_shared_words_of_five_are_near() -> None:
    assert scan(["zinc copper profit rises today"], ["copper profit rises today"]).near == {0}


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Tesco up, TESCO down", "Tesco", ["Tesco"]),
        ("shares of tesco rose", "Tesco PLC", ["tesco"]),
        ("Randgold profit hit", "Randgold Resources", ["Randgold"]),
        ("Gapping up", "Gap", []),
        ("out $NFLX -.35", "NFLX", ["NFLX"]),
    ],
)
def test_mentions(text: str, name: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in find_mentions(text, name)] == expected


def test_bad_files_are_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "absent.csv", ["text"])
    file = tmp_path / "a.csv"
    file.write_text("")
    with pytest.raises(DataError, match="not a CSV file with a header"):
        read_table(file, ["text"])
    file.write_text("text,label\n")
    with pytest.raises(DataError, match="no rows"):
        read_table(file, ["text"])
    with pytest.raises(DataError, match="no column polarity; it has text, label"):
        read_table(file, ["polarity"])


def test_unknown_polarity_is_named(labelled: Path) -> None:
    path = labelled / "tfns_sentiment" / "dev.csv"
    path.write_text("text,label,polarity\nNorrefax rises,up,up\n")
    with pytest.raises(DataError, match="unknown polarity 'up'"):
        load_examples(labelled, "tfns_sentiment", "dev")


def test_the_kind_of_a_text_file_is_its_last_ending(tmp_path: Path) -> None:
    (tmp_path / "news.2014.csv").write_text("id,title\n1,Norrefax rises\n")
    assert read_texts(tmp_path / "news.2014.csv") == ["Norrefax rises"]
    with gzip.open(tmp_path / "x.v2.jsonl.gz", "wt") as lines:
        lines.write('{"title": "Castrevo", "text": "falls"}\n\n')
    assert read_texts(tmp_path / "x.v2.jsonl.gz") == ["Castrevo falls"]
    (tmp_path / "y.jsonl").write_text("[1]\n")
    with pytest.raises(DataError, match="a line is not a JSON object"):
        read_texts(tmp_path / "y.jsonl")


def test_unlabelled_texts_bring_the_companies_that_they_name(tmp_path: Path) -> None:
    (tmp_path / "stories.jsonl").write_text(
        '{"title": "Norrefax beats Castrevo", "company": "Norrefax Inc"}\n'
        '{"title": "Norrefax beats Castrevo", "company": "Castrevo"}\n'
        '{"title": "Norrefax beats Castrevo", "company": "Pelgrane"}\n'
        '{"text": "$CAS up, $PEL down, $CAS wins", "company": ""}\n'
    )
    (tmp_path / "titles.csv").write_text("title,entity\nPelgrane falls,Pelgrane\nIt rains,\n")
    found = {e.text: e for e in read_unlabelled([tmp_path / "stories.jsonl", tmp_path / "titles.csv"])}
    named = {
        text: [[text[start:end] for start, end in company.spans] for company in example.companies]
        for text, example in found.items()
    }
    assert named == {
        "Norrefax beats Castrevo": [["Norrefax"], ["Castrevo"]],
        "$CAS up, $PEL down, $CAS wins": [["$CAS", "$CAS"], ["$PEL"]],
        "Pelgrane falls": [["Pelgrane"]],
        "It rains": [],
    }
    assert all(company.sentiment == UNLABELLED for example in found.values() for company in example.companies)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("$CAS up as CAS wins", ["CAS"], [["CAS"], ["$CAS"]]),
        ("Reserve Bank of India, Bank of India", ["Bank of India", "Reserve Bank of India"],
         [["Reserve Bank of India"], ["Bank of India"]]),
        ("Norrefax Inc beats Norrefax", ["Norrefax", "Norrefax Inc"], [["Norrefax Inc"], ["Norrefax"]]),
    ],
)  # fmt: skip
def test_no_place_belongs_to_two_companies(
    tmp_path: Path, text: str, names: list[str], expected: list[list[str]]
) -> None:
    lines = [json.dumps({"text": text, "company": name}) for name in names]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    [example] = read_unlabelled([tmp_path / "x.jsonl"])
    assert [[text[a:b] for a, b in company.spans] for company in example.companies] == expected


def test_a_file_that_is_no_gzip_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"text": "Norrefax rises"}\n' * 500)
    for content in (b"junk", whole[: len(whole) // 2]):
        (tmp_path / "x.jsonl.gz").write_bytes(content)
        with pytest.raises(DataError, match=r"x\.jsonl\.gz: cannot be read"):
            read_texts(tmp_path / "x.jsonl.gz")


def test_only_sure_answers_become_labels(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    companies = (Company(((0, 8),), UNLABELLED), Company(((15, 23),), UNLABELLED))
    examples = [Example("Norrefax beats Castrevo", "unlabelled", companies)]
    chances = softmax(predict(model, tokenizer, examples).company, 1.0).max(1)
    least = float(chances.mean())
    assert chances.min() < least < chances.max()
    [found] = pseudo_label(model, tokenizer, examples, least)
    assert [company.spans for company in found.companies] == [company.spans for company in companies]
    labelled = [company.sentiment != UNLABELLED for company in found.companies]
    assert labelled == (chances >= least).tolist()
    assert {company.weight for company in found.companies} == {found.document_weight} == {0.3}
    assert pseudo_label(model, tokenizer, examples, 1.01) == []


@given(
    st.text("aAb 1.-&é_株式", max_size=14),
    st.text("aAb 1.-&é_株式", min_size=1, max_size=4).filter(str.strip),
    st.sampled_from([0, re.IGNORECASE]),
)
def test_mentions_are_those_of_one_pattern_with_its_edges(text: str, name: str, flags: int) -> None:
    letter, chinese = r"[^\W_\u3400-\u9fff]", re.compile(r"[\u3400-\u9fff]")
    before = "" if chinese.match(name[0]) else f"(?<!{letter})"
    after = "" if chinese.match(name[-1]) else f"(?!{letter})"
    expected = re.finditer(f"{before}{re.escape(name)}{after}", text, flags)
    assert occurrences(text, name, flags) == tuple(match.span() for match in expected)
