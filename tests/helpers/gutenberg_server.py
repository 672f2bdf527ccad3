"""A small local Project Gutenberg: real HTTP, with the failures of real servers."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def gutenberg_file(body: str, number: int = 84) -> bytes:
    """Return ``body`` (lines ending in LF) with a header and footer like on the real site."""
    text = (
        f"\ufeffThe Project Gutenberg eBook of A Test\n\nRelease date: [eBook #{number}]\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK A TEST ***\n\n\n\n"
        f"{body}\n\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK A TEST ***\n\nTerms of use follow here.\n"
    )
    return text.replace("\n", "\r\n").encode()


@dataclass
class Answer:
    """One answer; ``stall`` waits before the answer, ``stall_within`` in the middle of the body.

    ``length`` is the Content-Length to claim: None for the true one, negative for none at all.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    stall: bool = False
    stall_within: bool = False


class GutenbergServer:
    """Answers requests for a path with its answers in turn; the last one is repeated."""

    def __init__(self, port: int, released: threading.Event) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.answers: dict[str, list[Answer]] = {}
        self.requests: dict[str, int] = defaultdict(int)
        self.released = released

    def serve(self, number: int, *answers: Answer) -> None:
        """Answer requests for the book with that number."""
        self.answers[f"/cache/epub/{number}/pg{number}.txt"] = list(answers)

    def count(self, number: int) -> int:
        """Return the number of requests for the book with that number."""
        return self.requests[f"/cache/epub/{number}/pg{number}.txt"]

    def next_answer(self, path: str) -> Answer:
        """Return the next answer."""
        self.requests[path] += 1
        answers = self.answers.get(path, [Answer(b"Not here.", status=404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def running() -> Iterator[GutenbergServer]:
    """Run a server on a free port of 127.0.0.1."""
    released = threading.Event()  # stalled answers end when the server stops

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open, as on the real site

        def handle(self) -> None:
            with suppress(ConnectionError):  # clients may give up
                super().handle()

        def do_GET(self) -> None:
            answer = server.next_answer(self.path)
            if answer.stall:
                released.wait()
            length = len(answer.body) if answer.length is None else answer.length
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            half = len(answer.body) // 2
            self.wfile.write(answer.body[:half])
            if answer.stall_within:
                released.wait()
            self.wfile.write(answer.body[half:])
            self.close_connection = length != len(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = GutenbergServer(http.server_port, released)
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            released.set()
            http.shutdown()
            thread.join()
