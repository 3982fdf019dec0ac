"""A local web server that breaks connections, ignores ranges and lies, on demand."""

from __future__ import annotations

import threading
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
    if behaviour.status != 200:
        handler.send_error(behaviour.status)
        return
    start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and behaviour.ranges else 0
    body = behaviour.body[start:]
    if start and not body:
        handler.send_error(416)
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(behaviour.body) - 1}/{len(behaviour.body)}")
    handler.send_header("Content-Type", behaviour.content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: behaviour.break_after] if behaviour.break_after else body)
