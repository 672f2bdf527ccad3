"""Stages 6 to 9 of the tour, in the numbers of the worked example: lines of 76 columns."""

import math
from collections.abc import Sequence

from charloom.core.runs.events import bits
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    pad,
    table,
    truncate,
    visible_char,
    visible_chars,
    wrap,
)
from charloom.tui.tour.text_stages import labelled_lines
from charloom.tui.tour.worked_example import WorkedExample

_BESIDE = 10
_CONTEXT = 24  # characters that were read last
_TENSORS = {
    "embedding.weight": "E numbers per character",
    "head.weight": "H numbers per character",
    "head.bias": "one per character",
}
_PARTS = {
    "weight_ih": "from what comes in",
    "weight_hh": "from the h before",
    "bias_ih": "one per row",
    "bias_hh": "and one more",
}


def batch(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Station 6: the first rows of a batch, as text and as ids, and its shape."""
    training = subject.training
    size, length = example.shapes["ids"]
    lines = [
        f"The first of {example.batches:,} batches in an epoch, one pass over the text:",
        "",
        f"features  [B, T] = [{size:,}, {length:,}]      labels  [B, T] = [{size:,}, {length:,}]",
        "",
    ]
    for number, (features, labels) in enumerate(zip(example.features, example.labels, strict=True)):
        lines += [
            _row(f"row {number}", visible_chars(subject.vocab.decode(features))),
            _row("  ids", _numbers(features)),
            _row("  labels", visible_chars(subject.vocab.decode(labels))),
            _row("  ids", _numbers(labels)),
        ]
    if size > len(example.features):
        lines.append(f"… and {size - len(example.features):,} more rows")
    told = (
        "The rows are windows that begin anywhere, drawn anew in every epoch, and each is read "
        "from the empty state."
        if training.batching == "shuffled"
        else "Each row is a lane: in the next batch it goes on where it ends here, and what the "
        "network remembers of it is carried along."
    )
    if subject.shrunk:
        told += " The text is short, so the batch is smaller than the model's own."
    return [*lines, "", *wrap(told)]


def _row(label: str, said: str) -> str:
    return pad(label, _BESIDE) + truncate(said, COLUMNS - _BESIDE)


def _numbers(ids: Sequence[int]) -> str:
    """Return as many of ``ids`` as there is room for."""
    said = truncate(" ".join(map(str, ids)), COLUMNS - _BESIDE)
    return said.rpartition(" ")[0] + " …" if said.endswith("…") else said


def model(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Station 7: shapes through the network, its tensors, and what the gates do."""
    settings, shapes = subject.checkpoint.model, example.shapes
    layers = f"{settings.layers} layers" if settings.layers > 1 else "1 layer"
    through = [
        ("ids", _shape(shapes["ids"]), "B rows of T characters"),
        (
            "Embedding",
            _shape(shapes["embedding"]),
            f"E = {settings.embedding_dim:,} numbers for each",
        ),
        ("LSTM", _shape(shapes["lstm"]), f"H = {settings.hidden_size:,} units, {layers}"),
        ("Linear", _shape(shapes["linear"]), f"V = {settings.vocab_size:,} logits for each"),
        ("h and c", _shape(shapes["h"]), "of each layer, for each row: carried on"),
    ]
    rows = [("tensor", "shape", "parameters", "")]
    for name, shape in example.parameters.items():
        rows.append((name, _shape(shape), f"{math.prod(shape):,}", _about(name)))
    total = sum(map(math.prod, example.parameters.values()))
    rows.append(("in all", "", f"{total:,}", "one matrix is shared" * settings.tie_weights))
    return [
        *table("<<<", through),
        "",
        *table("<<><", rows),
        "",
        *wrap(
            f"The 4H = {4 * settings.hidden_size:,} rows are four gates of H units each: i, what "
            "is let in; f, what is kept of c; g, what might be written; o, what is shown. At every "
            "character:"
        ),
        "",
        "    c = f · c + i · g          h = o · tanh(c)",
    ]


def _about(name: str) -> str:
    if name in _TENSORS:
        return _TENSORS[name]
    return _PARTS[name.removeprefix("lstm.").rpartition("_")[0]]


def _shape(shape: Sequence[int]) -> str:
    return f"[{', '.join(f'{size:,}' for size in shape)}]"


def loss(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Station 8: the flattening, and one character's loss worked out."""
    size, length = example.shapes["ids"]
    vocab, shapes = subject.vocab, example.shapes
    label, logit = example.logits[0][0], round(example.logits[0][1], 4)
    came = visible_char(vocab.ix2c[label])
    by_logit = sorted(example.logits, key=lambda each: -each[1])
    rows = [("", "logit", "probability", "")]
    rows += [
        (
            visible_char(vocab.ix2c[each]),
            f"{value:.4f}",
            f"{math.exp(value - example.log_sum):.4f}",
            "← this came" * (each == label),
        )
        for each, value in by_logit
    ]
    log_sum = round(example.log_sum, 4)  # so that the figures on the screen add up
    nats = log_sum - logit
    flat = f"{_shape(shapes['linear'])} → {_shape(shapes['flat'])}"
    labels = f"{_shape(shapes['ids'])} → {_shape(shapes['labels'])}"
    return [
        f"logits  {flat}        labels  {labels}",
        f"Row b, character t of the batch becomes row b × {length:,} + t.",
        "",
        *wrap(
            f"Row {example.row:,} worked out: the last character of row 0. The network had read "
            f"“{_ending(vocab.decode(example.features[0]))}”, and “{came}” came."
        ),
        "",
        *table("<>><", rows),
        "",
        *labelled_lines(
            [
                ("softmax", f"p = exp(logit) / sum over all {len(vocab):,} exp(logits)"),
                ("", f"ln of that sum is {log_sum:.4f}"),
                ("loss", f"-ln p = {log_sum:.4f} - {_signed(logit)} = {nats:.4f} nats"),
                ("", f"{nats:.4f} / ln 2 = {bits(nats):.4f} bits"),
                ("mean", f"of all {size * length:,} rows: {example.mean_by_hand:.4f} nats"),
                ("", f"torch's cross_entropy of the batch: {example.loss:.4f}"),
                ("guessing", f"1/V for each would cost ln {len(vocab):,} = {_guess(subject)} nats"),
            ]
        ),
    ]


def _ending(text: str) -> str:
    return "…" * (len(text) > _CONTEXT) + visible_chars(text[-_CONTEXT:])


def _signed(number: float) -> str:
    return f"({number:.4f})" if number < 0 else f"{number:.4f}"


def _guess(subject: TourSubject) -> str:
    return f"{math.log(len(subject.vocab)):.4f}"


def step(subject: TourSubject, example: WorkedExample) -> list[str]:
    """Station 9: a step on that batch, and what it does to one weight."""
    training, rate = subject.training, example.rate
    label = subject.vocab.ix2c[example.logits[0][0]]
    calm = example.gradient_norm <= training.grad_clip
    scaled = "below the clip of {:g}" if calm else "scaled down to the clip of {:g}"
    went = "lower" if example.loss_after < example.loss else "not lower"
    direction = (example.gradient > 0) - (example.gradient < 0)
    decay = -rate * training.weight_decay * example.before
    return [
        *labelled_lines(
            [
                ("forward", f"logits {_shape(example.shapes['linear'])}"),
                ("loss", f"{example.loss:.5f} nats per character on this batch"),
                (
                    "backward",
                    f"gradient norm {example.gradient_norm:.4f}, "
                    f"{scaled.format(training.grad_clip)}",
                ),
                ("step", f"learning rate {rate:g}, the last of the model's training"),
                ("loss again", f"{example.loss_after:.5f} nats on the same batch: {went}"),
            ]
        ),
        "",
        *wrap(
            f"One weight of {subject.checkpoint.model.parameters:,}: {example.weight}. It leads "
            f"from the first hidden unit to the logit of “{visible_char(label)}”."
        ),
        "",
        *table(
            "<>",
            [
                ("before", f"{example.before:+.7f}"),
                ("gradient", f"{example.gradient:+.7f}"),
                (f"weight decay: -{rate:g} × {training.weight_decay:g} × weight", f"{decay:+.7f}"),
                (f"AdamW: -{rate:g} × the gradient's sign", f"{-rate * direction:+.7f}"),
                ("after", f"{example.after:+.7f}"),
            ],
        ),
        "",
        *wrap(
            "AdamW divides each gradient by its usual size, so that in its first step only the "
            "sign is left. Dropout is off here, and nothing of this is kept: the model stays as "
            "it is."
        ),
    ]
