"""Following a training run from the command line to its end, or to Ctrl-C."""

import shlex
import signal
from types import FrameType

import click

from core.errors import CharloomError
from core.events import Event, Finished
from core.runs import Training
from tui.durations import clock
from tui.progress import JsonLines, LiveView, PlainLines, Watcher

_INTERRUPTED = 130


def follow(name: str, training: Training, as_json: bool) -> int:
    """Show the run until it ends and return the exit status.

    Ctrl-C, or being told to end, makes the trainer save and finish; that is shown too.
    """
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the API's
        nonlocal asked
        asked = True
        training.stop()

    before = {kind: signal.signal(kind, stop) for kind in (signal.SIGINT, signal.SIGTERM)}
    last: Event | None = None
    try:
        with _watcher(name, as_json) as watcher:
            for last in training.events():
                watcher.show(last)
    except BaseException:  # such as a closed pipe: nobody watches any more
        training.stop()
        raise
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    assert isinstance(last, Finished)
    if last.reason == "failed":
        raise CharloomError(last.message)
    click.echo(_summary(name, last), err=True)
    return _INTERRUPTED if asked else 0


def _watcher(name: str, as_json: bool) -> Watcher:
    if as_json:
        return JsonLines()
    # Rich takes a while to import; a script does not need it.
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    return LiveView(name, console) if console.is_terminal else PlainLines()


def _summary(name: str, end: Finished) -> str:
    quoted = shlex.quote(name)
    done = {"completed": "Done", "stopped": "Stopped and saved"}.get(
        end.reason, "No longer improving"
    )
    lines = [f"{done} after {clock(end.elapsed_seconds)}, at step {end.step:,}."]
    if end.val_loss is not None and end.val_windowed_256 is not None:
        lines.append(
            f"Best checkpoint: step {end.best_step:,}, on held-out text {end.val_loss:.4f} nats "
            f"({end.val_bits_per_char:.3f} bits) per character carried, "
            f"{end.val_windowed_256:.4f} nats windowed-256."
        )
    lines.append(f"Let it write:  charloom generate --model {quoted} 'Once '")
    if end.reason == "stopped":
        lines.append(f"Go on with it: charloom resume {quoted}")
    return "\n".join(lines)
