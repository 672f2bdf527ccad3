"""Options shared by several commands, and options generated from the config fields."""

from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, TypeVar

import click

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.corpus import ReadOptions
from charloom.core.paths import expand_user
from charloom.core.sampling.config import WORDS, SamplingConfig, parse_stops
from charloom.core.sanitize import quoted
from charloom.core.settings import option_name
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import did_you_mean
from charloom.tui.console.completion import complete_files, complete_refs

Command = TypeVar("Command", bound=Callable[..., Any])

_MAX_SAMPLE_LENGTH = 100_000  # characters
_CONFIG_FIELDS = [
    config_field
    for config_field in (*fields(ModelConfig), *fields(TrainConfig))
    if config_field.name != "vocab_size"  # the text decides
]


class SuggestingGroup(click.Group):
    """A command group that suggests commands for a mistyped one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            hint = did_you_mean(name, known)
            ctx.fail(f"No such command {quoted(name)}{'; ' * bool(hint)}{hint or '.'}")
        return super().resolve_command(ctx, args)


class DefaultListGroup(SuggestingGroup):
    """A command group that runs ``list`` when no command is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        listed = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        if listed and not ctx.resilient_parsing:  # a shell asks for the commands
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):  # click itself would cut the sentences off
            summaries = {
                name: self.commands[name].get_short_help_str(200) for name in self.commands
            }
            formatter.write_dl(sorted(summaries.items()))


def _combine(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds ``options``, in the order in which help lists them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON for scripts.")
no_keep_option = click.option("--no-keep", is_flag=True, help="Do not save in the library.")
yes_option = click.option("--yes", is_flag=True, help="Skip the confirmation.")
force_option = click.option("--force", is_flag=True, help="Overwrite an existing file.")
detach_option = click.option(
    "--detach",
    is_flag=True,
    help="Train in the background; `charloom attach` shows the run.",
)
column_option = click.option(
    "--column",
    "--field",
    "column",
    help="Column of tables (its name, or its number if there is no heading), or field of JSON "
    "('outer.inner'), that has the texts.",
)
mirror_option = click.option("--mirror", help="Project Gutenberg mirror to download from.")


def output_options(command: Command) -> Command:
    """Add ``--output FILE`` and ``--force``."""
    output = click.option(
        "--output",
        type=expand_user,
        metavar="FILE",
        shell_complete=complete_files,
        help="Write to this file.",
    )
    return output(force_option(command))


def model_option(command: Command) -> Command:
    """Add ``--model``, passed on as ``ref``."""
    from charloom.core.store.read import BUNDLED  # deferred: it imports NumPy

    return click.option(
        "--model",
        "ref",
        metavar="NAME[@STEP]",
        default=BUNDLED,
        type=CheckpointRef.parse,
        shell_complete=complete_refs,
        show_default=True,
        help="Model to use. @STEP, @last or @best (the default) selects one of its checkpoints.",
    )(command)


def setting_options(command: Command) -> Command:
    """Add an option for each field of :class:`SamplingConfig`."""
    default = SamplingConfig()
    return _combine(
        click.option(
            "--temperature",
            type=float,
            default=default.temperature,
            show_default=True,
            help="0 to 10. Lower values prefer likely characters; 0 always takes the likeliest.",
        ),
        click.option(
            "--top-k",
            type=int,
            default=default.top_k,
            show_default=True,
            help="Sample from the K likeliest characters; 0: from all.",
        ),
        click.option(
            "--top-p",
            type=float,
            default=default.top_p,
            show_default=True,
            help="Nucleus sampling: sample from the smallest set with total probability P or more.",
        ),
        click.option(
            "--min-p",
            type=float,
            default=default.min_p,
            show_default=True,
            help="Sample from the characters at least P times as probable as the likeliest; "
            "0: from all.",
        ),
        click.option(
            "--words",
            type=click.Choice(WORDS),
            default=default.words,
            show_default=True,
            help="'known' writes only words of the model's training text.",
        ),
    )(command)


def sampling_options(length: int) -> Callable[[Command], Command]:
    """Return a decorator that adds ``--prompt``, ``--seed`` and ``--length``."""
    return _combine(
        click.option(
            "--prompt",
            help="Prompt. '-' or a pipe: read standard input. Default: the model's own prompt.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, 2**63 - 1),
            metavar="N",
            default=0,
            show_default=True,
            help="Seed, the same for every text.",
        ),
        click.option(
            "--length",
            type=click.IntRange(1, _MAX_SAMPLE_LENGTH),
            metavar="N",
            default=length,
            show_default=True,
            help="Characters in each text.",
        ),
    )


def text_options(command: Command) -> Command:
    """Add the options of :class:`charloom.core.data.corpus.ReadOptions`, and ``--mirror``."""
    return _combine(
        click.option("--start", help="Begin at this phrase or offset ('Letter 1')."),
        click.option("--end", help="Stop before this phrase or offset."),
        click.option("--encoding", help="Encoding of the text. Default: detect it."),
        click.option(
            "--trim/--no-trim", default=True, help="Remove Project Gutenberg's header and footer."
        ),
        click.option("--nfc/--no-nfc", default=True, help="Normalize characters to NFC."),
        column_option,
        click.option(
            "--separator",
            callback=lambda _, __, value: value and "|".join(parse_stops(value)),
            help=r"Put this after each record and between files. \n and \t are escapes. "
            "Default: a newline after records, two blank lines between files.",
        ),
        click.option(
            "--shuffle-files",
            type=click.IntRange(0, 2**63 - 1),
            metavar="SEED",
            help="Take several files in a random order. Default: sorted by name.",
        ),
        click.option(
            "--shuffle-lines/--no-shuffle-lines",
            default=None,
            help="Shuffle the lines, since the end of the text is held out. Default: those of "
            "lists, such as names.",
        ),
        click.option(
            "--strip-timestamps",
            is_flag=True,
            help="Remove the times that lines begin with, as in exported chats.",
        ),
        mirror_option,
    )(command)


def read_options(values: dict[str, Any]) -> dict[str, Any]:
    """Return those of ``values`` that are :class:`~charloom.core.data.corpus.ReadOptions`."""
    return {name: value for name, value in values.items() if name in ReadOptions.__annotations__}


def config_options(command: Command) -> Command:
    """Add an option for every model and training setting, with the help of its field."""
    return _combine(*map(_config_option, _CONFIG_FIELDS))(command)


def config_overrides(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings among ``values`` that were given on the command line."""
    names = {config_field.name for config_field in _CONFIG_FIELDS}
    return {name: value for name, value in values.items() if name in names and value is not None}


def _config_option(setting: Field[Any]) -> Callable[[Command], Command]:
    option = f"--{option_name(setting)}"
    limits = setting.metadata
    help_ = limits["help"]
    if "choices" in limits:
        return click.option(option, setting.name, type=click.Choice(limits["choices"]), help=help_)
    if "low" not in limits:
        return click.option(f"{option}/--no{option[1:]}", setting.name, default=None, help=help_)
    kind = int if isinstance(limits["low"], int) else float
    metavar = "N" if kind is int else "X"
    return click.option(option, setting.name, type=kind, metavar=metavar, help=help_)
