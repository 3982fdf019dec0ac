"""A local web server that breaks connections, ignores ranges, waits, stumbles and lies, on demand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does; `requests` collects the Range header of each request ("" for none)."""

    body: bytes
    break_after: int = 0  # bytes of each response before the connection is cut; 0 never cuts
    ranges: bool = True
    status: int = 200
    content_type: str = "application/zip"
    stumbles: int = 0  # requests answered by 503 before the first good one
    redirects: bool = False  # to itself, for ever
    pause_s: float = 0.0  # between the pieces of a response
    claimed: int = 0  # bytes that it says it sends, added to what it does send
    shifted: int = 0  # bytes by which a range begins later than was asked
    reset: bool = False  # cut by a reset instead of a goodbye
    requests: list[str] = field(default_factory=list)


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The address of a file that is served as `behaviour` says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            _answer(self, behaviour)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/file.zip"
        finally:
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    wanted = handler.headers.get("Range", "")
    behaviour.requests.append(wanted)
    status = 503 if len(behaviour.requests) <= behaviour.stumbles else behaviour.status
    if status != 200:
        handler.send_error(status)
        return
    if behaviour.redirects:
        handler.send_response(302)
        handler.send_header("Location", handler.path)
        handler.end_headers()
        return
    start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and behaviour.ranges else 0
    start += behaviour.shifted if start else 0
    body = behaviour.body[start:]
    if start and not body:
        handler.send_error(416)
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(behaviour.body) - 1}/{len(behaviour.body)}")
    handler.send_header("Content-Type", behaviour.content_type)
    handler.send_header("Content-Length", str(len(body) + behaviour.claimed))
    handler.end_headers()
    _send(handler, body[: behaviour.break_after] if behaviour.break_after else body, behaviour)


def _send(handler: BaseHTTPRequestHandler, body: bytes, behaviour: Behaviour) -> None:
    piece = 20_000 if behaviour.pause_s else max(len(body), 1)
    with contextlib.suppress(ConnectionError):  # who asked was killed
        for start in range(0, len(body), piece):
            handler.wfile.write(body[start : start + piece])
            time.sleep(behaviour.pause_s)
        if behaviour.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
