"""The texts of the tour's ten stages, which hold for any text and any network.

The numbers of a particular text and network are computed in :mod:`charloom.tui.tour.tour`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the tour; the user answers ``question`` in their own words.

    The ten summaries, read aloud, take about 90 seconds.
    """

    number: int
    name: str  # in the bar of all stages
    title: str
    summary: str
    why: str
    without: str
    code: str  # file and name
    question: str


STAGES = (
    Stage(
        1,
        "text",
        "Load text",
        "A file is bytes. They are decoded, cleaned and cut to the part to learn from, and the end "
        "of it is held back for testing.",
        "A network learns whatever is in its text, including typing errors and licence terms. So "
        "the text is cleaned first, and every change is reported. The last part of it is never "
        "trained on: only words that are new to the network show whether it has learned the "
        "language or just memorized the text.",
        "A wrong encoding would be learned as faithfully as the prose: “â€™” for every apostrophe.",
        "core/data/corpus.py: load",
        "What can a network that has read only this text not possibly know?",
    ),
    Stage(
        2,
        "chars",
        "Characters",
        "The text is a sequence of characters: Unicode code points, including spaces and newlines.",
        "The network reads and writes one character at a time, so a character is its smallest "
        "piece of language. It is not given words, spelling or paragraphs: it has to discover "
        "them. A newline is a character like any other; that is how the network learns where "
        "lines end.",
        "With bytes instead of characters, an “é” would be two pieces, and a model could write "
        "half a letter.",
        "core/data/corpus.py: Corpus.text",
        "Why characters and not words? What is gained, and what does it cost?",
    ),
    Stage(
        3,
        "vocab",
        "Vocabulary: c2ix and ix2c",
        "Each distinct character gets a number: c2ix maps the character to its number, and ix2c "
        "maps the number back.",
        "A network computes with numbers, so each of the V distinct characters gets one, its id: "
        "its position in the order of code points. Two tables translate in both directions. They "
        "are stored in the same file as the weights, because the weights mean nothing without "
        "them.",
        "With another table, the same weights would write gibberish: every letter would mean a "
        "different one.",
        "core/data/vocab.py: Vocab",
        "Why must the two tables be stored in one file with the weights?",
    ),
    Stage(
        4,
        "ids",
        "Ids",
        "Every character is replaced by its id, so the whole text becomes one long row of "
        "integers.",
        "Encoding just looks up each character, and decoding gives back exactly the same text. An "
        "id is a name, not a quantity: id 60 is not twice id 30. That is why the network does not "
        "calculate with ids. It uses each id to pick a row of its Embedding.",
        "Letters have no arithmetic: the network would have nothing to multiply its weights with.",
        "core/data/vocab.py: Vocab.encode",
        "Ids are names, not quantities. How does the network avoid calculating with them?",
    ),
    Stage(
        5,
        "windows",
        "Sliding windows: features and labels",
        "A window of T characters slides over the row. These are the features; the labels are the "
        "same row shifted by one, so that each character's label is the one that follows it.",
        "The task is always the same: given the characters so far, predict the next one. So the "
        "right answer for each character is the one after it, and the labels are the features "
        "shifted by one. The text itself contains all the answers, and one window is T exercises "
        "at once.",
        "With labels that are not shifted, the network would only learn to repeat the character "
        "that it has just read.",
        "core/data/dataset.py: WindowDataset",
        "Why are the labels the features shifted by one?",
    ),
    Stage(
        6,
        "batch",
        "DataLoader: a batch [B, T]",
        "The DataLoader stacks B windows from different places of the text into a batch: a table "
        "of ids with B rows and T columns, and a second table with their labels.",
        "Many windows at once keep the processor busy: one large matrix product is much faster "
        "than many small ones. The windows also come from different places, so that what a step "
        "learns holds for the whole text and not just for one sentence.",
        "Each step would follow the whim of a single line, and training would take many times as "
        "long.",
        "core/data/dataset.py: batches",
        "What would be different if B were 1?",
    ),
    Stage(
        7,
        "model",
        "The model: Embedding, LSTM, Linear",
        "The Embedding looks up E numbers for each id, the LSTM reads them in order and keeps a "
        "memory of H numbers, and the Linear layer gives each of the V characters a score: its "
        "logit.",
        "The LSTM carries two things from one character to the next. The cell c is its memory. It "
        "is only multiplied by a gate and added to, so it can last for many characters. The "
        "hidden state h is what the LSTM shows of its cell: to the Linear layer, and to its own "
        "gates at the next character.",
        "It would carry nothing from one character to the next, so it could only count which "
        "letter most often follows which.",
        "core/model/torch_lstm.py: CharLSTM",
        "What is a hidden state, and why does an LSTM carry both h and c?",
    ),
    Stage(
        8,
        "loss",
        "Loss: cross-entropy of [B*T, V]",
        "The logits [B, T, V] are laid out as B*T rows of V, each row is compared with its one "
        "right id in [B*T], and the loss is the mean of -ln p of these ids.",
        "Each character of each window is one prediction among V characters, and it does not "
        "matter in which window it was. So the batch is flattened: B times T rows of V logits, "
        "against B times T labels. Softmax turns a row of logits into probabilities; the loss is "
        "-ln p of the character that really came. Divided by ln 2, these nats become bits.",
        "No number would say how wrong a prediction is, so there would be nothing to improve.",
        "core/model/torch_lstm.py: cross_entropy",
        "Why do logits [B, T, V] become [B*T, V] before the loss is computed?",
    ),
    Stage(
        9,
        "step",
        "Step: forward, loss, backward, step",
        "Forward computes the logits, the loss says how wrong they are, backward computes how much "
        "each weight contributed, and the optimizer moves each weight a little the other way.",
        "Backward computes the gradient of every weight: how the loss would change if the weight "
        "grew. AdamW then moves each weight against its gradient, by about the learning rate. "
        "One step is tiny; tens of thousands of them turn random numbers into a model.",
        "The weights would stay what they were at first: random numbers that write noise.",
        "core/training/step.py: Stepper.step",
        "Forward, loss, backward, step: what is each of the four for, in one sentence?",
    ),
    Stage(
        10,
        "sample",
        "Generation: sample, append, repeat",
        "To write, the network reads a prompt; one character is drawn from its prediction, "
        "appended, and read in turn, again and again.",
        "In training, the right next character is known, and it is read next whatever the network "
        "predicted. In generation there is no right answer: the network reads what was drawn from "
        "its own predictions. Temperature divides the logits: below 1, likely characters become "
        "more likely; above 1, the probabilities become more even. Top-k keeps only the k "
        "likeliest characters.",
        "A model that always takes the likeliest character soon goes in circles: “the same the "
        "same the same”.",
        "core/sampling/sampler.py: Sampler",
        "How does generation differ from training?",
    ),
)
"""All stages, in order."""
