"""Stages 6 to 9 of the tour, in the numbers of the worked example, as lines of 76 columns."""

import math
from collections.abc import Sequence

from rich.cells import set_cell_size

from charloom.core.runs.events import bits
from charloom.core.wording import plural
from charloom.tui.formatting.graphemes import truncate
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    table,
    visible_char,
    visible_chars,
    wrap,
)
from charloom.tui.tour.text_stages import labelled_lines
from charloom.tui.tour.worked_example import WorkedExample

_LABEL_COLUMNS = 10
_CONTEXT_CHARACTERS = 24
_TENSORS = {
    "embedding.weight": "E numbers per character",
    "head.weight": "H numbers per character",
    "head.bias": "one per character",
    "weight_ih": "from the input",
    "weight_hh": "from the previous h",
    "bias_ih": "one per row",
    "bias_hh": "and one more",
}


def batch(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Stage 6: the first rows of a batch as text and as ids, and its shape."""
    size, length = example.shapes["ids"]
    lines = [
        f"The first of {example.batches:,} batches in an epoch (one pass over the text):",
        "",
        f"features  [B, T] = [{size:,}, {length:,}]      labels  [B, T] = [{size:,}, {length:,}]",
        "",
    ]
    for number, (features, labels) in enumerate(zip(example.features, example.labels, strict=True)):
        lines += [
            _row(f"row {number}", visible_chars(subject.vocab.decode(features))),
            _row("  ids", _ids(features)),
            _row("  labels", visible_chars(subject.vocab.decode(labels))),
            _row("  ids", _ids(labels)),
        ]
    if size > len(example.features):
        lines.append(f"… and {plural(size - len(example.features), 'more row')}")
    explanation = (
        "Each row is a lane: in the next batch it continues where it ends here, and the state of "
        "the network is carried on."
    )
    if subject.train_config.batching == "shuffled":
        explanation = (
            "The rows are windows that start anywhere. They are drawn again in every epoch, and "
            "the network reads each one from the empty state."
        )
    if subject.is_shrunk:
        explanation += " The text is short, so the batch is smaller than the model's own."
    return [*lines, "", *wrap(explanation)]


def _row(label: str, text: str) -> str:
    return set_cell_size(label, _LABEL_COLUMNS) + truncate(text, COLUMNS - _LABEL_COLUMNS)


def _ids(ids: Sequence[int]) -> str:
    """Return as many whole ids as fit."""
    text = truncate(" ".join(map(str, ids)), COLUMNS - _LABEL_COLUMNS)
    return text.rpartition(" ")[0] + " …" if text.endswith("…") else text


def model(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Stage 7: the shapes in the network, its tensors, and its gates."""
    config, shapes = subject.checkpoint.model, example.shapes
    layers = plural(config.layers, "layer")
    path = [
        ("ids", _shape(shapes["ids"]), "B rows of T characters"),
        (
            "Embedding",
            _shape(shapes["embedding"]),
            f"E = {config.embedding_dim:,} numbers for each",
        ),
        ("LSTM", _shape(shapes["lstm"]), f"H = {config.hidden_size:,} units, {layers}"),
        ("Linear", _shape(shapes["linear"]), f"V = {config.vocab_size:,} logits for each"),
        ("h and c", _shape(shapes["h"]), "of each layer, for each row: carried on"),
    ]
    tensors = [
        (name, _shape(shape), f"{math.prod(shape):,}", _description(name))
        for name, shape in example.parameters.items()
    ]
    total = sum(map(math.prod, example.parameters.values()))
    note = "one matrix is shared" * config.tie_weights
    return [
        *table("<<<", path),
        "",
        *table(
            "<<><",
            [
                ("tensor", "shape", "parameters", ""),
                *tensors,
                ("total", "", f"{total:,}", note),
            ],
        ),
        "",
        *wrap(
            f"The 4H = {4 * config.hidden_size:,} rows are four gates with H units each: i, what "
            "is let in; f, what is kept of c; g, what could be written; o, what is shown. At every "
            "character:"
        ),
        "",
        "    c = f · c + i · g          h = o · tanh(c)",
    ]


def _description(tensor: str) -> str:
    if tensor in _TENSORS:
        return _TENSORS[tensor]
    return _TENSORS[tensor.removeprefix("lstm.").rpartition("_")[0]]


def _shape(shape: Sequence[int]) -> str:
    return f"[{', '.join(f'{size:,}' for size in shape)}]"


def loss(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Stage 8: the flattened batch, and the loss of one character computed by hand."""
    size, length = example.shapes["ids"]
    vocab, shapes = subject.vocab, example.shapes
    label, label_logit = example.logits[0]
    # rounded, so that the numbers on the screen add up
    logit, log_sum = round(label_logit, 4), round(example.log_sum, 4)
    nats = log_sum - logit
    rows = [("", "logit", "probability", "")]
    rows += [
        (
            visible_char(vocab.ix2c[id_]),
            f"{value:.4f}",
            f"{math.exp(value - example.log_sum):.4f}",
            "← the right one" * (id_ == label),
        )
        for id_, value in sorted(example.logits, key=lambda pair: -pair[1])
    ]
    flat = f"{_shape(shapes['linear'])} → {_shape(shapes['flat'])}"
    labels = f"{_shape(shapes['ids'])} → {_shape(shapes['labels'])}"
    context = vocab.decode(example.features[0])
    ending = "…" * (len(context) > _CONTEXT_CHARACTERS)
    ending += visible_chars(context[-_CONTEXT_CHARACTERS:])
    signed_logit = f"({logit:.4f})" if logit < 0 else f"{logit:.4f}"
    uniform = f"{math.log(len(vocab)):.4f}"
    return [
        f"logits  {flat}        labels  {labels}",
        f"Row b, character t of the batch becomes row b × {length:,} + t.",
        "",
        *wrap(
            f"Row {example.row:,} computed by hand: the last character of row 0. The network had "
            f"read “{ending}”, and the next character was “{visible_char(vocab.ix2c[label])}”."
        ),
        "",
        *table("<>><", rows),
        "",
        *labelled_lines(
            [
                ("softmax", f"p = exp(logit) / sum over all {len(vocab):,} exp(logits)"),
                ("", f"ln of that sum is {log_sum:.4f}"),
                ("loss", f"-ln p = {log_sum:.4f} - {signed_logit} = {nats:.4f} nats"),
                ("", f"{nats:.4f} / ln 2 = {bits(nats):.4f} bits"),
                ("mean", f"of all {size * length:,} rows: {example.mean_by_hand:.4f} nats"),
                ("", f"torch's cross_entropy of the batch: {example.loss:.4f}"),
                ("guessing", f"1/V for each would cost ln {len(vocab):,} = {uniform} nats"),
            ]
        ),
    ]


def step(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Stage 9: a step on that batch, and its effect on one weight."""
    config, rate = subject.train_config, example.weight_rate
    label = visible_char(subject.vocab.ix2c[example.logits[0][0]])
    is_clipped = example.gradient_norm > config.grad_clip
    clipping = "scaled down to" if is_clipped else "below"
    change = "lower" if example.loss_after < example.loss else "not lower"
    sign = (example.gradient > 0) - (example.gradient < 0)
    decay = -rate * config.weight_decay * example.before
    return [
        *labelled_lines(
            [
                ("forward", f"logits {_shape(example.shapes['linear'])}"),
                ("loss", f"{example.loss:.5f} nats per character on this batch"),
                (
                    "backward",
                    f"gradient norm {example.gradient_norm:.4f}, {clipping} the limit of "
                    f"{config.grad_clip:g}",
                ),
                ("step", f"learning rate {example.rate:g}, the last one of the model's training"),
                ("loss again", f"{example.loss_after:.5f} nats on the same batch: {change}"),
            ]
        ),
        "",
        *wrap(
            f"One weight of {subject.checkpoint.model.parameters:,}: {example.weight}. It leads "
            f"from the first hidden unit to the logit of “{label}”. Its rate is {rate:g}."
        ),
        "",
        *table(
            "<>",
            [
                ("before", f"{example.before:+.7f}"),
                ("gradient", f"{example.gradient:+.7f}"),
                (f"weight decay: -{rate:g} × {config.weight_decay:g} × weight", f"{decay:+.7f}"),
                (f"AdamW: -{rate:g} × sign of the gradient", f"{-rate * sign:+.7f}"),
                ("after", f"{example.after:+.7f}"),
            ],
        ),
        "",
        *wrap(
            "AdamW divides each gradient by its usual size, so in the first step only the sign is "
            "left. Dropout is off here, and the step is not saved: the model stays as it is."
        ),
    ]
