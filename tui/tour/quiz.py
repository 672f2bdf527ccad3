"""The questions of the tour that have one right answer, made of the person's own text and model."""

from collections.abc import Sequence
from dataclasses import dataclass

from charloom.tui.tour.sampling_stage import SamplingStage
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import visible_char, visible_chars
from charloom.tui.tour.text_stages import prose_start, varied_excerpt
from charloom.tui.tour.worked_example import WorkedExample

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """A question, what may be answered, which answer is right (from 0), and why."""

    question: str
    choices: tuple[str, ...]
    right: int
    why: str


def text_question(subject: TourSubject) -> QuizQuestion:
    """Station 1."""
    rest = f"{subject.held_out:,}"
    why = "It is trained on all of it, and nobody will know whether it has learned it by heart."
    if subject.held_out:
        why = f"The last {rest} of {subject.characters:,} are held back, to see what it makes of "
        why += "words that it has never met."
    return _check(
        1,
        "How many characters of this text is a network never trained on?",
        (rest, f"{subject.characters:,}", f"{len(subject.vocab):,}"),
        why,
    )


def characters_question(subject: TourSubject) -> QuizQuestion:
    """Station 2."""
    shown = varied_excerpt(subject.text)
    size = len(shown.encode("utf-8", "surrogatepass"))
    seen = len("".join(shown.split()))
    return _check(
        2,
        f"How many characters does a network read in “{visible_chars(shown)}”?",
        (str(len(shown)), str(seen), str(size), str(len(shown.split()))),
        "Each code point is one: a space and a newline too, however many bytes it may take.",
    )


def vocabulary_question(subject: TourSubject) -> QuizQuestion:
    """Station 3."""
    c2ix = subject.vocab.c2ix
    text = subject.known[prose_start(subject) :]
    character = next((c for c in text if c in c2ix), subject.vocab.chars[0])
    shown, number = visible_char(character), c2ix[character]
    return _check(
        3,
        f"What is ix2c[c2ix['{shown}']]?",
        (f"'{shown}'", str(number), str(len(subject.vocab))),
        f"c2ix['{shown}'] is {number}, and ix2c[{number}] is '{shown}' again: each table undoes "
        "the other.",
    )


def ids_question(subject: TourSubject) -> QuizQuestion:
    """Station 4."""
    vocab = subject.vocab
    last = len(vocab) - 1
    one, other = (
        visible_char(vocab.ix2c[each]) for each in (max(0, last // 2), min(last, last // 2 + 1))
    )
    return _check(
        4,
        f"‘{one}’ and ‘{other}’ have neighbouring ids, {last // 2} and {min(last, last // 2 + 1)}. "
        "What does a network take from that?",
        (
            "nothing: an id only says which row of the Embedding is meant",
            "that the two are much alike",
            "that one often follows the other",
        ),
        "What two characters have in common has to be learned; it is in their rows of the "
        "Embedding, not in their ids.",
    )


def windows_question(subject: TourSubject) -> QuizQuestion:
    """Station 5."""
    start = prose_start(subject)
    ids = [int(each) for each in subject.vocab.encode(subject.known[start : start + 9])]
    places = range(2, min(len(ids) - 1, len(_ORDINALS)))
    # one whose neighbours are others, so that there is one right answer
    place = next((n for n in places if len(set(ids[n - 1 : n + 2])) == 3), 2)
    before, here, after = ids[place - 1 : place + 2]
    character = visible_char(subject.known[start + place])
    answers = [str(after), str(here), str(before)]
    if len(set(answers)) < 2:  # a text of one character
        answers.append(str((after + 1) % len(subject.vocab)))
    return _check(
        5,
        f"Which id is the label of the {_ORDINALS[place]} feature, ‘{character}’?",
        answers,
        "The label is the character that follows: "
        f"‘{visible_char(subject.known[start + place + 1])}’, which has the id "
        f"{after}. {here} is the feature itself.",
    )


def batch_question(subject: TourSubject) -> QuizQuestion:
    """Station 6."""
    size, length = subject.training.batch_size, subject.training.window
    return _check(
        6,
        f"How many predictions does the network make for one batch [{size}, {length}]?",
        (f"{size * length:,}", f"{size:,}", f"{length:,}", f"{size + length:,}"),
        f"One at each character of each window: {size:,} × {length:,} = {size * length:,}.",
    )


def model_question(subject: TourSubject) -> QuizQuestion:
    """Station 7."""
    model = subject.checkpoint.model
    hidden = model.hidden_size
    return _check(
        7,
        f"weight_hh has 4H = {4 * hidden:,} rows. How many columns has it?",
        (
            f"H = {hidden:,}, for it is multiplied with the h before",
            f"E = {model.embedding_dim:,}, for it is multiplied with the Embedding's numbers",
            f"V = {model.vocab_size:,}, for it gives the logits",
        ),
        "weight_hh leads from the hidden state before to the four gates; weight_ih leads there "
        "from what comes in.",
    )


def loss_question(subject: TourSubject) -> QuizQuestion:
    """Station 8."""
    size, length = subject.training.batch_size, subject.training.window
    row, place = min(2, size - 1), min(3, length - 1)
    flat = row * length + place
    return _check(
        8,
        f"Counted from 0: which of the {size * length:,} rows of [B*T, V] belongs to character "
        f"{place} of window {row}?",
        (str(flat), str(place * size + row), str(row + place), str((row + 1) * length + place)),
        f"{row} whole windows of {length} stand before it: {row} × {length} + {place} = {flat}.",
    )


def step_question(example: WorkedExample) -> QuizQuestion:
    """Station 9."""
    sign_of = "above" if example.gradient > 0 else "below"
    down = example.gradient > 0
    return _check(
        9,
        f"The gradient of that weight is {sign_of} 0. Which way does the optimizer move it?",
        (
            f"{'down' if down else 'up'}, against the gradient",
            f"{'up' if down else 'down'}, along the gradient",
            "not at all: only the state changes",
        ),
        "The gradient points to where the loss grows, so the step goes the other way.",
    )


def sampling_question(sampling: SamplingStage) -> QuizQuestion:
    """Station 10."""
    vocab = sampling.model.vocab
    likeliest = [f"‘{visible_char(vocab.ix2c[int(each)])}’" for each in sampling.likeliest[:3]]
    return _check(
        10,
        "Which character would be drawn next at temperature 0?",
        (likeliest[0], *likeliest[1:3], "any of them, all alike"),
        f"At temperature 0 it is always the likeliest: {likeliest[0]}, every time. The higher the "
        "temperature, the more alike all of them become.",
    )


def _check(number: int, question: str, answers: Sequence[str], why: str) -> QuizQuestion:
    """Return a check. The first of ``answers`` is the right one; where it is put, varies."""
    distinct = list(dict.fromkeys(answers))
    turn = number % len(distinct)
    choices = distinct[turn:] + distinct[:turn]
    return QuizQuestion(question, tuple(choices), choices.index(distinct[0]), why)
