"""No password stays on a command line."""

from __future__ import annotations

import pytest

from services.commands.private_arguments import apart

PRIVATE = "redis://:hunter2@host/0"


@pytest.mark.parametrize(
    ("given", "kept", "hidden"),
    [
        (["up", "--redis-url", PRIVATE, "--detach"], ["up", "--detach"], True),
        (["up", f"--redis-url={PRIVATE}"], ["up"], True),
        (["up", "--redis-url", "redis://host/0?password=hunter2"], ["up"], True),
        (
            ["up", "--redis-url", "redis://host/0", "--detach"],
            ["up", "--redis-url", "redis://host/0", "--detach"],
            False,
        ),
        (["up", "--redis-url=redis://host/0"], ["up", "--redis-url=redis://host/0"], False),
        (["up", "--redis-url"], ["up", "--redis-url"], False),
        (["status", "--json"], ["status", "--json"], False),
    ],
)
def test_what_holds_a_password_goes_by_the_environment(given: list[str], kept: list[str], hidden: bool) -> None:
    found, environment = apart(given)
    assert found == kept
    assert bool(environment) == hidden
    assert not any("hunter2" in each for each in found)
    assert all("hunter2" in value for value in environment.values())
