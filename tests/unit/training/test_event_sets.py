"""Sets of the 58 event classes, of roles and of rumours, our own among them; and a model that is given new heads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from services.model.opinion_model import EVENTS, ROLES, OpinionModel, OpinionOutput
from services.training.checkpoints import load_opinion_model, new_model, save_opinion_model, with_heads
from services.training.data import datasets
from services.training.data.datasets import UNLABELLED, Company, Example, load_examples
from services.training.data.encoding import Batch
from services.training.data.found import found_key
from services.training.errors import DataError
from services.training.learning.objective import Objective
from services.training.measuring.devset import answer, by_head
from services.training.measuring.prediction import predict

HEADER = "id,text,label,second,source,licence\n"
CASTREVO = "Castrevo falls after weak results"


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    rows = (
        "1,Norrefax sues Castrevo,lawsuit,,tweets,open\n"
        "2,Pelgrane beats and splits,earnings_beat,stock_split,x,research\n"
    )
    for split in ("train", "dev"):
        write(tmp_path, f"events/{split}.csv", HEADER + rows)
    return tmp_path


def test_a_model_for_every_use_learns_from_open_rows_alone(events: Path) -> None:
    assert [EVENTS[each.event] for each in load_examples(events, "events", "train")] == ["lawsuit"]
    for name, split in (("events", "dev"), ("events_research", "train")):
        lawsuit, beat = load_examples(events, name, split)
        assert (lawsuit.second, EVENTS[beat.event], EVENTS[beat.second]) == (UNLABELLED, "earnings_beat", "stock_split")


def test_an_event_that_is_no_class_is_named(events: Path) -> None:
    write(events, "events/dev.csv", HEADER + "1,Norrefax sues,sueing,,x,open\n")
    with pytest.raises(DataError, match="unknown event 'sueing'"):
        load_examples(events, "events", "dev")


def test_our_own_sets_are_read_wherever_the_others_lie(tmp_path: Path) -> None:
    assert len(load_examples(tmp_path, "own_events", "train")) >= 3_500
    hard = load_examples(tmp_path, "own_hard", "train")
    assert all(company.sentiment != UNLABELLED and company.spans for each in hard for company in each.companies)


def test_roles_are_learnt_from_a_third_of_the_texts_and_measured_on_the_others(tmp_path: Path) -> None:
    train, dev = (load_examples(tmp_path, "own_roles", split) for split in ("train", "dev"))
    assert {each.text for each in train}.isdisjoint(each.text for each in dev)
    assert len(dev) >= 400 and len(dev) > 1.5 * len(train)
    assert {0, 1} <= {each.rumour for each in dev} <= {UNLABELLED, 0, 1}
    assert {company.role for each in dev for company in each.companies} == set(range(len(ROLES)))


def test_texts_whose_sentiment_alone_is_known_by_another_column(tmp_path: Path) -> None:
    write(tmp_path, "adversarial/dev.csv", f"id,text,entity,polarity,kind,note\n1,{CASTREVO},Castrevo,negative,x,\n")
    (found,) = load_examples(tmp_path, "adversarial", "dev")
    assert found.companies == (Company(((0, 8),), 0),)


def test_new_heads_keep_what_the_others_have_learnt(base: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    old = OpinionModel(new_model(str(base))[0].config)
    texts = [Example(CASTREVO, "x", (Company(((0, 8),), 0),))]
    tokenizer = AutoTokenizer.from_pretrained(base)
    before = predict(old, tokenizer, texts)
    assert len(before.role) == len(before.rumour) == 0
    assert with_heads(old, EVENTS, (), False) is old
    new = with_heads(old, EVENTS, ROLES, True)
    after = predict(new, tokenizer, texts)
    for name in ("document", "company", "event", "embedding"):
        assert (getattr(after, name) == getattr(before, name)).all(), name
    assert (after.role.shape, after.rumour.shape) == ((1, len(ROLES)), (1, 2))
    save_opinion_model(new, tokenizer, tmp_path, torch.float32)
    again = predict(load_opinion_model(tmp_path)[0], tokenizer, texts)
    assert (again.role == after.role).all() and (again.rumour == after.rumour).all()
    own = predict(with_heads(new, ("flood", "drought"), ROLES, True), tokenizer, texts)
    assert (own.role == after.role).all() and own.event.shape == (1, 2)


def test_what_the_roles_and_rumours_of_a_model_are_worth(base: Path, tmp_path: Path) -> None:
    model, tokenizer = new_model(str(base))
    model = with_heads(model, EVENTS, ROLES, True)
    judged = by_head(answer(model, tokenizer, tmp_path, ["own_roles"]))
    texts = load_examples(tmp_path, "own_roles", "dev")
    assert {name: len(found.labels) for name, found in judged.items()} == {
        "own_roles/event": len(texts),
        "own_roles/role": sum(len(each.companies) for each in texts),
        "own_roles/rumour": sum(each.rumour != UNLABELLED for each in texts),
    }


def asked(first: int, second: int, share: float) -> float:
    """The loss of one text with these events."""
    labels = {"event": torch.tensor([first]), "second": torch.tensor([second])}
    unknown, none = torch.tensor([UNLABELLED]), torch.zeros(0, dtype=torch.long)
    batch = Batch(
        input_ids=torch.zeros(1, 1), attention_mask=torch.ones(1, 1), mention_mask=torch.zeros(0, 1), mention_row=none,
        document=unknown, document_weight=torch.ones(1), company=none, company_weight=torch.ones(0),
        event_weight=torch.ones(1), role=none, rumour=unknown, **labels,
    )  # fmt: skip
    output = OpinionOutput(
        document_sentiment=torch.zeros(1, 3),
        company_sentiment=torch.zeros(0, 3),
        event=torch.linspace(-1, 1, len(EVENTS)).unsqueeze(0),
        embedding=torch.zeros(1, 4),
    )
    return float(Objective(second=share, label_smoothing=0.0).loss(output, batch))


@given(st.floats(0, 1), st.integers(1, len(EVENTS) - 1))
def test_a_second_event_takes_its_share_of_what_is_asked(share: float, second: int) -> None:
    wanted = (1 - share) * asked(0, UNLABELLED, share) + share * asked(second, UNLABELLED, share)
    assert asked(0, second, share) == pytest.approx(wanted, abs=1e-4)


def test_events_that_we_gave_to_texts_of_other_sets_count_where_the_texts_lie(tmp_path: Path) -> None:
    (tmp_path / "sentfin").mkdir()
    text = "Norrefax sues Castrevo over a patent"
    write(tmp_path, "sentfin/train.csv", f"id,text\n1,{text}\n2,Another line of news\n")
    table = tmp_path / "found.csv"
    table.write_text(
        f"key,label,second,licence\n{found_key(text.upper() + ' https://x.y/z')},lawsuit,,open\n"
        f"{found_key('not at hand')},strike,,open\n{found_key('Another line of news')},strike,,research\n",
        encoding="utf-8",
    )
    read = [
        [(each.text, EVENTS[each.event]) for each in _examples(tmp_path, table, name)]
        for name in ("found_events", "found_research")
    ]
    assert read == [[(text, "lawsuit")], [(text, "lawsuit"), ("Another line of news", "strike")]]
    table.write_text("key,label,second,licence\n0123456789abcdef,strike,,open\n", encoding="utf-8")
    with pytest.raises(DataError, match="none of its texts are under"):
        _examples(tmp_path, table, "found_events")


def test_roles_that_we_gave_to_texts_of_other_sets(tmp_path: Path) -> None:
    (tmp_path / "sentfin").mkdir()
    write(tmp_path, "sentfin/train.csv", "id,text\n1,Norrefax sues Castrevo over a patent\n2,A day off\n")
    key = found_key("Norrefax sues Castrevo over a patent")
    table = tmp_path / "roles.csv"
    table.write_text(
        "key,start,end,role,rumour,licence\n"
        f"{key},0,8,plaintiff,false,open\n{key},14,22,defendant,false,open\n"
        f"{found_key('A day off')},,,,true,open\n",
        encoding="utf-8",
    )
    lawsuit, holiday = _examples(tmp_path, table, "found_roles")
    assert [(one.spans, ROLES[one.role]) for one in lawsuit.companies] == [
        (((0, 8),), "plaintiff"),
        (((14, 22),), "defendant"),
    ]
    assert (lawsuit.event, lawsuit.rumour, holiday.companies, holiday.rumour) == (UNLABELLED, 0, (), 1)


def _examples(labelled: Path, table: Path, name: str) -> list[Example]:
    """The examples of a table of keys that lies elsewhere than the project's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(datasets._OWN_SETS, (name, "train"), str(table))  # a path that is whole stays as it is
        return load_examples(labelled, name, "train")
