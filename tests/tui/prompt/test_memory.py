"""What a model reads before a prompt: nothing, the page, or the page as a dialogue."""

import pytest

from charloom.core.data.dialogue import PLAIN, Dialogue, DialogueForm
from charloom.core.library.replay import replay
from charloom.core.model.metadata import CorpusInfo
from charloom.tui.app import CharloomApp
from charloom.tui.services import preferences
from charloom.tui.widgets.option_row import OptionRow
from tests.tui.helpers.driving import LARGE, screen_text, until
from tests.tui.prompt.helpers import choose, ended, kept, prompt_screen, ready, send, weaver

VOCAB = "Adan: Brim?.\nthe sea"
CHAT = Dialogue(DialogueForm.NAME, ("Ada", "Bram", "Tim"), "\n", ("\n",))


@pytest.fixture(autouse=True)
def _model() -> None:
    model_with(CHAT)
    choose(memory="talk", temperature=1.0)


def model_with(dialogue: Dialogue) -> None:
    weaver(vocab=VOCAB, corpus=CorpusInfo("chat", "0" * 64, 1_000, "Ada: ", dialogue))


async def test_in_a_talk_a_line_and_its_reply_are_turns_that_read_all_others() -> None:
    choose(memory="talk", temperature=1.0, seed=1)  # neither reply is empty
    app = CharloomApp()
    async with app.run_test(size=LARGE) as pilot:
        await ready(pilot)
        for words in ("the sea", "Ada?"):
            await ended(pilot, await send(pilot, words))
        await until(pilot, lambda: "you are   Ada  [Bram]  Tim" in screen_text(app))
        await until(pilot, lambda: len(kept()) == 2)
    first, second = sorted(kept(), key=lambda generation: generation.id)
    assert (first.context, first.prompt) == ("", "Bram: the sea\nAda: ")
    assert second.context == f"{first.prompt}{first.text}\n"
    assert (second.prompt, second.stop) == ("Bram: Ada?\nAda: ", ("\n",))
    assert "\n" not in first.text + second.text
    assert replay(first).equal and replay(second).equal


async def test_the_names_can_be_chosen() -> None:
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        screen.query_one("#user", OptionRow).focus()
        await pilot.press("right")
        turn = await send(pilot, "the sea")
        assert turn.request.prompt == "Tim: the sea\nAda: "
        turn = await send(pilot, "")
        assert turn.request.prompt == "Ada: "


async def test_with_memory_of_the_page_prompts_stay_as_they_are() -> None:
    choose(memory="page")
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        assert not screen.query_one("#user", OptionRow).display
        first, second = await send(pilot, "the sea"), await send(pilot, "Ada?")
        await ended(pilot, second)
        assert second.request.prompt == "Ada?"
        assert second.request.context == first.chosen.full_text.removesuffix("\n\n") + "\n\n"


async def test_without_memory_a_prompt_is_read_alone() -> None:
    choose(memory="off")
    async with CharloomApp().run_test(size=LARGE) as pilot:
        await ready(pilot)
        await send(pilot, "the sea")
        assert (await send(pilot, "Ada?")).request.context == ""


async def test_deleted_texts_are_forgotten_and_continued_ones_read_once() -> None:
    choose(memory="page")
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        first = await send(pilot, "the sea")
        await ended(pilot, first)
        first.release()
        screen.action_continue()  # in a new turn
        await until(pilot, lambda: len(screen.query("Turn")) == 2)
        longer = screen.transcript.current
        assert longer is not None and longer.request.context == ""
        third = await send(pilot, "Ada?")
        assert third.request.context == longer.chosen.full_text.removesuffix("\n\n") + "\n\n"
        await ended(pilot, third)
        screen.transcript.action_delete()
        await until(pilot, lambda: third.deleted)
        fourth = await send(pilot, "Bram?")
        assert fourth.request.context == third.request.context


async def test_another_seed_reads_the_same_again() -> None:
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        await ended(pilot, await send(pilot, "the sea"))
        second = await send(pilot, "Ada?")
        await ended(pilot, second)
        for action in (screen.action_again, screen.action_repeat):
            action()
            await until(pilot, lambda: screen.transcript.current is not second)
            again = screen.transcript.current
            assert again is not None
            assert (again.request.context, again.request.prompt) == (
                second.request.context,
                second.request.prompt,
            )


async def test_what_continues_a_reply_in_a_new_turn_ends_at_the_next_turn_too() -> None:
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        first = await send(pilot, "the sea")
        await ended(pilot, first)
        first.release()
        screen.action_continue()
        await until(pilot, lambda: screen.transcript.current is not first)
        longer = screen.transcript.current
        assert longer is not None
        assert longer.request.prompt == first.chosen.full_text
        assert longer.request.job_ending.stop == ("\n",)


async def test_a_text_without_speakers_is_talked_to_in_paragraphs() -> None:
    model_with(PLAIN)
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        assert not screen.query_one("#user", OptionRow).display
        assert (await send(pilot, "the sea")).request.prompt == "the sea\n\n"


async def test_the_memory_is_remembered() -> None:
    async with CharloomApp().run_test(size=LARGE) as pilot:
        screen = await ready(pilot)
        screen.query_one("#memory", OptionRow).focus()
        await pilot.press("right")
        assert prompt_screen(pilot).panel.memory.memory == "off"
    assert preferences.load().memory == "off"
