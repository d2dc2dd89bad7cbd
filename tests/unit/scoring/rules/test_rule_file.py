"""Rule files: what is wrong is told with its file, its rule and the remedy, and nothing else is raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.scoring.rules.rule import Rules
from services.scoring.rules.rule_file import MOST_RULES, RuleError, built_in, load_rules, rules_of
from shared.settings import load_settings

GOOD = """
version: 1
rules:
  - name: giveaway
    when: {text: 'giveaway', channel: social}
    drop: true
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def rule(**keys: str) -> str:
    given = {"when": "{text: a}", "drop": "true"} | keys
    lines = "\n".join(f"    {key}: {value}" for key, value in given.items() if value)
    return f"version: 1\nrules:\n  - name: mine\n{lines}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: [", ("cannot be read",)),
        ("[]", ("version: 1",)),
        ("version: 2\nrules: []", ("version 2", "reads version 1")),
        ("version: 1\nrules: []\nrule: []", ("'rule'", "version and rules")),
        ("version: 1\nrules: [3]", ("rule number 1", "`name:`")),
        ("version: 1\nrules: [{when: {text: a}}]", ("rule number 1", "give it a name")),
        ("version: 1\nrules: [{name: a/b, when: {text: a}}]", ("'a/b'", "letters, digits")),
        (rule(when=""), ("rule 'mine'", "no `when:`")),
        (rule(when="{}"), ("rule 'mine'", "matches everything")),
        (rule(when="[a]"), ("rule 'mine'", "when is a mapping of text")),
        (rule(when="{words: a}"), ("unknown key 'words'", "choose from text, title")),
        (rule(dorp="true"), ("unknown key 'dorp'", "drop")),
        (rule(drop=""), ("does nothing", "drop: true")),
        (rule(drop="", weight="0"), ("weight 0", "drop: true")),
        (rule(drop="", weight="1.5"), ("weight 1.5", "at most 1")),
        (rule(drop="", weight="half"), ("rule 'mine'", "weight")),
        (rule(weight="0.5"), ("what is dropped has no weight",)),
        (rule(flag="'two words'"), ("flag 'two words'", "letters, digits")),
        (rule(drop="", set="{event: guidence_raised}"), ("unknown event class", "docs/events.md")),
        (rule(drop="", set="{sentiment: good}"), ("rule 'mine'", "good")),
        (rule(when="{event: earnigns}"), ("unknown event 'earnigns'", "did you mean")),
        (rule(when="{company: NOSUCH.XX}"), ("unknown company 'NOSUCH.XX'", "AAPL")),
        (rule(when="{channel: blog}"), ("rule 'mine'", "blog")),
        (rule(when="{text: ''}"), ("text", "empty pattern")),
        (rule(when="{text: '(?=a)b'}"), ("pattern '(?=a)b'", "look-around")),
        (rule(when=r"{text: '(a)\1'}"), ("back-references",)),
        (rule(when="{title: '[a'}"), ("title", "missing ]", "syntax of RE2")),
        (rule(when="{text: 'a{1000}{1000}'}"), ("repeat less",)),
        (rule(when=r"{text: '\p{L}{900}'}"), ("too large", "repeat less")),
        (rule(when="{text: '" + "a" * 2001 + "'}"), ("2,001 characters", "divide")),
        (rule(when=r'{text: "\ud800"}'), ("mine.yaml",)),
        (rule(unless="{event: nothing_like_it}"), ("unless", "unknown event")),
        (rule(unless="{source: ' '}"), ("unless", "empty name")),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RuleError) as caught:
        load_rules([path])
    assert str(caught.value).startswith(str(path))
    for each in words:
        assert each in str(caught.value)


def test_two_rules_of_one_name_and_too_many(tmp_path: Path) -> None:
    one, two = written(tmp_path, GOOD, "one.yaml"), written(tmp_path, GOOD, "two.yaml")
    with pytest.raises(RuleError, match=r"two\.yaml: rule 'giveaway' is there in .*one\.yaml, too; rename"):
        load_rules([one, two])
    many = "".join(f"  - {{name: r{i}, when: {{text: a}}, flag: x}}\n" for i in range(MOST_RULES + 1))
    with pytest.raises(RuleError, match=f"at most {MOST_RULES}"):
        load_rules([written(tmp_path, f"version: 1\nrules:\n{many}")])


def test_a_former_event_class_is_told(tmp_path: Path) -> None:
    rules = load_rules([written(tmp_path, rule(when="{event: financing}"))])
    assert ["financing" in said for said in rules.notes] == [True]


def test_the_digest_names_what_decides(tmp_path: Path) -> None:
    digest = load_rules([written(tmp_path, GOOD)]).digest
    assert len(digest) == 16
    assert load_rules([written(tmp_path, GOOD + "    description: of prizes\n")]).digest == digest
    assert load_rules([written(tmp_path, GOOD.replace("social", "news"))]).digest != digest
    assert Rules().digest == ""


def test_where_rules_come_from(tmp_path: Path) -> None:
    state = tmp_path / "state"
    written(state / "rules", GOOD)
    elsewhere = written(tmp_path, GOOD.replace("giveaway", "prize"), "prizes.yaml")
    rules = rules_of(load_settings(state, rules={"files": ["standard", str(elsewhere)]}))
    assert rules.files == (built_in("standard"), elsewhere, state / "rules" / "mine.yaml")
    assert [each.name for each in rules.rules][-2:] == ["prize", "giveaway"]
    assert not rules_of(load_settings(tmp_path / "other", rules={"files": []})).rules
    with pytest.raises(RuleError, match=r"rules\.files: .*nothere does not exist; correct the path, or name"):
        rules_of(load_settings(state, rules={"files": ["nothere"]}))
