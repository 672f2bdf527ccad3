"""The command line: which commands there are, and how any of them ends.

stdout is data, stderr is narration. Exit status: 0 done, 1 a one-line error, 2 usage, 130 Ctrl-C.
A command's module is imported only when it runs, so that ``--help`` is there at once.
"""

import contextlib
import importlib
import io
import os
import sys
from typing import Any

import click

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize, single_line

_COMMANDS = {
    "train": "Train a network on a text and watch it learn.",
    "resume": "Go on with a training run that was stopped.",
    "runs": "List the training runs and how they stand.",
    "attach": "Watch a run that is being trained; Ctrl-C leaves it to itself.",
    "pause": "Have a run stand still, with everything saved.",
    "continue": "Have a run that is paused go on.",
    "stop": "End a run; all is saved, and it can be resumed.",
    "checkpoint": "Have a run save a checkpoint now.",
    "generate": "Let a model write, one character at a time.",
    "growth": "Let every checkpoint of a model write, from the first to the last.",
    "compare": "Let two models, or two temperatures, write and be scored side by side.",
    "score": "Say how well a model predicts a text, in bits and nats per character.",
    "inspect": "Show what a network makes of a text inside: surprise, units, gates.",
    "tour": "Walk through the ten stages, on your own text and model.",
    "models": "List, show and manage the models on this computer.",
    "corpus": "List, fetch and check texts to train on.",
    "favorites": "List, search, export and replay what you kept.",
    "paths": "Show where Charloom keeps its files.",
}
_PLACES = {  # of those that have no module of their own name
    "resume": "runs.resume",
    "attach": "runs.attach",
    "pause": "runs.pause",
    "continue": "runs.continue_",
    "stop": "runs.stop",
    "checkpoint": "runs.checkpoint",
}


class LazyGroup(click.Group):
    """A group whose commands live in the modules of ``charloom.tui.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name = _PLACES.get(cmd_name, f"{cmd_name}.{cmd_name}").split(".")
        command = getattr(importlib.import_module(f"charloom.tui.commands.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that whoever reads its output has had enough is no failure."""
        with contextlib.suppress(BrokenPipeError):
            return super().invoke(ctx)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="charloom", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Weave text, one character at a time.

    Train a character-level LSTM on any text you love, let it write, and keep the best of it.
    Without a command, the app opens: all of this on one screen, with help at F1.
    """
    if ctx.invoked_subcommand is None:
        from charloom.tui import launch

        ctx.exit(launch.run())


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; an error becomes one line on stderr."""
    _prepare_streams()
    try:
        status = cli.main(arguments, prog_name="charloom", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        click.echo(sanitize(usage.getvalue()), nl=False, err=True)
        return error.exit_code
    except CharloomError as error:
        click.echo(f"charloom: {single_line(str(error), 2_000)}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except OSError as error:  # of the standard streams: any other has become a CharloomError
        # What is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        click.echo(f"charloom: Input or output failed ({error.strerror}).", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _prepare_streams() -> None:
    """Let the standard streams carry any character, whatever the locale makes of it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us: what is written there is lost
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif hasattr(stream, "reconfigure"):
            utf8 = stream.encoding.casefold().replace("-", "") == "utf8"
            stream.reconfigure(errors="surrogatepass" if utf8 else "backslashreplace")


if __name__ == "__main__":
    main()
