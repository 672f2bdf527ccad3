"""The words of the tour: ten stations, one for each stage from a text back to a text.

What is true of any text and any network is told here; what this text and this network make of it
is computed, in :mod:`charloom.tui.tour.tour`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A stop of the tour; ``question`` is to be answered in one's own words.

    ``gist`` is what happens here in a sentence: all ten, read aloud, take about 90 seconds.
    """

    number: int
    name: str  # in the line of all ten
    title: str
    gist: str
    why: str
    without: str
    where: str
    question: str


STAGES = (
    Stage(
        1,
        "text",
        "Load text",
        "A file is bytes. They are decoded, cleaned and cut to the passage that is to be learned, "
        "and the end of it is held back.",
        "A network learns whatever stands in its text, mistakes and licence terms included, so the "
        "text is cleaned before anything else, and every change is told. Its last part is never "
        "trained on: only on words that it has not seen can one tell whether a network has learned "
        "the language or merely the text by heart.",
        "A wrong encoding would be learned as faithfully as the prose: “â€™” for every apostrophe.",
        "core/data/corpus.py: load",
        "What can a network that has read nothing but this text not possibly know?",
    ),
    Stage(
        2,
        "chars",
        "Characters",
        "The text is a row of characters: code points of Unicode, of which a newline is one and a "
        "space another.",
        "The network reads and writes one character at a time, so a character is its smallest "
        "piece of language. Words, spelling and paragraphs are not given to it: it has to find "
        "out about them. A newline is a character like any other, and that is how it learns where "
        "lines end.",
        "With bytes in place of characters, an “é” would be two pieces, and a model could write "
        "half a letter.",
        "core/data/corpus.py: Corpus.text",
        "Why characters and not words? What does one gain by it, and what does it cost?",
    ),
    Stage(
        3,
        "vocab",
        "Vocabulary: c2ix and ix2c",
        "Each distinct character gets a number: c2ix leads from the character to its number, ix2c "
        "from the number back.",
        "A network computes with numbers, so each of the V distinct characters gets one, its id: "
        "its place in the order of code points. Two tables lead there and back. They are stored in "
        "the same file as the weights, for the weights mean nothing without them.",
        "With another table the same weights would write gibberish: every letter taken for a "
        "different one.",
        "core/data/vocab.py: Vocab (c2ix, ix2c)",
        "Why must the two tables be kept in one file with the weights?",
    ),
    Stage(
        4,
        "ids",
        "Ids",
        "Every character is replaced by its id, and the whole text is a long row of whole numbers.",
        "Encoding is looking each character up, no more; decoding gives back the very same text. "
        "An id is a name, not an amount: id 60 is not twice id 30. That is why the network does "
        "not calculate with ids, but fetches a row of its Embedding by them.",
        "Letters have no arithmetic: the network would have nothing to multiply its weights with.",
        "core/data/vocab.py: Vocab.encode",
        "Ids are names and not amounts. How does the network avoid calculating with them?",
    ),
    Stage(
        5,
        "windows",
        "Sliding windows: features and labels",
        "A window of T characters slides over the row. It is the features; the labels are the "
        "same, shifted by one, so that each character's label is the one that follows it.",
        "The task is always the same: given what was read so far, name the next character. So "
        "the right answer to each character is the one after it, and the labels are the features "
        "shifted by one. Nobody has to write down answers: any text is its own teacher, and one "
        "window is T lessons at once.",
        "With labels that are not shifted, the network would learn to repeat the character that it "
        "has just been shown.",
        "core/data/dataset.py: Windows",
        "Why are the labels the features shifted by one?",
    ),
    Stage(
        6,
        "batch",
        "DataLoader: a batch [B, T]",
        "The DataLoader stacks B windows from different places of the text into a batch: a table "
        "of ids with B rows and T columns, and one of labels beside it.",
        "Many windows at once keep the machine busy: one large product of matrices is much faster "
        "than many small ones. They also come from different places, so what is learned from them "
        "together speaks for the whole text rather than for one sentence.",
        "Each step would follow the whim of a single line, and training would take many times as "
        "long.",
        "core/data/dataset.py: batches",
        "What would be different if B were 1?",
    ),
    Stage(
        7,
        "model",
        "The model: Embedding, LSTM, Linear",
        "The Embedding fetches E numbers for each id, the LSTM reads them in order and keeps a "
        "memory of H, and the Linear layer gives each of the V characters a score: its logit.",
        "The LSTM carries two things from one character to the next. The cell c is its memory, "
        "which is only multiplied by a gate and added to, so that it can last for many characters. "
        "The hidden state h is what it shows of the cell now: to the Linear layer, and to its own "
        "gates at the next character.",
        "Without a state that is carried on, it could only count which letter most often follows "
        "which.",
        "core/model/torch_lstm.py: CharLSTM",
        "What is a hidden state, and why does an LSTM carry two of them, both h and c?",
    ),
    Stage(
        8,
        "loss",
        "Loss: cross-entropy of [B*T, V]",
        "The logits [B, T, V] are laid out as B*T rows of V, each is compared with the one right "
        "id in [B*T], and the mean of -ln of its probabilities is the loss.",
        "Each character of each window is one prediction among V, and the loss does not care in "
        "which window it stood. So the batch is flattened: B times T rows of V logits, against "
        "B times T labels. Softmax makes probabilities of a row of logits; the loss is -ln p of "
        "the character that really came. Divided by ln 2, these nats are bits.",
        "There would be no number that says how wrong a prediction is, and so nothing to improve.",
        "core/model/torch_lstm.py: cross_entropy",
        "Why do logits [B, T, V] become [B*T, V] before the loss is taken?",
    ),
    Stage(
        9,
        "step",
        "Step: forward, loss, backward, step",
        "Forward gives the logits, the loss says how wrong they are, backward finds what each "
        "weight had to do with it, and the optimizer moves each a little the other way.",
        "Backward finds for every weight its gradient: how the loss would change if the weight "
        "grew. AdamW then moves each weight against its gradient, by about the learning rate. "
        "A step is tiny; tens of thousands of them turn random numbers into a model.",
        "The weights would stay what they were at first: random numbers that write noise.",
        "core/training/step.py: Stepper.step",
        "Forward, loss, backward, step: what is each of the four for, in a sentence?",
    ),
    Stage(
        10,
        "sample",
        "Generation: sample, append, repeat",
        "To write, the network reads a prompt, one character is drawn from what it predicts, "
        "appended, and read in turn; and so on, for as long as one likes.",
        "In training, the right next character is known, and is read next whatever was predicted. "
        "In generation nobody knows it: the network reads what it has drawn itself. Temperature "
        "divides the logits: below 1 the likely becomes likelier, above 1 the odds come nearer to "
        "each other. Top-k leaves but the k likeliest to be drawn.",
        "Always taking the likeliest, a model soon turns in circles: “the same the same the same”.",
        "core/sampling/sampler.py: Stream",
        "How does generation differ from training?",
    ),
)
"""All ten, in order."""
