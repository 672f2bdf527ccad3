"""``charloom models``: list, show and manage the models on this computer."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.events import bits
from charloom.core.store.read import (
    CheckpointInfo,
    ModelInfo,
    find_checkpoint,
    find_model,
    list_models,
)
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import (
    export_model,
    import_model,
    pin_checkpoint,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
)
from charloom.tui.console.options import DefaultListGroup, json_option, yes_option
from charloom.tui.console.output import confirm, echo_err, write_json, write_stdout, write_table
from charloom.tui.formatting.units import (
    checkpoint_count,
    checkpoint_row,
    megabytes,
    model_row,
    network_summary,
    total_bytes,
)


@click.group(cls=DefaultListGroup)
def models() -> None:
    """List, show and manage the models; without a command, list them."""


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the models: their size, their best checkpoint and its loss on held-out text."""
    found = list_models()
    if as_json:
        write_json([_summary(info) for info in found])
        return
    if not found:
        echo_err("There is no model yet; `charloom train` makes one.")
        return
    headings = ("model", "hidden", "parameters", "step", "nats/char", "bits/char", "saved", "MB")
    write_table(
        "<>>>>>>><", (*headings, "text"), *((info.name, *model_row(info)) for info in found)
    )


@models.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show all that is known about the model NAME and its checkpoints."""
    info = find_model(name)
    notes = read_notes(name)
    if as_json:
        card = {"card": info.best.card.to_json()} if info.best and info.best.card else {}
        saved = [_checkpoint(each) for each in info.checkpoints]
        write_json(_summary(info) | {"saved": saved, "notes": notes} | card)
        return
    write_stdout(f"{info.name}{' (comes with Charloom)' if info.bundled else ''}\n")
    if info.best and info.best.card:
        _write_card(info.best.card)
    if info.checkpoints:
        write_stdout("\n")
        headings = ("step", "train", "validation", "carried", "windowed-256", "MB", "")
        write_table(">>>>>><", headings, *(checkpoint_row(info, c) for c in info.checkpoints))
    else:
        echo_err("It has no checkpoint yet.")
    if notes:
        write_stdout(f"\n{notes}\n")


@models.command()
@click.argument("old")
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Call the model OLD from now on NEW."""
    rename_model(old, new)
    echo_err(f"The model {old!r} is now called {new!r}.")


@models.command()
@click.argument("name")
@yes_option
def remove(name: str, yes: bool) -> None:
    """Delete the model NAME, with all its checkpoints."""
    info = find_model(name)
    what = f"{checkpoint_count(len(info.checkpoints))}, {megabytes(total_bytes(info))} MB"
    confirm(f"Delete the model {info.name!r} for good ({what})?", yes)
    remove_model(name)
    echo_err(f"The model {name!r} is deleted.")


@models.command()
@click.argument("ref", metavar="NAME[@STEP]", type=CheckpointRef.parse)
@click.argument("target", type=Path, default=Path())
@click.option("--half", is_flag=True, help="16-bit numbers: half the size.")
@click.option("--force", is_flag=True, help="Replace the file if it is already there.")
def export(ref: CheckpointRef, target: Path, half: bool, force: bool) -> None:
    """Copy a checkpoint to the file or folder TARGET and write where it is."""
    write_stdout(f"{export_model(ref, target, half, force)}\n")


@models.command("import")
@click.argument("file", type=Path)
@click.option("--name", help="What to call the model; the file's name when not given.")
def import_(file: Path, name: str | None) -> None:
    """Take a checkpoint FILE in as a new model and write the model's name."""
    write_stdout(f"{import_model(file, name)}\n")


@models.command()
@click.argument("ref", metavar="NAME[@STEP]", type=CheckpointRef.parse)
@click.option("--off", is_flag=True, help="Do not keep it in any case any more.")
def pin(ref: CheckpointRef, off: bool) -> None:
    """Keep a checkpoint whatever else is thinned out."""
    pin_checkpoint(ref, on=not off)
    info, found = find_checkpoint(ref)
    echo_err(f"{info.name}@{found.step} is {'no longer pinned' if off else 'pinned'}.")


@models.command()
@click.argument("name")
def prune(name: str) -> None:
    """Delete the checkpoints of NAME but the best, the newest and the pinned ones."""
    freed = prune_checkpoints(name)
    echo_err(f"Deleted {checkpoint_count(freed.files)}, {megabytes(freed.size)} MB.")


def _summary(info: ModelInfo) -> dict[str, Any]:
    """Return what a list tells about a model; nulls where no checkpoint is sound."""
    card = info.best.card if info.best else None
    nats = card.losses.held_out if card else None
    return {
        "name": info.name,
        "bundled": info.bundled,
        "hidden": card and card.model.hidden,
        "layers": card and card.model.layers,
        "embedding": card and card.model.embedding,
        "vocab_size": card and card.model.vocab_size,
        "parameters": card and card.model.parameters,
        "best_step": card and card.step,
        "nats_per_char": nats,
        "bits_per_char": None if nats is None else bits(nats),
        "checkpoints": len(info.checkpoints),
        "bytes": total_bytes(info),
        "text": card and card.corpus.title,
    }


def _checkpoint(info: CheckpointInfo) -> dict[str, Any]:
    return {
        "step": info.step,
        "path": str(info.path),
        "bytes": info.size,
        "pinned": info.pinned,
        "losses": asdict(info.card.losses) if info.card else None,
        "fault": info.fault,
    }


def _write_card(card: CheckpointMetadata) -> None:
    model, training, corpus = card.model, card.training, card.corpus
    bound = {name: getattr(training, name) for name in ("minutes", "epochs", "steps")}
    lines = {
        "network": f"{network_summary(card)}, {model.parameters:,} parameters",
        "text": f"{corpus.title} ({corpus.characters:,} characters)",
        "opening": repr(corpus.opening),
        "training": f"B {training.batch}, T {training.window}, {training.order}, "
        f"rate {training.rate:g}, dropout {model.dropout:g}, seed {training.seed}",
        "bound": ", ".join(f"{value:g} {name}" for name, value in bound.items() if value),
        "created": card.created,
        "note": card.note,
    }
    for name, value in lines.items():
        if value:
            write_stdout(f"{name:<9} {value}\n")
