"""The tour's multiple-choice questions, on the user's own text and model."""

from collections.abc import Sequence
from dataclasses import dataclass

from charloom.tui.tour.sampling_stage import SamplingStage
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import visible_char, visible_chars
from charloom.tui.tour.text_stages import prose_start, utf8_size, varied_excerpt
from charloom.tui.tour.worked_example import WorkedExample

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """A question, its choices, the index of the right one, and why it is right."""

    question: str
    choices: tuple[str, ...]
    right: int
    explanation: str


def text_question(subject: TourSubject) -> QuizQuestion:
    """Stage 1: the size of the held-out text."""
    held_out = f"{subject.held_out:,}"
    explanation = "It is trained on all of it, so no test will show whether it memorized the text."
    if subject.held_out:
        explanation = (
            f"The last {held_out} of {subject.characters:,} are held back, to test the network on "
            "words that it has never read."
        )
    return _question(
        1,
        "How many characters of this text is the network never trained on?",
        (held_out, f"{subject.characters:,}", f"{len(subject.vocab):,}"),
        explanation,
    )


def characters_question(subject: TourSubject) -> QuizQuestion:
    """Stage 2: the number of characters in an excerpt."""
    excerpt = varied_excerpt(subject.text)
    words = excerpt.split()
    answers = (len(excerpt), len("".join(words)), utf8_size(excerpt), len(words))
    return _question(
        2,
        f"How many characters does a network read in “{visible_chars(excerpt)}”?",
        tuple(map(str, answers)),
        "Each code point counts as one, spaces and newlines too, however many bytes it has.",
    )


def vocabulary_question(subject: TourSubject) -> QuizQuestion:
    """Stage 3: the two tables undo each other."""
    c2ix = subject.vocab.c2ix
    text = subject.known_text[prose_start(subject) :]
    character = next((c for c in text if c in c2ix), subject.vocab.chars[0])
    label, id_ = visible_char(character), c2ix[character]
    return _question(
        3,
        f"What is ix2c[c2ix['{label}']]?",
        (f"'{label}'", str(id_), str(len(subject.vocab))),
        f"c2ix['{label}'] is {id_}, and ix2c[{id_}] is '{label}' again: each table undoes the "
        "other.",
    )


def ids_question(subject: TourSubject) -> QuizQuestion:
    """Stage 4: ids are names."""
    vocab = subject.vocab
    last = len(vocab) - 1
    ids = max(0, last // 2), min(last, last // 2 + 1)
    left, right = (visible_char(vocab.ix2c[id_]) for id_ in ids)
    return _question(
        4,
        f"‘{left}’ and ‘{right}’ have neighbouring ids, {ids[0]} and {ids[1]}. What does the "
        "network learn from that?",
        (
            "nothing: an id only says which row of the Embedding to use",
            "that the two are similar",
            "that one often follows the other",
        ),
        "What two characters have in common has to be learned. It is in their rows of the "
        "Embedding, not in their ids.",
    )


def windows_question(subject: TourSubject) -> QuizQuestion:
    """Stage 5: a label is the next character."""
    start = prose_start(subject)
    ids = [int(id_) for id_ in subject.vocab.encode(subject.known_text[start : start + 9])]
    positions = range(2, min(len(ids) - 1, len(_ORDINALS)))
    # its neighbours are other characters, so that only one answer is right
    position = next((n for n in positions if len(set(ids[n - 1 : n + 2])) == 3), 2)
    before, here, after = ids[position - 1 : position + 2]
    feature, label = map(visible_char, subject.known_text[start + position :][:2])
    answers = [str(after), str(here), str(before)]
    if len(set(answers)) < 2:  # the text repeats one character
        answers.append(str((after + 1) % len(subject.vocab)))
    return _question(
        5,
        f"Which id is the label of the {_ORDINALS[position]} feature, ‘{feature}’?",
        answers,
        f"The label is the next character: ‘{label}’, which has the id {after}. "
        f"{here} is the id of the feature itself.",
    )


def batch_question(subject: TourSubject) -> QuizQuestion:
    """Stage 6: the number of predictions in a batch."""
    size, length = subject.train_config.batch_size, subject.train_config.window
    return _question(
        6,
        f"How many predictions does the network make for one batch [{size}, {length}]?",
        (f"{size * length:,}", f"{size:,}", f"{length:,}", f"{size + length:,}"),
        f"One for each character of each window: {size:,} × {length:,} = {size * length:,}.",
    )


def model_question(subject: TourSubject) -> QuizQuestion:
    """Stage 7: the shape of weight_hh."""
    config = subject.checkpoint.model
    return _question(
        7,
        f"weight_hh has 4H = {4 * config.hidden_size:,} rows. How many columns does it have?",
        (
            f"H = {config.hidden_size:,}: it is multiplied by the previous h",
            f"E = {config.embedding_dim:,}: it is multiplied by a row of the Embedding",
            f"V = {config.vocab_size:,}: it computes the logits",
        ),
        "weight_hh leads from the previous hidden state to the four gates. weight_ih leads to "
        "them from the input.",
    )


def loss_question(subject: TourSubject) -> QuizQuestion:
    """Stage 8: the row of a character in the flattened batch."""
    size, length = subject.train_config.batch_size, subject.train_config.window
    row, position = min(2, size - 1), min(3, length - 1)
    flat = row * length + position
    return _question(
        8,
        f"Counting from 0, which of the {size * length:,} rows of [B*T, V] belongs to character "
        f"{position} of window {row}?",
        (str(flat), str(position * size + row), str(row + position), str(flat + length)),
        f"{row} whole windows of {length} come before it: {row} × {length} + {position} = {flat}.",
    )


def step_question(example: WorkedExample) -> QuizQuestion:
    """Stage 9: the direction of a step."""
    is_positive = example.gradient > 0
    against, along = ("down", "up") if is_positive else ("up", "down")
    return _question(
        9,
        f"The gradient of that weight is {'above' if is_positive else 'below'} 0. Which way does "
        "the optimizer move the weight?",
        (
            f"{against}, against the gradient",
            f"{along}, along the gradient",
            "not at all: only the state changes",
        ),
        "The gradient points in the direction in which the loss grows, so the step goes the other "
        "way.",
    )


def sampling_question(sampling: SamplingStage) -> QuizQuestion:
    """Stage 10: temperature 0."""
    ix2c = sampling.network.vocab.ix2c
    likeliest = [f"‘{visible_char(ix2c[int(id_)])}’" for id_ in sampling.likeliest[:3]]
    return _question(
        10,
        "Which character comes next at temperature 0?",
        (*likeliest, "any of them, with equal probability"),
        f"At temperature 0 it is always the likeliest: {likeliest[0]}, every time. The higher the "
        "temperature, the more even the probabilities become.",
    )


def _question(number: int, question: str, answers: Sequence[str], explanation: str) -> QuizQuestion:
    """Return a question with the right one of ``answers``, the first, at a varying position."""
    distinct = list(dict.fromkeys(answers))
    shift = number % len(distinct)
    choices = distinct[shift:] + distinct[:shift]
    return QuizQuestion(question, tuple(choices), choices.index(distinct[0]), explanation)
