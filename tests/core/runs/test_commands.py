import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.errors import CharloomError
from charloom.core.runs import commands as orders
from charloom.core.runs.commands import Inbox, Order, give


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every look at the file be due."""
    monkeypatch.setattr(orders, "_LOOK_SECONDS", 0.0)


def heard(inbox: Inbox) -> list[Order]:
    return list(iter(inbox.next, None))


def test_what_is_given_is_heard_in_turn_and_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    assert inbox.next() is None
    given = [Order("pause"), Order("set-lr", 1e-7), Order("set-lr", 1), Order("continue")]
    for order in given:
        give(tmp_path, order)
    assert heard(inbox) == given
    give(tmp_path, Order("stop"))
    assert heard(inbox) == [Order("stop")]
    assert heard(inbox) == []


def test_what_was_given_before_is_not_heard(tmp_path: Path) -> None:
    give(tmp_path, Order("stop"))
    inbox = Inbox(tmp_path)
    give(tmp_path, Order("checkpoint"))
    assert heard(inbox) == [Order("checkpoint")]
    (tmp_path / "orders.jsonl").write_text("")
    assert heard(inbox) == []
    give(tmp_path, Order("pause"))
    assert heard(inbox) == [Order("pause")]


def test_an_order_that_was_torn_is_none_and_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "orders.jsonl").write_text('{"order": "st')
    inbox = Inbox(tmp_path)
    give(tmp_path, Order("pause"))
    assert heard(inbox) == [Order("pause")]


@pytest.mark.parametrize("rate", [None, 0, -1, 0.9e-7, 1.1, math.nan, math.inf, True, "0.1", []])
def test_a_learning_rate_that_makes_no_sense_is_refused_in_a_sentence(rate: Any) -> None:
    with pytest.raises(CharloomError, match=r"number.*\.$"):
        Order("set-lr", rate)


@pytest.mark.parametrize("kind", ["", "Pause", "set-rate", None, [], 7])
def test_what_a_trainer_does_not_understand_is_refused(kind: Any) -> None:
    with pytest.raises(CharloomError, match="understands pause, continue"):
        Order(kind)


HOSTILE = [
    *(b"", b"null", b"7", b'"stop"', b"[]", b"{}", b"\xff\xfe{", b"[" * 10_000, b"{" * 10_000),
    *(b'{"order": "explode"}', b'{"order": ["stop"]}', b'{"order": {}}', b'{"stop": "order"}'),
    *(b'{"order": "set-lr"}', b'{"order": "set-lr", "value": "1"}', b'{"order": null}'),
    *(b'{"order": "set-lr", "value": NaN}', b'{"order": "set-lr", "value": 1e999}'),
    b'{"order": "set-lr", "value": 1' + b"0" * 400 + b"}",
    b'{"order": "set-lr", "value": ' + b"9" * 5_000 + b"}",
]


def test_lines_that_are_no_orders_are_passed_over(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (tmp_path / "orders.jsonl").write_bytes(b"\n".join([*HOSTILE, b""]))
    give(tmp_path, Order("stop"))
    assert heard(inbox) == [Order("stop")]


@given(st.binary())
def test_no_line_whatever_is_in_it_does_harm(line: bytes) -> None:
    assert orders._parsed(line) is None


def test_an_order_is_a_line_that_a_person_can_write(tmp_path: Path) -> None:
    give(tmp_path, Order("pause"))
    give(tmp_path, Order("set-lr", 0.001))
    lines = (tmp_path / "orders.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"order": "pause"},
        {"order": "set-lr", "value": 0.001},
    ]


def test_an_order_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CharloomError, match=r"'gone' cannot be written.*is there.*\.$"):
        give(tmp_path / "gone", Order("pause"))
    assert not (tmp_path / "gone").exists()
    (tmp_path / "orders.jsonl").symlink_to("/dev/full")
    with pytest.raises(CharloomError, match=r"cannot be written \(No space left.*has room\.$"):
        give(tmp_path, Order("pause"))


def test_a_file_of_orders_that_cannot_be_read_is_no_order(tmp_path: Path) -> None:
    (tmp_path / "orders.jsonl").mkdir()
    inbox = Inbox(tmp_path)
    assert inbox.next() is None
