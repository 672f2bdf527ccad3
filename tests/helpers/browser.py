"""Drive a headless Chromium by its DevTools protocol, and read the terminal that it shows."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyte
import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_TIMEOUT_SECONDS = 60.0
_CODES = {"Enter": 13, "Escape": 27}  # Windows' codes of keys
_F0 = 111  # the one before F1
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0"),
)


def chromium() -> str:
    """Return the path of Chromium; skip the test if there is none."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(f"there is no Chromium ({', '.join(_NAMES)} are not in PATH)")


class Page:
    """A page with a terminal, whose contents are read from what the WebSocket receives."""

    def __init__(self, socket: Any) -> None:  # an aiohttp.ClientWebSocketResponse
        self._socket = socket
        self._number = 0
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.closed = False  # the page's WebSocket

    @property
    def text(self) -> str:
        """The terminal, line by line."""
        return "\n".join(self._screen.display)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal."""
        return self._screen.columns, self._screen.lines

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and return its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_str(json.dumps(message))
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            while (answer := json.loads(await self._socket.receive_str())).get("id") != number:
                self._take(answer)
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str) -> None:
        """Open ``url``."""
        for domain in ("Page", "Network", "Runtime"):
            await self.send(f"{domain}.enable")
        await self.send("Page.navigate", url=url)

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.send("Emulation.setDeviceMetricsOverride", **size)

    async def type(self, text: str) -> None:
        """Type characters, and keys in braces: ``{Enter}``, ``{F1}`` to ``{F12}``, ``{^q}``."""
        for key in re.findall(r"\{\^?\w+\}|.", text):
            if len(key) == 1:
                await self.send("Input.dispatchKeyEvent", type="char", text=key)
                continue
            name = key[1:-1].removeprefix("^")
            number = name.removeprefix("F")
            code = _F0 + int(number) if number.isdigit() else _CODES.get(name) or ord(name) - 32
            event = {"key": name, "windowsVirtualKeyCode": code, "modifiers": 2 * ("^" in key)}
            for kind in ("rawKeyDown", "keyUp"):
                await self.send("Input.dispatchKeyEvent", type=kind, **event)

    async def wait(self, condition: Callable[[], object]) -> None:
        """Wait until ``condition`` is true."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"timed out:\n{self.text}"
            try:
                async with asyncio.timeout(0.1):
                    self._take(json.loads(await self._socket.receive_str()))
            except TimeoutError:
                continue

    async def wait_for(self, words: str) -> None:
        """Wait until ``words`` are in the terminal."""
        await self.wait(lambda: words in self.text)

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        result = await self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    async def screenshot(self) -> bytes:
        """Return a picture of the page as PNG."""
        return base64.b64decode((await self.send("Page.captureScreenshot"))["data"])

    def _take(self, event: Mapping[str, Any]) -> None:
        """Show what the page's WebSocket has received, in a terminal of the size that it sent."""
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.webSocketCreated":
            size = parse_qs(urlsplit(parameters["url"]).query)
            self._set_size(int(size["width"][0]), int(size["height"][0]))
        elif method == "Network.webSocketClosed":
            self.closed = True
        elif method == "Network.webSocketFrameSent":
            kind, *values = json.loads(parameters["response"]["payloadData"])
            if kind == "resize":
                self._set_size(values[0]["width"], values[0]["height"])
        elif method == "Network.webSocketFrameReceived" and parameters["response"]["opcode"] == 2:
            self._stream.feed(base64.b64decode(parameters["response"]["payloadData"]))

    def _set_size(self, columns: int, rows: int) -> None:
        if (columns, rows) != self.size:
            self._screen.resize(rows, columns)
            self._screen.erase_in_display(2)  # the app draws all of it


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    """Run a headless Chromium with an empty page; its files are in the folder ``profile``."""
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    command = [chromium(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            address = None
            while not address:
                line = await asyncio.to_thread(process.stderr.readline)
                assert line, "Chromium does not start"
                address = re.search(r"listening on ws://([^/]+)/", line)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://{address[1]}/json/list") as answer:
                    pages = [page for page in await answer.json() if page["type"] == "page"]
                url = pages[0]["webSocketDebuggerUrl"]
                async with session.ws_connect(url, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            process.kill()


@asynccontextmanager
async def serving(*options: str) -> AsyncIterator[str]:
    """Run ``charloom serve`` on a free port and yield its URL."""
    command = [sys.executable, "-P", "-m", "charloom.tui.cli", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            url = None
            while not url:
                line = await asyncio.to_thread(process.stderr.readline)
                assert line, "the server does not start"
                url = re.search(r"http://\S+", line)
            yield url[0]
        finally:
            process.terminate()
            process.communicate()
    assert process.returncode == 0
