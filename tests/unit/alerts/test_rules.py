"""Rule files: what is read, and what a wrong one is told."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from services.alerts.kinds import KINDS
from services.alerts.rules import RuleError, load_rules
from shared.contract.alerts import DASHBOARD

GOOD = """
version: 1
channels:
  desk: {kind: webhook, url: "http://127.0.0.1:1/x", secret: "${DESK_SECRET}"}
  chat: {kind: slack, url: "${CHAT}"}
  mail: {kind: email, host: smtp, username: me, password: "${SMTP_PASSWORD}", from: a@b.c, to: [d@e.f]}
rules:
  - {name: one, kind: threshold, above: 0.5, channels: [dashboard, desk], only: {sectors: [Energy], watchlist: me/main}}
  - {name: two, kind: volume, limit: {per_hour: 2, burst: 1}}
"""
SECRETS = {"DESK_SECRET": "desk-secret", "CHAT": "https://hooks.invalid/abc", "SMTP_PASSWORD": "smtp-secret"}


def write(folder: Path, text: str) -> str:
    path = folder / "rules.yaml"
    path.write_text(text)
    return str(path)


def test_the_shipped_rules_are_of_every_kind_and_stay_in_the_house() -> None:
    rules = load_rules("standard", {})
    assert {rule.kind for rule in rules.rules} == set(KINDS)
    assert {rule.channels for rule in rules.rules} == {(DASHBOARD,)}


def test_a_file_is_read_and_its_secrets_are_known(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, GOOD), SECRETS)
    assert [rule.name for rule in rules.rules] == ["one", "two"]
    assert rules.rules[0].outside == ("desk",)
    assert rules.rules[1].limit.burst == 1
    assert dict(rules.kinds) == {"desk": "webhook", "chat": "slack", "mail": "email"}
    assert set(rules.secrets) == set(SECRETS.values())
    with pytest.raises(RuleError, match="its rules are: one, two"):
        rules.rule("three")


def test_event_classes_of_former_versions_go_on_and_are_said_once(tmp_path: Path) -> None:
    named = GOOD.replace(
        "kind: volume", "kind: event, events: [mergers_investments, dividend], only: {events: [energy]}"
    )
    rules = load_rules(write(tmp_path, named.replace("[Energy]", "[Energy], events: [energy]")), SECRETS)
    assert [said.partition("; ")[2] for said in rules.former] == [
        "it stands for commodities now",
        "it stands for acquisition, divestiture, stake, partnership now",
    ]
    assert load_rules("standard", {}).former == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1", "version: 2", "version 2; this program reads version 1"),
        ("rules:", "ruls:", "unknown key 'ruls'; choose from version, channels, rules"),
        ("kind: threshold", "kind: treshold", "rule 'one': unknown kind 'treshold'; choose from threshold"),
        ("above: 0.5", "abov: 0.5", "rule 'one': unknown key 'abov'; choose from name"),
        ("above: 0.5", "above: high", r"rule 'one': Expected `float.*\$.above"),
        ("above: 0.5", "within_hours: 4", "rule 'one': give `above`, `below` or both"),
        ("[dashboard, desk]", "[dashbord]", "unknown channel 'dashbord'; choose from dashboard, desk, chat, mail"),
        ("[Energy]", "[Energie]", "unknown sector 'Energie'; choose from Communication"),
        (
            "[Energy]",
            "[Energy], events: [layoff]",
            "rule 'one': only: events: unknown event 'layoff': did you mean layoffs",
        ),
        ("kind: volume", "kind: event, events: [foo]", "rule 'two': events: unknown event 'foo': docs/events.md lists"),
        ("per_hour: 2", "per_hour: 0", "rule 'two': limit: per_hour must be above 0"),
        ("name: two", "name: one", "two rules are named 'one'"),
        ("name: two", "name: 'a b'", "rule 'a b': give it a name"),
        ('"${CHAT}"', '"https://hooks.invalid/abc"', "channel 'chat': url is a secret"),
        ('"${DESK_SECRET}"', '"${NOT_SET}"', r"channel 'desk': secret: \$\{NOT_SET\} has no value; set NOT_SET in the"),
        ("http://127.0.0.1:1/x", "ftp://x", "channel 'desk': url: give http"),
        ("http://127.0.0.1:1/x", "http://u:p@x/", "no user and password in it"),
        ("host: smtp,", "host: smtp, security: none,", "a password is never sent in clear text"),
        ("[d@e.f]", "[nobody]", "channel 'mail': from and to"),
        ("kind: slack", "kind: pager", "channel 'chat': unknown kind 'pager'; choose from webhook, slack, email"),
        ("chat:", "dashboard:", "choose another name"),
        ("rules:", "rules: [", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(RuleError, match=message) as error:
        load_rules(path, SECRETS)
    assert path in str(error.value)
    assert not any(secret in str(error.value) for secret in SECRETS.values())


def test_the_example_of_the_docs_is_a_rule_file(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    block = page.partition("## Alerts")[2].partition("    version: 1\n")[2].partition("\n\n")[0]
    rules = load_rules(
        write(tmp_path, textwrap.dedent("    version: 1\n" + block)), SECRETS | {"SLACK_URL": SECRETS["CHAT"]}
    )
    assert {rule.kind for rule in rules.rules} == set(KINDS)
    assert set(rules.kinds.values()) == {"webhook", "slack", "email"}


def test_a_file_that_is_not_there_names_the_built_in_ones() -> None:
    with pytest.raises(RuleError, match="give a YAML file or one of standard"):
        load_rules("nowhere.yaml", {})
