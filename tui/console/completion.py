"""Completion in shells: of models, runs and texts, and the script that a shell loads for it.

click completes commands, options and choices.
"""

import os
import shlex
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_file

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_CHARLOOM_COMPLETE"
_ZSH_SETUP = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }\n"


def complete_models(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a model."""
    from charloom.core.store.read import model_names  # deferred: it imports NumPy

    return _starting(incomplete, model_names)


def complete_refs(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a model and, after an ``@``, its checkpoint.

    bash takes what follows the ``@`` for a host, and completes only the name.
    """
    from charloom.core.store.read import find_model

    def refs() -> list[str]:
        steps = [str(info.step) for info in find_model(name).checkpoints]
        return [f"{name}@{which}" for which in ("best", "last", *steps)]

    name, at, _ = incomplete.partition("@")
    return _starting(incomplete, refs) if at else complete_models(ctx, parameter, incomplete)


def complete_runs(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a run."""
    from charloom.core.runs.monitor import list_runs

    return _starting(incomplete, lambda: [folder.name for folder in list_runs()])


def complete_live_runs(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a run that is being trained."""
    from charloom.core.runs.monitor import live_runs

    return _starting(incomplete, live_runs)


def complete_catalog(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a text of the catalog."""
    from charloom.core.data.catalog import ENTRIES

    return [
        CompletionItem(entry.name, help=entry.title)
        for entry in ENTRIES
        if entry.name.startswith(incomplete)
    ]


def complete_files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave the completion of a file's path to the shell."""
    return [CompletionItem(incomplete, type="file")]


def complete_texts(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a file or the name of a text; bash shows files if no name matches."""
    files = complete_files(ctx, parameter, incomplete)
    return files + complete_catalog(ctx, parameter, incomplete)  # bash keeps what follows files


def install_completion(shell: str) -> str:
    """Write the script for ``shell`` and a line that loads it; return a message on that.

    ``shell`` is one of :data:`SHELLS`, or ``auto`` for the user's. fish needs no such line.
    """
    shell = _detect_shell() if shell == "auto" else shell
    source = get_completion_class(shell)
    assert source
    text = _ZSH_SETUP * (shell == "zsh") + source(click.Group(), {}, "charloom", _VARIABLE).source()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if shell == "fish":  # loads what is in this folder
        script = config / "fish" / "completions" / "charloom.fish"
        message = f"Wrote {script}."
    else:
        script = paths.home().absolute() / f"completion.{shell}"
        folder = (shell == "zsh" and os.environ.get("ZDOTDIR")) or Path.home()
        startup = Path(folder) / f".{shell}rc"
        message = f"Wrote {script}, which {startup} loads."
    make_folder(script.parent)
    write_file(script, text, True)
    if shell != "fish":
        _load_at_start(startup, script)
    return f"{message} Open a new terminal to use it."


def _detect_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise CharloomError(
            "The shell is not known: SHELL names none of bash, zsh and fish. Name it after "
            "--install-completion."
        )
    return name


def _starting(incomplete: str, names: Callable[[], Iterable[str]]) -> list[CompletionItem]:
    """Return those of ``names`` that begin so, none if they cannot be listed."""
    with suppress(CharloomError):
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]
    return []


def _load_at_start(startup: Path, script: Path) -> None:
    """Add a line to ``startup`` that loads ``script``, unless it has it."""
    path = shlex.quote(str(script))
    line = f"[ -r {path} ] && . {path}\n"
    try:
        before = startup.read_bytes() if startup.exists() else b""
        if line.encode() not in before:
            with startup.open("ab") as file:
                file.write(b"\n" * (not before.endswith(b"\n") and bool(before)) + line.encode())
    except OSError as error:
        raise CharloomError(
            f"Cannot change {startup} ({error.strerror}). Add this line to it: {line.strip()}"
        ) from error
