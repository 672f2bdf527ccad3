"""``charloom serve``: the app in a browser."""

import click

from charloom.core.errors import CharloomError
from charloom.tui.console.output import echo_err

_NOT_INSTALLED = (
    "The app in a browser needs textual-serve, which is not installed. "
    "Install it: pip install 'charloom[serve]'"
)
_WARNING = (
    "Warning: other computers can reach this address. Anyone who has it, or can read the network's "
    "traffic, can use the app, and with it read and write files as you."
)


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address or name of this computer to serve on. With one that other computers reach, such "
    "as 0.0.0.0, the app asks for a token, which is part of the address that is shown.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to serve on; 0 takes a free one.",
)
def serve(host: str, port: int) -> None:
    """Serve the app to a browser, by default on this computer only.

    Each page that is opened is an app of its own, on the same models and library. Training runs
    continue when a page is closed, and when Ctrl-C ends this command. Needs charloom[serve].
    """
    try:
        from charloom.tui.console.web_server import WebServer
    except ModuleNotFoundError as error:
        raise CharloomError(_NOT_INSTALLED) from error
    server = WebServer(host, port)
    if not server.local:
        echo_err(_WARNING)
    echo_err(f"Charloom is at {server.url} – Ctrl-C ends it.")
    server.run()
