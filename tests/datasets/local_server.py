"""A web server on this machine that misbehaves as told, for the tests of the downloads."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Answer:
    """How to answer one request.

    Attributes:
        content: the whole file.
        status: anything but 200 is sent without content.
        headers: to add to the server's own; an empty value leaves a header out.
        ranges: whether a `Range` header is honoured.
        stop_after: close the connection after so many bytes of the body.
        stall: send nothing for so many seconds, in the middle of the body.
        trickle: send the body in pieces of so many bytes, with a short pause after each.
        slow_headers: send the headers byte by byte, with a short pause after each.
        raw: send these bytes in place of an answer, and close the connection.
    """

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    stop_after: int | None = None
    stall: float = 0.0
    trickle: int | None = None
    slow_headers: bool = False
    raw: bytes | None = None


class LocalServer:
    """Serves `answers[path]` in turn, the last one for ever; `asked` holds the ranges asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: dict[str, list[str | None]] = defaultdict(list)
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def url(self, path: str) -> str:
        """The address of `path` on this server."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> LocalServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._respond(self)

            def log_message(self, *_: object) -> None:
                """Keep the test output clean."""

        return Handler

    def _respond(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked[request.path].append(wanted)
        queue = self.answers.get(request.path, [Answer(status=404)])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if answer.raw is not None:
            request.wfile.write(answer.raw)
            request.close_connection = True
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and answer.ranges else 0
        body = answer.content[start:]
        request.send_response(206 if start else answer.status)
        for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
            if value:
                request.send_header(name, value)
        if answer.slow_headers:
            self._trickle(request)
        request.end_headers()
        self._send(request, body[: answer.stop_after], answer)

    def _trickle(self, request: BaseHTTPRequestHandler) -> None:
        """Begin the headers, and never end them."""
        try:
            request.flush_headers()
            while not self._closing.wait(0.01):
                request.wfile.write(b"X")
        except (BrokenPipeError, ConnectionResetError):
            """The client had enough."""

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, answer: Answer) -> None:
        size = answer.trickle or max(1, len(body) // 2)
        try:
            for start in range(0, len(body), size):
                request.wfile.write(body[start : start + size])
                self._closing.wait(answer.stall or (0.005 if answer.trickle else 0))
        except (BrokenPipeError, ConnectionResetError):
            """The client had enough."""
