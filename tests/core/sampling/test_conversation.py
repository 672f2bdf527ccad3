import pytest

from charloom.core.data.dialogue import PLAIN, Dialogue, DialogueForm
from charloom.core.errors import CharloomError
from charloom.core.sampling.conversation import MAX_CONTEXT_CHARACTERS, Conversation

PLAY = Dialogue(DialogueForm.NAME_LINE, ("ROMEO", "JULIET", "Nurse"), "\n\n", ("\n\n",))
QUOTES = Dialogue(DialogueForm.QUOTE, (), "\n", ("\n",))


@pytest.mark.parametrize(
    ("user", "model", "both"),
    [
        ("", "", ("JULIET", "ROMEO")),
        ("Nurse", "", ("Nurse", "ROMEO")),
        ("ROMEO", "", ("ROMEO", "JULIET")),
        ("", "Nurse", ("ROMEO", "Nurse")),
        ("", "ROMEO", ("JULIET", "ROMEO")),
        ("Nurse", "Nurse", ("Nurse", "Nurse")),
    ],
)
def test_names_that_are_not_given_are_the_most_frequent_ones(
    user: str, model: str, both: tuple[str, str]
) -> None:
    conversation = Conversation.between(PLAY, user, model)
    assert (conversation.user, conversation.model) == both


def test_a_name_that_never_speaks_is_refused_with_a_suggestion() -> None:
    with pytest.raises(CharloomError, match="JULIET"):
        Conversation.between(PLAY, "JULLIET")
    with pytest.raises(CharloomError, match="ROMEO, JULIET, Nurse"):
        Conversation.between(PLAY, "", "Zaphod")
    for dialogue in (PLAIN, QUOTES):
        with pytest.raises(CharloomError, match="names no speakers"):
            Conversation.between(dialogue, "Ada")


def test_what_the_model_reads_is_written_as_in_the_training_text() -> None:
    conversation = Conversation.between(PLAY, "JULIET", "ROMEO")
    first = conversation.prompt("O Romeo?") + "Ay me."
    context = conversation.context([first, conversation.prompt("Art thou?") + "I am."])
    assert context + conversation.prompt("Come.") == (
        "JULIET:\nO Romeo?\n\nROMEO:\nAy me.\n\n"
        "JULIET:\nArt thou?\n\nROMEO:\nI am.\n\n"
        "JULIET:\nCome.\n\nROMEO:\n"
    )


def test_without_words_the_model_speaks_again() -> None:
    assert Conversation.between(PLAY).prompt("") == "ROMEO:\n"
    assert Conversation.between(QUOTES).prompt("") == ""


def test_without_speakers_a_turn_is_a_paragraph() -> None:
    conversation = Conversation.between(PLAIN)
    turn = conversation.prompt("Who are you?") + "A creature."
    assert conversation.context([turn]) == "Who are you?\n\nA creature.\n\n"
    assert conversation.stops == ("\n\n",)


def test_a_reply_that_kept_its_end_gets_no_second_one() -> None:
    assert Conversation.between(QUOTES).context(["> look\nA room.\n"]) == "> look\nA room.\n"


def test_the_context_has_the_last_whole_turns_that_fit() -> None:
    turns = [f"{number:03} " + "x" * 894 for number in range(9)]  # 900 characters with the end
    context = Conversation.between(PLAIN).context(turns)
    assert context == "".join(turn + "\n\n" for turn in turns[-4:])
    exact = ["y" * (MAX_CONTEXT_CHARACTERS - 2)]
    assert len(Conversation.between(PLAIN).context(["first", *exact])) == MAX_CONTEXT_CHARACTERS
    assert Conversation.between(PLAIN).context(["z" * MAX_CONTEXT_CHARACTERS]) == ""
