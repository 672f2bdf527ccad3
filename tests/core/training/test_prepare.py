from typing import Any

import pytest

from charloom.core.analysis.baselines import compute_baselines
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.runs.run import read_run_config, write_run_config
from charloom.core.training.prepare import prepare_async
from charloom.core.training.session import resolve_config
from tests.helpers.child_process import TEXT
from tests.helpers.small_models import create


@pytest.mark.parametrize("chosen", [{}, {"held_out": 0.25}, {"held_out": 0.0}])
def test_the_baselines_of_a_run_are_of_the_text_that_it_holds_out(chosen: dict[str, Any]) -> None:
    folder = create(**chosen)
    found = prepare_async(folder).result()
    cut = len(TEXT) - int(len(TEXT) * chosen.get("held_out", 0.1))
    assert (found.plan, found.text) == (read_run_config(folder), TEXT)
    assert found.vocab == Vocab.from_text(TEXT)
    assert found.baselines == compute_baselines(TEXT[:cut], TEXT[cut:], found.vocab)
    write_run_config(folder, resolve_config(found.plan, len(found.vocab), len(TEXT))[0])
    assert prepare_async(folder).result().baselines == found.baselines


def test_what_is_wrong_with_a_run_is_told_by_who_waits_for_its_material() -> None:
    folder = create()
    folder.corpus.unlink()
    with pytest.raises(CharloomError, match="The text of 'small' is missing or was changed"):
        prepare_async(folder).result()
    folder.run_config.unlink()
    with pytest.raises(CharloomError, match=r"'small' has no readable run\.json"):
        prepare_async(folder).result()
