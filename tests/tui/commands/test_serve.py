"""``charloom serve``: the app in a browser, for this computer or with a token."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from urllib.parse import urlsplit

import pyte
import pytest
from textual.binding import Binding
from textual.dom import DOMNode

import charloom.tui
from charloom.core.runs.monitor import is_training
from charloom.tui.services.preferences import Preferences, save
from tests.helpers.browser import browser, serving
from tests.helpers.run_cli import call
from tests.helpers.small_models import endless

SMALL_WINDOW, LARGE_WINDOW = (820, 520), (1400, 900)  # pixels
RESERVED_KEYS = ("ctrl+n", "ctrl+t", "ctrl+w")  # by Chromium and Firefox: no page gets them

needs_textual_serve = pytest.mark.skipif(
    not find_spec("textual_serve"),
    reason="textual-serve is not installed",
)


@needs_textual_serve
async def test_the_app_writes_trains_tours_and_resizes_in_chromium(tmp_path: Path) -> None:
    run = endless("sea")
    save(Preferences(pace=0, length=100))
    async with AsyncExitStack() as stack:
        page, url = await asyncio.gather(
            stack.enter_async_context(browser(tmp_path / "profile")),
            stack.enter_async_context(serving()),
        )
        await page.resize(*LARGE_WINDOW)
        await page.open(url)
        await page.wait_for("You will rejoice to hear")
        await page.wait_for("Or paste a text here")
        drop = "new DragEvent('drop', {bubbles: true, cancelable: true})"
        assert not await page.evaluate(f"document.body.dispatchEvent({drop})")  # it is cancelled
        large = page.size
        assert large[0] >= 120 and large[1] >= 40

        await page.type("{F3}")
        await page.wait_for("o train")
        await page.type("o{F2}")  # the trainer takes seconds to start: in these, a text is written
        await page.wait_for("You will rejoice to hear")
        await page.type("{Enter}")
        await page.wait_for("alt+R repeat")
        await page.wait_for("F9 new page")
        assert "» You will rejoice to hear" in page.text

        await page.type("{F3}")
        await page.wait(lambda: is_training(run))
        await page.wait_for("Z stop")
        await page.type("Z{F6}")  # it takes a while to end, too
        await page.wait(lambda: "10 sample" in page.text and "Reading" not in page.text)
        await page.resize(*SMALL_WINDOW)
        await page.wait(lambda: page.size < large and "F1 Help" in page.text.splitlines()[-1])
        await page.type("{F3}")
        await page.wait_for("sea  stopped")
        assert not is_training(run)

        await page.type("{^q}")
        await page.wait(lambda: page.closed)
        assert await page.evaluate("document.body.innerText.includes('Open it again')")


@needs_textual_serve
async def test_this_computer_gets_the_app_and_other_web_sites_get_nothing() -> None:
    from aiohttp import ClientSession

    screen = pyte.Screen(90, 30)
    stream = pyte.ByteStream(screen)
    async with serving() as url, ClientSession() as session:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            for path in ("", "ws", "static/js/textual.js"):
                async with session.get(url + path, headers=headers) as answer:
                    assert answer.status == 403, (headers, path)
        async with session.get(url) as answer:
            page = await answer.text()
        assert "<title>Charloom</title>" in page
        assert "http://" not in page and "https://" not in page  # nothing comes from elsewhere
        address = f"{url}ws?width=90&height=30"
        async with session.ws_connect(address, origin=url[:-1]) as app:
            while "F1 Help" not in screen.display[-1]:
                stream.feed(await app.receive_bytes(timeout=60))


@needs_textual_serve
async def test_other_computers_need_the_token() -> None:
    from aiohttp import ClientSession, CookieJar

    jar = CookieJar(unsafe=True)  # which takes cookies of addresses without a name
    async with serving("--host", "0.0.0.0") as url, ClientSession(cookie_jar=jar) as session:
        shown = urlsplit(url)
        here = f"http://127.0.0.1:{shown.port}/"
        assert len(shown.query.removeprefix("token=")) >= 20
        for path in (
            "",
            "?token=",
            "?token=wrong",
            "?token=\N{OGHAM LETTER BEITH}",
            "ws",
            "static",
        ):
            async with session.get(here + path) as answer:
                assert answer.status == 403, path
        async with session.get(f"{here}?{shown.query}") as answer:
            assert answer.status == 200 and str(answer.url) == here  # without the token
        async with session.get(f"{here}static/js/textual.js") as answer:
            assert answer.status == 200
        async with session.get(here, headers={"Origin": "http://evil.example"}) as answer:
            assert answer.status == 403


@needs_textual_serve
async def test_it_warns_when_other_computers_can_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from charloom.tui.console.web_server import WebServer

    monkeypatch.setattr(WebServer, "run", lambda server: server._socket.close())
    for host, warned in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
        done = call("serve", "--host", host, "--port", "0")
        assert (done.code, done.out) == (0, "")
        assert ("Warning: other computers" in done.err) is warned
        assert ("?token=" in done.err) is warned


@needs_textual_serve
def test_an_address_that_cannot_be_used_is_an_error_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = call("serve", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"charloom: 127.0.0.1, port {port} cannot be used: ")
    assert done.err.endswith("Pass another --port or --host.\n") and done.err.count("\n") == 1


def test_without_textual_serve_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("textual_serve", "textual_serve.server"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "charloom.tui.console.web_server", raising=False)
    done = call("serve")
    assert (done.code, done.out) == (1, "")
    assert "pip install 'charloom[serve]'" in done.err and done.err.count("\n") == 1


def test_what_is_on_a_key_that_browsers_keep_is_on_another_one_too() -> None:
    for module in walk_packages(charloom.tui.__path__, "charloom.tui."):
        if not module.name.endswith("web_server"):
            import_module(module.name)
    reserved = set()
    for owner in subclasses(DOMNode):
        keys: dict[str, set[str]] = {}
        for binding in Binding.make_bindings(owner.__dict__.get("BINDINGS", ())):
            keys.setdefault(binding.action, set()).add(binding.key)
        if owner.__module__.startswith("charloom."):
            for action, bound in keys.items():
                if bound.intersection(RESERVED_KEYS):
                    reserved.add(action)
                    assert bound.difference(RESERVED_KEYS), (owner, action)
    assert {"new_page", "repeat"} <= {action.removeprefix("screen.") for action in reserved}


def subclasses(parent: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)
