"""Growth as a film: its moments, its asciicast, and its animated SVG."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyte
import pytest

from charloom.core.analysis.checkpoint_samples import sample_checkpoints
from charloom.core.model.metadata import Losses
from charloom.core.runs.monitor import RunMonitor
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import sanitize
from charloom.core.store.read import find_model
from charloom.tui.charts.film import FRAMES_PER_SECOND, Film, Moment, frame_of
from charloom.tui.charts.film_cast import asciicast
from charloom.tui.charts.film_picture import film_picture
from tests.helpers.browser import browser
from tests.helpers.factories import checkpoint_path, random_checkpoint, save_model
from tests.tui.helpers.run_folders import course, write_run

SVG = "{http://www.w3.org/2000/svg}"
STEPS = (1_000, 2_000, 3_000, 4_000)
HOSTILE = "\x1b[]\u202e<&>\"'"
PROMPT = "it was\nthe sea"
NAME = "sea"


@pytest.fixture
def film() -> Film:
    """The film of a model with four checkpoints, whose third one is damaged."""
    for step in STEPS:
        losses = Losses(validation=4_000 / (step + 1_000), carried=0.9 if step == 4_000 else None)
        vocab = "\n abcdefghijklmnopqrstuvwxyz" + HOSTILE
        save_model(NAME, random_checkpoint(vocab, seed=step, step=step, losses=losses))
    checkpoint_path(f"{NAME}@3000").write_bytes(b"no checkpoint")
    return film_of(find_model(NAME).checkpoints, None)


def film_of(checkpoints: Any, run: RunMonitor | None) -> Film:
    config = SamplingConfig(0.7)
    samples = list(sample_checkpoints(checkpoints, PROMPT, config, seed=3, length=200))
    return Film.of(NAME, PROMPT, samples, run, config, 3)


def rest(film: Film, index: int) -> float:
    """Return a second at which the whole text of a sample is shown."""
    return (frame_of(Moment(index, 1)) + 2) / FRAMES_PER_SECOND


def joined(rows: list[str]) -> str:
    """Return the text of rows without the blanks at which it was wrapped."""
    return "".join("".join(rows).split())


def expected(film: Film, index: int) -> str:
    return joined(["…the sea" + sanitize(film.samples[index].text)])


def test_each_checkpoint_with_a_text_is_written_over_the_one_before(film: Film) -> None:
    assert [sample.step for sample in film.samples] == [1_000, 2_000, 4_000]
    for frame in range(film.frames):
        moment = film.at(frame)
        rows = film.spans(moment, 40, 99)
        parts = [part for row in rows for part in row]
        text, old = (joined([t for t, role in parts if role == of]) for of in ("text", "old"))
        assert joined([t for t, role in parts if role == "prompt"]) == "…thesea"
        assert expected(film, moment.sample).removeprefix("…thesea").startswith(text)
        assert moment.sample == 0 or expected(film, moment.sample - 1).endswith(old)
        assert (moment.written == 1) == ("▌" not in dict(parts))
        assert moment.written < 1 or not old
    assert film.at(0) == (0, 0) and film.at(film.frames - 1) == (2, 1)
    for index in range(3):
        rows = film.spans(Moment(index, 1), 40, 99)
        assert joined([text for row in rows for text, _ in row]) == expected(film, index)


def test_the_mark_moves_from_checkpoint_to_checkpoint(film: Film) -> None:
    steps = [film.step(film.at(frame)) for frame in range(film.frames)]
    assert steps == sorted(steps) and steps[0] == 0 and steps[-1] == 4_000
    assert film.step(Moment(2, 0.5)) == 3_000
    assert film.caption(2) == f"3 of 3 · step 4,000 · {0.9 / math.log(2):.2f} bits/char held-out"


def test_the_curve_is_that_of_the_run_or_of_the_checkpoints(film: Film) -> None:
    assert film.data.validation == [(1_000, 2.0), (2_000, 4 / 3), (4_000, 0.9)]
    run = RunMonitor(write_run("creature", *course(1_500)))
    run.refresh()
    assert film_of(find_model(NAME).checkpoints, run).data.train == run.train.points()


def test_the_command_writes_the_same_texts(film: Film) -> None:
    assert film.command == (
        "charloom growth sea --prompt $'it was\\nthe sea' --length 200 --temperature 0.7 --seed 3"
    )


def test_a_long_prompt_and_a_long_text_are_cut(film: Film) -> None:
    long = Film(NAME, "x" * 5_000, film.samples, film.data, film.sampling, 3)
    rows = long.rows(0, 40, 8)
    assert len(rows) == 8 and rows[-1] == ("", "…")
    assert rows[0][0].startswith("…xxx") and rows[0][1] == ""
    assert any(text for _, text in rows[:-1])


def test_an_asciicast_is_read_by_the_published_format_and_replayed(film: Film) -> None:
    header, *events = map(json.loads, asciicast(film).splitlines())
    assert header["version"] == 2
    assert (header["width"], header["height"]) == (80, 24)
    assert len(header["theme"]["palette"].split(":")) in (8, 16)
    for event in events:
        time, code, data = event
        assert isinstance(time, int | float) and code == "o" and isinstance(data, str)
    assert all(a[0] <= b[0] for a, b in pairwise(events)) and events[0][0] == 0
    assert events[-1][0] == film.frames / FRAMES_PER_SECOND

    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    marks = []
    for index in range(len(film.samples)):
        while events and events[0][0] <= rest(film, index):
            stream.feed(events.pop(0)[2])
        text = joined(list(screen.display[14:]))
        assert text == expected(film, index)
        assert film.caption(index) in screen.display[12]
        marks += [line.index("◉") for line in screen.display if "◉" in line]
    assert len(marks) == 3 and marks == sorted(set(marks))
    assert screen.cursor.hidden
    stream.feed("".join(data for _, _, data in events))
    assert joined(list(screen.display[14:])) == expected(film, 2) and not screen.cursor.hidden


def value_at(element: ElementTree.Element, second: float) -> str:
    """Return the value of the first animation in an element, as SMIL defines it if discrete."""
    animation = next(child for child in element if child.tag.startswith(f"{SVG}animate"))
    times = [float(time) for time in (animation.get("keyTimes") or "").split(";")]
    values = (animation.get("values") or "").split(";")
    assert len(times) == len(values) and times[0] == 0 and times == sorted(times)
    at = second / float((animation.get("dur") or "").rstrip("s"))
    return [value for time, value in zip(times, values, strict=True) if time <= at][-1]


def test_an_svg_shows_the_texts_one_after_the_other_without_scripts(film: Film) -> None:
    svg = film_picture(film)
    root = ElementTree.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {
        *("svg", "title", "desc", "rect", "text", "tspan", "g", "path", "polyline", "circle"),
        *(
            "clipPath",
            "animate",
        ),
    }
    others = svg.replace("url(#past)", "").replace("url(#plot)", "")  # its own clip paths
    assert "href" not in svg and "url(" not in others
    shown = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}text") is not None]
    for index in range(len(film.samples)):
        rows = [
            "".join(g.itertext())
            for g in shown
            if g.find(f"{SVG}animate") is not None and value_at(g, rest(film, index)) == "1"
        ]
        assert rows[0] == film.caption(index)
        assert joined(rows[1:]) == expected(film, index)
    still = ["".join(g.itertext()) for g in shown if g.get("opacity") == "1"]
    assert joined(still[1:]) == expected(film, 2)  # where nothing moves, the end is shown


async def test_an_svg_plays_in_chromium(film: Film, tmp_path: Path) -> None:
    (tmp_path / "film.svg").write_text(film_picture(film), "utf-8")
    visible = """
        document.documentElement.pauseAnimations();
        document.documentElement.setCurrentTime(%s);
        JSON.stringify([
            [...document.querySelectorAll("g[opacity] > text")]
                .filter(text => getComputedStyle(text.parentNode).opacity == 1)
                .map(text => text.textContent),
            document.querySelector("circle").cx.animVal.value,
            [...document.querySelectorAll("g > rect")]
                .map(cover => cover.getBoundingClientRect().left)
        ])
    """
    async with browser(tmp_path / "profile") as page:
        await page.open((tmp_path / "film.svg").as_uri())
        while not await page.evaluate("!!document.querySelector('circle')"):
            pass
        places = []
        for index in range(len(film.samples)):
            found = json.loads(await page.evaluate(visible % rest(film, index)))
            (caption, *rows), place, covers = found
            assert caption == film.caption(index) and joined(rows) == expected(film, index)
            places.append(place)
            writing = (frame_of(Moment(index, 0)) + 1) / FRAMES_PER_SECOND
            _, _, covered = json.loads(await page.evaluate(visible % writing))
            assert covered[0] < covers[0]  # the first row is being written
        assert places == sorted(set(places))
