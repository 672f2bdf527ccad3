"""``charloom train``: start a training run and follow it, or leave it in the background."""

from typing import Any

import click

from charloom.core.runs.presets import PRESETS, validate_overrides
from charloom.core.runs.run import create_run
from charloom.core.runs.starting import AUTO, AUTO_BASE
from charloom.core.runs.trainer import TrainerProcess
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import next_name, unused_name
from charloom.tui.console.completion import complete_refs, complete_texts
from charloom.tui.console.follow import follow_run, leave_detached
from charloom.tui.console.inputs import has_file_options, has_piped_input, open_texts
from charloom.tui.console.options import (
    config_options,
    config_overrides,
    detach_option,
    json_option,
    text_options,
)
from charloom.tui.console.output import write_stdout

_DEFAULT_TEXT = "loom"  # of the catalog: it is bundled


@click.command()
@click.argument("texts", metavar="[TEXT|-]...", nargs=-1, shell_complete=complete_texts)
@click.option("--name", help="Name of the model. Default: made from the title of the text.")
@click.option(
    "--preset",
    type=click.Choice(["auto", *PRESETS]),
    default="auto",
    show_default=True,
    help="Settings to start from; the options below override them.",
)
@click.option(
    "--fold",
    "min_count",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    help="Map characters that occur fewer than N times to one placeholder.",
)
@click.option(
    "--from",
    "base",
    metavar="NAME[@STEP]",
    default=AUTO,
    shell_complete=complete_refs,
    help="Start with the weights of a trained model. 'none': start from scratch. Default: with "
    f"--preset auto, the model {AUTO_BASE!r} where it promises more.",
)
@click.option(
    "--more",
    metavar="NAME[@STEP]",
    type=CheckpointRef.parse,
    shell_complete=complete_refs,
    help="Train a model further, by default on its own text, as a new model.",
)
@click.option(
    "--keep-vocab",
    is_flag=True,
    help="With --from or --more: keep the characters of the model that the text lacks.",
)
@click.option(
    "--prepare",
    is_flag=True,
    help="Create the run without starting it, and print its folder: for torchrun.",
)
@text_options
@config_options
@detach_option
@json_option
def train(
    texts: tuple[str, ...],
    name: str | None,
    preset: str,
    min_count: int | None,
    base: str,
    more: CheckpointRef | None,
    keep_vocab: bool,
    prepare: bool,
    mirror: str | None,
    detach: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Train a network on TEXT: files, folders, '-' for standard input, or `charloom corpus` names.

    The default is what is piped in, else the bundled tale, or with --more the text of that model.
    Ctrl-C saves the run and stops it; `charloom resume` continues.

    Files may be plain texts, archives of them (.gz, .bz2, .xz, .zip), tables (.csv, .tsv, with
    --column), JSON (.json, .jsonl, with --field), Word documents (.docx) and e-books (.epub).
    Several are joined in the order of their names.
    """
    overrides = config_overrides(values)
    validate_overrides(preset, overrides)
    if more and base != AUTO:
        raise click.UsageError("Give --from or --more, not both.")
    if not texts and has_piped_input("TEXT"):
        texts = ("-",)
    if more and not texts:
        if has_file_options(values):
            raise click.UsageError("File options do not apply to the text of --more; name a TEXT.")
        text = find_training_text(more.name, load_checkpoint(more).checkpoint)
        corpus = text.corpus
        min_count = text.min_count if min_count is None else min_count
    else:
        texts = texts or (_DEFAULT_TEXT,)
        corpus = open_texts(*texts, mirror=mirror, values=values, short=False)
    if name is None:
        name = next_name(more.name) if more else unused_name(corpus.title)
    base = f"{more.name}@{more.which or 'best'}" if more else base
    folder = create_run(name, corpus, preset, overrides, min_count or 0, base, keep_vocab)
    if prepare:
        write_stdout(f"{folder.path}\n")
        return 0
    return (leave_detached if detach else follow_run)(folder.name, TrainerProcess(folder), as_json)
