"""The app in a browser: a web server that starts one app process for each page that is opened."""

import ipaddress
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from charloom.core.errors import CharloomError

_PAGE = Path(__file__).with_name("web_page.html")
_COMMAND = (sys.executable, "-P", "-m", "charloom.tui.cli")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_TOKEN_BYTES = 16
_SHUTDOWN_SECONDS = 1.0  # until open pages are closed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """A web server on ``host`` and ``port`` (0: any that is free), from its creation on.

    It asks for a token unless only this computer can reach it. Raises :class:`CharloomError` if
    the address cannot be used.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CharloomError(
                f"{host}, port {port} cannot be used: {reason}. Pass another --port or --host."
            ) from error
        address, self._port = self._socket.getsockname()[:2]
        self._host = host
        self.local = ipaddress.ip_address(address).is_loopback
        """True if only this computer can reach it."""
        self._token = "" if self.local else secrets.token_urlsafe(_TOKEN_BYTES)
        self._cookie = f"charloom-{self._port}"  # cookies are shared by all ports

    @property
    def url(self) -> str:
        """The address to open in a browser, with the token if there is one."""
        wildcard = self._host in ("", "0.0.0.0", "::")
        host = socket.gethostname() if wildcard else self._host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self._port}/" + f"?token={self._token}" * bool(self._token)

    def run(self) -> None:
        """Serve until Ctrl-C or a termination signal; then end the open apps."""
        join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
        server = Server(join(_COMMAND))
        guard = web.middleware(lambda request, handler: self._guard(request, handler))
        app = web.Application(middlewares=[guard])
        app.add_routes(
            [
                web.get("/", _show_page),
                web.get("/ws", server.handle_websocket),
                web.get("/download/{key}", server.handle_download),
                web.static("/static", server.statics_path),
            ]
        )
        web.run_app(
            app,
            sock=self._socket,
            print=None,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests of other web sites, and those without the token.

        The app can read and write files. Any page that the user visits could open a WebSocket on
        this computer, directly (with its own origin) or by a name that resolves to it.
        """
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="Another web site must not use Charloom.")
        if self.local:
            if urlsplit(f"//{request.host}").hostname not in (*_LOOPBACK_NAMES, self._host):
                raise web.HTTPForbidden(text=f"Open {self.url}")
            return await handler(request)
        in_url = request.query.get("token", "")
        token = in_url or request.cookies.get(self._cookie, "")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="Open the address that `charloom serve` shows.")
        if in_url:
            response = web.HTTPFound("/")  # so that the token does not stay in the address bar
            response.set_cookie(self._cookie, token, httponly=True, samesite="Lax")
            return response
        return await handler(request)


async def _show_page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(_PAGE, headers={"Cache-Control": "no-store"})
