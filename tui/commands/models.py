"""``charloom models``: list, show and manage the models on this computer."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.paths import expand_user
from charloom.core.runs.events import bits
from charloom.core.store.read import (
    CheckpointInfo,
    ModelInfo,
    find_model,
    list_models,
)
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import (
    export_model,
    idle_folder,
    import_model,
    pin_checkpoint,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
)
from charloom.core.wording import plural
from charloom.tui.console.completion import complete_files, complete_models, complete_refs
from charloom.tui.console.options import DefaultListGroup, force_option, json_option, yes_option
from charloom.tui.console.output import confirm, echo_err, write_json, write_stdout, write_table
from charloom.tui.formatting.units import (
    checkpoint_row,
    megabytes,
    model_row,
    network_summary,
    total_bytes,
)


@click.group(cls=DefaultListGroup)
def models() -> None:
    """List, show and manage the models. Without a command, list them."""


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the models: size, best checkpoint and its held-out loss."""
    models = list_models()
    if as_json:
        write_json([_summary(model) for model in models])
        return
    if not models:
        echo_err("No models yet. `charloom train` makes one.")
        return
    headings = ("model", "hidden", "parameters", "step", "nats/char", "bits/char", "saved", "MB")
    rows = ((model.name, *model_row(model)) for model in models)
    write_table("<>>>><>><", (*headings, "text"), *rows)


@models.command()
@click.argument("name", shell_complete=complete_models)
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the settings, checkpoints and notes of the model NAME."""
    model = find_model(name)
    notes = read_notes(name)
    metadata = model.best.metadata if model.best else None
    if as_json:
        saved = [_checkpoint(checkpoint) for checkpoint in model.checkpoints]
        best = {"metadata": metadata.to_json()} if metadata else {}
        write_json(_summary(model) | {"saved": saved, "notes": notes} | best)
        return
    write_stdout(f"{model.name}{' (bundled)' if model.bundled else ''}\n")
    if metadata:
        _write_metadata(metadata)
    if model.checkpoints:
        write_stdout("\n")
        headings = ("step", "train", "validation", "carried", "windowed-256", "MB", "")
        rows = (checkpoint_row(model, checkpoint) for checkpoint in model.checkpoints)
        write_table(">>>>>><", headings, *rows)
    else:
        echo_err("It has no checkpoint yet.")
    if notes:
        write_stdout(f"\n{notes}\n")


@models.command()
@click.argument("old", shell_complete=complete_models)
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Rename the model OLD to NEW."""
    echo_err(f"Renamed the model {old!r} to {rename_model(old, new)!r}.")


@models.command()
@click.argument("name", shell_complete=complete_models)
@yes_option
def remove(name: str, yes: bool) -> None:
    """Delete the model NAME with its run and all checkpoints, permanently."""
    model = find_model(name)
    idle_folder(name)  # else refused before the question
    size = f"{plural(len(model.checkpoints), 'checkpoint')}, {megabytes(total_bytes(model))} MB"
    confirm(f"Delete the model {model.name!r} permanently ({size})?", yes)
    remove_model(name)
    echo_err(f"Deleted the model {name!r}.")


@models.command()
@click.argument(
    "ref", metavar="NAME[@STEP]", type=CheckpointRef.parse, shell_complete=complete_refs
)
@click.argument("target", type=expand_user, default=".", shell_complete=complete_files)
@click.option("--half", is_flag=True, help="Store 16-bit numbers: half the size.")
@force_option
def export(ref: CheckpointRef, target: Path, half: bool, force: bool) -> None:
    """Copy a checkpoint to the file or folder TARGET, and write its path."""
    write_stdout(f"{export_model(ref, target, half, force)}\n")


@models.command("import")
@click.argument("file", type=expand_user, shell_complete=complete_files)
@click.option("--name", help="Name of the model. Default: the name of the file.")
def import_(file: Path, name: str | None) -> None:
    """Import a checkpoint FILE as a new model, and write the model's name."""
    write_stdout(f"{import_model(file, name)}\n")


@models.command()
@click.argument(
    "ref", metavar="NAME[@STEP]", type=CheckpointRef.parse, shell_complete=complete_refs
)
@click.option("--off", is_flag=True, help="Unpin it.")
def pin(ref: CheckpointRef, off: bool) -> None:
    """Pin a checkpoint, so that it is never thinned out."""
    pinned = pin_checkpoint(ref, on=not off)
    echo_err(f"{pinned} is {'no longer pinned' if off else 'pinned'}.")


@models.command()
@click.argument("name", shell_complete=complete_models)
def prune(name: str) -> None:
    """Delete the checkpoints of NAME except best, newest and pinned."""
    pruned = prune_checkpoints(name)
    echo_err(f"Deleted {plural(pruned.files, 'checkpoint')}, {megabytes(pruned.size)} MB.")


def _summary(model: ModelInfo) -> dict[str, Any]:
    """Return a model as JSON, with nulls where no checkpoint is readable."""
    metadata = model.best.metadata if model.best else None
    config = metadata and metadata.model
    loss = metadata.losses.held_out if metadata else None
    return {
        "name": model.name,
        "bundled": model.bundled,
        "hidden_size": config and config.hidden_size,
        "layers": config and config.layers,
        "embedding_dim": config and config.embedding_dim,
        "vocab_size": config and config.vocab_size,
        "parameters": config and config.parameters,
        "best_step": metadata and metadata.step,
        "nats_per_char": loss and loss.nats,
        "bits_per_char": loss and bits(loss.nats),
        "counted_characters": loss and loss.characters,
        "standard_error": loss and loss.standard_error,
        "checkpoints": len(model.checkpoints),
        "bytes": total_bytes(model),
        "text": metadata and metadata.corpus.title,
        "base": metadata and metadata.base and str(metadata.base),
    }


def _checkpoint(checkpoint: CheckpointInfo) -> dict[str, Any]:
    return {
        "step": checkpoint.step,
        "path": str(checkpoint.path),
        "bytes": checkpoint.size,
        "pinned": checkpoint.pinned,
        "losses": asdict(checkpoint.metadata.losses) if checkpoint.metadata else None,
        "error": checkpoint.error,
    }


def _write_metadata(metadata: CheckpointMetadata) -> None:
    model, training, corpus = metadata.model, metadata.training, metadata.corpus
    bounds = {name: getattr(training, f"{name}s") for name in ("minute", "epoch", "step")}
    lines = {
        "network": f"{network_summary(model.to_json())}, {model.parameters:,} parameters",
        "text": f"{corpus.title} ({corpus.characters:,} characters)",
        "base": f"{base} (SHA-256 {base.sha256})" if (base := metadata.base) else "",
        "average": f"{base.share:.0%} of the base's weights" if base and base.share else "",
        "opening": repr(corpus.opening),
        "training": f"B {training.batch_size}, T {training.window}, {training.batching}, "
        f"rate {training.learning_rate:g}, dropout {model.dropout:g}, seed {training.seed}",
        "length": ", ".join(plural(value, name) for name, value in bounds.items() if value),
        "created": metadata.created,
        "note": metadata.note,
    }
    for name, value in lines.items():
        if value:
            write_stdout(f"{name:<9} {value}\n")
