from typing import Any

import pytest

from charloom.core.analysis.baselines import measured
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.runs import run as runs
from charloom.core.training.prepare import prepare
from charloom.core.training.session import settle
from tests.helpers.child_process import TEXT
from tests.helpers.small_models import create


@pytest.mark.parametrize("chosen", [{}, {"held_out": 0.25}, {"held_out": 0.0}])
def test_the_baselines_of_a_run_are_of_the_text_that_it_holds_out(chosen: dict[str, Any]) -> None:
    folder = create(**chosen)
    found = prepare(folder).result()
    cut = len(TEXT) - int(len(TEXT) * chosen.get("held_out", 0.1))
    assert (found.plan, found.text) == (runs.read_plan(folder), TEXT)
    assert found.vocab == Vocab.from_text(TEXT)
    assert found.baselines == measured(TEXT[:cut], TEXT[cut:], found.vocab)
    runs.write_plan(folder, settle(found.plan, len(found.vocab), len(TEXT))[0])
    assert prepare(folder).result().baselines == found.baselines


def test_what_is_wrong_with_a_run_is_told_by_who_waits_for_its_material() -> None:
    folder = create()
    (folder / "corpus.txt").unlink()
    with pytest.raises(CharloomError, match="The text of 'small' is missing or was changed"):
        prepare(folder).result()
    (folder / "run.json").unlink()
    with pytest.raises(CharloomError, match=r"'small' has no readable run\.json"):
        prepare(folder).result()
