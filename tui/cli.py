"""The command line: its commands, their exit status, and the standard streams.

Data goes to stdout, messages to stderr. Exit status: 0 success, 1 a one-line error, 2 wrong usage,
130 Ctrl-C. A command's module is imported only when it runs, so that ``--help`` is fast.
"""

import codecs
import contextlib
import errno
import importlib
import io
import os
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize, single_line
from charloom.tui.console.options import SuggestingGroup

_COMMANDS = {  # name: module and function in ``charloom.tui.commands``, and summary
    "train": ("train.train", "Train a network on a text, with live progress."),
    "resume": ("runs.resume", "Resume a run that was stopped or interrupted."),
    "runs": ("runs.runs", "List the training runs and their status."),
    "attach": ("runs.attach", "Watch a run that is being trained; Ctrl-C detaches."),
    "pause": ("runs.pause", "Save a run and pause it."),
    "continue": ("runs.continue_", "Continue a paused run."),
    "stop": ("runs.stop", "Save a run and stop it; it can be resumed."),
    "checkpoint": ("runs.checkpoint", "Save a checkpoint of a run now."),
    "generate": ("generate.generate", "Generate text from a prompt."),
    "growth": ("growth.growth", "Sample every checkpoint of a model, first to last."),
    "compare": ("compare.compare", "Compare two models or two temperatures side by side."),
    "score": ("score.score", "Measure how well a model predicts a text, in bits per character."),
    "inspect": ("inspect.inspect", "Write surprise, units and gates over a text, as JSON."),
    "tour": ("tour.tour", "Walk through the ten stages with your own text and model."),
    "quiz": ("quiz.quiz", "Tell held-out passages of a text from those of a model."),
    "models": ("models.models", "List, show and manage the models on this computer."),
    "chat": ("chat.chat", "Talk with a model: one line in, one reply out."),
    "corpus": ("corpus.corpus", "List, download and check texts to train on."),
    "favorites": ("favorites.favorites", "List, search, export and replay saved texts."),
    "serve": ("serve.serve", "Serve the app to a browser, by default on this computer only."),
    "paths": ("paths.paths", "Show where Charloom keeps its files."),
    "config": ("config.config", "Show your own defaults, or write a file for them."),
}
_SAMPLING = ("temperature", "top_k", "top_p", "min_p", "words")
_CONFIGURED = {  # options whose defaults can come from the configuration file
    "generate": (*_SAMPLING, "length"),
    "chat": _SAMPLING,
    "quiz": _SAMPLING,
    "growth": ("temperature",),
}


class LazyGroup(SuggestingGroup):
    """A command group that imports a module of ``charloom.tui.commands`` when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name][0].split(".")
        command = getattr(importlib.import_module(f"charloom.tui.commands.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands without importing them, and options."""
        commands = [
            CompletionItem(name, help=summary)
            for name, (_, summary) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        with contextlib.suppress(BrokenPipeError):  # the reader of the output has closed it
            return super().invoke(ctx)


def _install_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    if shell is None or ctx.resilient_parsing:
        return
    from charloom.tui.console.completion import install_completion

    click.echo(install_completion(shell), err=True)
    ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="charloom", message="%(prog)s %(version)s")
@click.option(
    "--install-completion",
    type=click.Choice(["bash", "zsh", "fish", "auto"]),
    is_flag=False,
    flag_value="auto",
    metavar="[SHELL]",
    expose_value=False,
    is_eager=True,
    callback=_install_completion,
    help="Let bash, zsh or fish complete commands, models, runs and texts. Default: your shell.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Train character-level LSTMs on any text and sample from them.

    Without a command, the app opens: everything below on a few screens, with help at F1.
    """
    command = ctx.invoked_subcommand
    if command is None:
        from charloom.tui import launch

        ctx.exit(launch.run())
    if command in _CONFIGURED:
        from charloom.tui.services.config_file import option_defaults

        ctx.default_map = {command: option_defaults(_CONFIGURED[command])}


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; an error is written to stderr in one line."""
    _prepare_streams()
    try:
        status = cli.main(arguments, prog_name="charloom", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        click.echo(f"{sanitize(usage.getvalue())}{_dash_hint(error)}", nl=False, err=True)
        return error.exit_code
    except CharloomError as error:
        from charloom.tui.console.output import error_message

        click.echo(f"charloom: {single_line(error_message(error), 2_000)}", err=True)
        return 1
    except MemoryError:
        command = single_line(" ".join(["charloom", *arguments[:1]]), 100)
        click.echo(
            f"charloom: There is not enough memory for `{command}`; use a shorter text or a "
            "smaller model.",
            err=True,
        )
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except OSError as error:  # of a standard stream: any other has become a CharloomError
        # Discard what is still buffered, or Python reports the error again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Windows reports a closed pipe as an invalid argument.
        if isinstance(error, BrokenPipeError) or (
            sys.platform == "win32" and error.errno == errno.EINVAL
        ):
            return 0
        click.echo(f"charloom: Input or output failed ({error.strerror}).", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _dash_hint(error: click.ClickException) -> str:
    """Return advice on a text that was taken for an option, such as ``-- he said``."""
    if not isinstance(error, click.NoSuchOption) or error.possibilities or error.ctx is None:
        return ""
    command = error.ctx.command
    if not any(isinstance(parameter, click.Argument) for parameter in command.params):
        return ""
    path = error.ctx.command_path
    return f"If it is a text or a name, not an option, put -- before it: {path} -- …\n"


def _prepare_streams() -> None:
    """Make the standard streams accept every character.

    Files and pipes get UTF-8 in any locale. A terminal that cannot show a character gets an escape.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the parent process: discard what is written
            stream = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
            setattr(sys, name, stream)
        if hasattr(stream, "reconfigure"):
            encoding = codecs.lookup(stream.encoding).name if stream.isatty() else "utf-8"
            errors = "surrogatepass" if encoding == "utf-8" else "backslashreplace"
            stream.reconfigure(encoding=encoding, errors=errors)


if __name__ == "__main__":
    main()
