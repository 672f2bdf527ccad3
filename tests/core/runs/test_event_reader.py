from pathlib import Path

import pytest

from charloom.core.runs import events
from charloom.core.runs.events import Continued, Event, Finished, Paused, Sample
from charloom.core.runs.trainer import EventReader
from charloom.core.store.model_dir import ModelDir
from tests.tui.helpers.run_folders import course, end


@pytest.fixture
def folder(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path)


def record(folder: ModelDir, *story: Event) -> None:
    for event in story:
        events.record(folder, event)


def come(news: EventReader, working: bool = False) -> list[Event]:
    return list(news.events(lambda: working, lambda: working))


def test_what_the_trainer_at_work_has_told_is_read_back_and_what_comes_later_comes_once(
    folder: ModelDir,
) -> None:
    record(folder, *course(300), end("stopped"), *course(600))
    news = EventReader(folder, 1 << 20)
    assert news.past_events() == course(600)
    record(folder, Paused(600))
    assert come(news) == [Paused(600)]
    assert come(news) == []


def test_a_trainer_that_has_told_of_its_end_has_nothing_more_to_tell(folder: ModelDir) -> None:
    record(folder, *course(300), end())
    assert [type(event) for event in EventReader(folder, 1 << 20).past_events()] == [Sample]


def test_no_more_is_read_back_than_asked_for_and_no_line_that_was_cut(folder: ModelDir) -> None:
    record(folder, *course(300), Paused(300))
    length = len(events.to_line(Paused(300))) + 1
    assert EventReader(folder).past_events() == []
    assert EventReader(folder, length).past_events() == [Paused(300)]
    assert EventReader(folder, length + 9).past_events() == [Paused(300)]


def test_events_end_with_the_run_with_its_trainer_or_when_it_is_enough(folder: ModelDir) -> None:
    news = EventReader(folder)
    assert come(news) == come(news, working=True) == []
    finished, last = end(), Sample(9, "the last")
    assert isinstance(finished, Finished)
    record(folder, Continued(9), last, finished, Paused(10))
    assert come(news) == [Continued(9), last, finished]


def test_however_much_has_come_all_of_it_comes(folder: ModelDir) -> None:
    news = EventReader(folder)
    lines = b"".join(events.to_line(Paused(step)).encode() + b"\n" for step in range(20_000))
    folder.metrics.write_bytes(lines)
    assert len(lines) > 1 << 19  # more than is read at a time
    assert [event.step for event in come(news) if isinstance(event, Paused)] == list(range(20_000))
