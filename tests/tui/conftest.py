from collections.abc import Iterator
from random import Random
from subprocess import Popen
from typing import TYPE_CHECKING, Any

import pytest

from charloom.core.runs import trainer
from charloom.core.runs.trainer import launch_trainer
from charloom.tui.services import run_manager

if TYPE_CHECKING:
    from textual.css.model import RuleSet


@pytest.fixture(autouse=True)
def trainers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list["Popen[bytes]"]]:
    """Note the trainers that are started, and let none outlive the test."""
    started: list[Popen[bytes]] = []
    launch = launch_trainer

    def noted(*arguments: Any) -> "Popen[bytes]":
        started.append(launch(*arguments))
        return started[-1]

    for module in (trainer, run_manager):
        monkeypatch.setattr(module, "launch_trainer", noted)
    yield started
    for each in started:
        each.kill()
        each.wait()


@pytest.fixture(autouse=True)
def same_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same seeds in every run, and so the same texts."""
    chance = Random(0)
    monkeypatch.setattr("charloom.core.sampling.config.SystemRandom", lambda: chance)


@pytest.fixture
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have versions and places that are the same on every computer."""
    monkeypatch.setattr(
        "charloom.tui.settings.screen._versions", lambda: "Charloom 1.2.3 · Textual 4.5.6"
    )
    monkeypatch.setenv("CHARLOOM_HOME", "/there/is/no/such/folder")


@pytest.fixture(autouse=True, scope="session")
def short_waits() -> None:
    """Look every 5 ms whether the app is idle, not every 20."""
    from textual import _wait

    _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 1 / 200, 1 / 4000


@pytest.fixture(autouse=True, scope="session")
def styles_parsed_once() -> None:
    """Parse each style sheet once for each theme, not in each app and again at each new screen."""
    from textual.css.stylesheet import Stylesheet

    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *arguments: Any, **options: Any) -> "list[RuleSet]":
        key = (frozenset(sheet._variables.items()), arguments, *options.items())
        if key not in parsed:
            parsed[key] = parse(sheet, *arguments, **options)
        return parsed[key]

    Stylesheet._parse_rules = parse_once  # type: ignore[assignment, method-assign]


@pytest.fixture(autouse=True, scope="session")
def rules_hashed_in_c() -> None:
    """Hash rules without Python code: each style sheet has hundreds, hashed for each widget."""
    from textual.css.model import RuleSet

    RuleSet.__hash__ = object.__hash__  # type: ignore[method-assign]
