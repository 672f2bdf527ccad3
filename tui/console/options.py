"""Options that several commands share, and those made from the settings' own fields."""

from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.corpus import ReadOptions

Command = TypeVar("Command", bound=Callable[..., Any])

_NOT_CHOSEN = ("vocab_size",)  # the text decides
_LONGEST_TRIAL = 100_000  # characters


class DefaultListGroup(click.Group):
    """A group of commands that lists what there is when it is given none of them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command ``list`` into options that come without one."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def json_option(command: Command) -> Command:
    """Add ``--json``: machine-readable output."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON for scripts.")(command)


def detach_option(command: Command) -> Command:
    """Add ``--detach``: start a trainer and leave it to itself."""
    help_ = "Only start the training; `charloom attach` watches it."
    return click.option("--detach", is_flag=True, help=help_)(command)


def model_option(command: Command) -> Command:
    """Add ``--model``: which checkpoint to use."""
    from charloom.core.store.read import BUNDLED

    return click.option(
        "--model",
        "address",
        metavar="NAME[@STEP]",
        default=BUNDLED,
        show_default=True,
        help="The model; @STEP, @last or @best (the default) chooses among its checkpoints.",
    )(command)


def trial_options(length: int) -> Callable[[Command], Command]:
    """Add ``--prompt``, ``--seed`` and ``--length`` of what several checkpoints are to write."""

    def add(command: Command) -> Command:
        for each in (
            click.option(
                "--length",
                type=click.IntRange(1, _LONGEST_TRIAL),
                default=length,
                show_default=True,
                help="How many characters each writes.",
            ),
            click.option(
                "--seed",
                type=click.IntRange(0, 2**63 - 1),
                default=0,
                show_default=True,
                help="The same for all of them.",
            ),
            click.option(
                "--prompt",
                help="What they go on from ('-': standard input); the model's own when not given.",
            ),
        ):
            command = each(command)
        return command

    return add


def output_options(command: Command) -> Command:
    """Add ``--output FILE`` and ``--force``."""
    for add in (
        click.option("--force", is_flag=True, help="Replace the file if it is already there."),
        click.option("--output", type=Path, metavar="FILE", help="Write to this file."),
    ):
        command = add(command)
    return command


def yes_option(command: Command) -> Command:
    """Add ``--yes``: do not ask."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def setting_options(command: Command) -> Command:
    """Add an option for every model and training setting, named and explained by its field."""
    every = (*fields(ModelConfig), *fields(TrainConfig))
    for each in reversed([f for f in every if f.name not in _NOT_CHOSEN]):
        command = _setting_option(each)(command)
    return command


def config_overrides(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings among ``values`` that were given on the command line."""
    names = {f.name for f in (*fields(ModelConfig), *fields(TrainConfig))}
    return {name: value for name, value in values.items() if name in names and value is not None}


def _setting_option(setting: Field[Any]) -> Callable[[Command], Command]:
    option = "--" + setting.name.replace("_", "-")
    limits = setting.metadata
    help_ = limits["help"]
    if "choices" in limits:
        return click.option(option, type=click.Choice(limits["choices"]), help=help_)
    if "low" not in limits:
        return click.option(f"{option}/--no{option[1:]}", default=None, help=help_)
    kind = int if isinstance(limits["low"], int) else float
    metavar = "N" if kind is int else "X"
    return click.option(option, type=kind, metavar=metavar, help=help_)


def mirror_option(command: Command) -> Command:
    """Add ``--mirror``: where to download from."""
    return click.option("--mirror", help="Project Gutenberg mirror to download from.")(command)


def reading_options(command: Command) -> Command:
    """Add the choices of how a text is read; see :class:`charloom.core.data.corpus.ReadOptions`."""
    for add in (
        mirror_option,
        click.option("--nfc/--no-nfc", default=True, help="Compose characters (NFC)."),
        click.option("--trim/--no-trim", default=True, help="Cut Project Gutenberg's wrapping."),
        click.option("--encoding", help="Encoding of the text; recognised when not given."),
        click.option("--end", help="Stop before this phrase or offset."),
        click.option("--start", help="Begin at this phrase or offset ('Letter 1')."),
    ):
        command = add(command)
    return command


def read_options(values: dict[str, Any]) -> dict[str, Any]:
    """Return how a text is to be read: those among ``values`` that :class:`Trace` knows."""
    return {name: value for name, value in values.items() if name in ReadOptions.__annotations__}
