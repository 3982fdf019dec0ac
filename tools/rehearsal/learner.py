"""One learner of a rehearsal: signs in, pulls, runs, moves, as a browser would, over HTTP and the kernel's socket."""

from __future__ import annotations

import json
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests
import websocket

WAIT = 1800  # seconds at most for one cell: twelve kernels on two cores


class RehearsalError(RuntimeError):
    """Something did not go as it has to in class."""


class KernelDiedError(RehearsalError):
    """The kernel ended while a cell ran, and its server starts another."""


def unpacked(frame: str | bytes) -> dict:
    """A message of the kernel's socket. With pictures in it a frame is binary: a table of offsets, the text, the rest.

    >>> unpacked(b'\\0\\0\\0\\1' + b'\\0\\0\\0\\x08' + b'{"content": 1}')
    {'content': 1}
    """
    if isinstance(frame, str):
        return json.loads(frame)
    (count,) = struct.unpack_from("!I", frame)
    offsets = [*struct.unpack_from(f"!{count}I", frame, 4), len(frame)]
    return json.loads(frame[offsets[0] : offsets[1]])


@dataclass
class Kernel:
    """A kernel and its socket."""

    id: str
    socket: websocket.WebSocket
    session: str = field(default_factory=lambda: uuid.uuid4().hex)

    def send(self, kind: str, content: dict) -> str:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": "", "version": "5"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        return header["msg_id"]

    def messages(self, seconds: float) -> Iterator[dict]:
        """What the kernel says, until `seconds` are over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame = self.socket.recv()
            except websocket.WebSocketTimeoutException:
                break
            if not frame:
                raise RehearsalError("the server closed the kernel's socket")
            yield unpacked(frame)
        raise RehearsalError(f"no answer from the kernel within {seconds:.0f} s")

    def wait(self, seconds: float = WAIT) -> None:
        """Until it answers. A question that is asked while it starts may get lost, so it is asked again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asked = self.send("kernel_info_request", {})
            try:
                for message in self.messages(20):
                    if message["parent_header"].get("msg_id") == asked and message["msg_type"] == "kernel_info_reply":
                        return
            except RehearsalError:
                continue
        raise RehearsalError("the kernel did not start")

    def run(self, code: str, hear: Callable[[dict], None] = lambda message: None, seconds: float = WAIT) -> str:
        """Run one cell to its end; returns what it printed. `hear` gets every message on the way."""
        asked, printed, replied, idle = self.send("execute_request", _cell(code)), [], False, False
        for message in self.messages(seconds):
            content, kind = message["content"], message["msg_type"]
            hear(message)
            if kind == "status" and content["execution_state"] in ("restarting", "autorestarting", "dead"):
                raise KernelDiedError(f"the kernel is {content['execution_state']}")
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "error":
                raise RehearsalError(f"{content['ename']}: {content['evalue']} in the cell\n{code[:400]}")
            if kind == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            replied |= kind == "execute_reply"
            idle |= kind == "status" and content["execution_state"] == "idle"
            if replied and idle:
                return "".join(printed)
        raise AssertionError  # `messages` never ends by itself

    def move(self, figure: str, trait: str, value: float, answer: str) -> object:
        """Move a slider of a live figure, and return what the kernel answers for another of its numbers."""
        update = {"method": "update", "state": {trait: value}, "buffer_paths": []}
        self.send("comm_msg", {"comm_id": figure, "data": update})
        for message in self.messages(60):
            if message["msg_type"] != "comm_msg" or message["content"]["comm_id"] != figure:
                continue
            data = message["content"]["data"]
            # An echo repeats what was sent; an update says what Python made of it.
            if data.get("method") == "update" and answer in data["state"]:
                return data["state"][answer]
        raise AssertionError


def _cell(code: str) -> dict:
    return {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}


class Learner:
    """Somebody at a browser. `hub` is the address of the class."""

    def __init__(self, hub: str, name: str, password: str):
        self.hub, self.name, self.password = hub, name, password
        self.web = requests.Session()

    def url(self, path: str) -> str:
        return f"{self.hub}/user/{self.name}/{path}"

    def sign_in(self) -> None:
        """The form, as a person fills it in; then a token, so that no request needs the form's cookie twice."""
        form = {"username": self.name, "password": self.password}
        self.web.get(f"{self.hub}/hub/login", timeout=60).raise_for_status()
        xsrf = {"_xsrf": self.web.cookies.get("_xsrf", path="/hub/")}
        landed = self.web.post(f"{self.hub}/hub/login?next=/hub/home", data=form | xsrf, params=xsrf, timeout=60)
        landed.raise_for_status()
        headers = {"X-XSRFToken": self.web.cookies.get("_xsrf", path="/hub/"), "Referer": f"{self.hub}/hub/home"}
        made = self.web.post(f"{self.hub}/hub/api/users/{self.name}/tokens", json={}, headers=headers, timeout=60)
        made.raise_for_status()
        self.web = requests.Session()
        self.web.headers["Authorization"] = f"token {made.json()['token']}"

    def start(self, seconds: float = 300) -> None:
        """Their server."""
        about = f"{self.hub}/hub/api/users/{self.name}"
        self.web.post(f"{about}/server", timeout=seconds).raise_for_status()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            servers = self.web.get(about, timeout=60).json()["servers"]
            if servers.get("", {}).get("ready"):
                return
            time.sleep(1)
        raise RehearsalError(f"{self.name}'s server did not start within {seconds:.0f} s")

    def pull(self, asked: dict[str, str]) -> None:
        """What the page behind an nbgitpuller link does: ask for the repository, and listen until all is there."""
        with self.web.get(f"{self.url('git-pull/api')}?{urlencode(asked)}", stream=True, timeout=300) as events:
            events.raise_for_status()
            for line in events.iter_lines():
                event = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if event.get("phase") == "error":
                    raise RehearsalError(f"nbgitpuller: {event.get('message')} {event.get('output', '')}")
                if event.get("phase") == "finished":
                    return
        raise RehearsalError("nbgitpuller broke off")

    def notebook(self, path: str) -> list[str]:
        """The sources of the code cells of a notebook, from their server."""
        found = self.web.get(self.url(f"api/contents/{path}"), timeout=120)
        found.raise_for_status()
        return [cell["source"] for cell in found.json()["content"]["cells"] if cell["cell_type"] == "code"]

    def kernel(self, folder: str) -> Kernel:
        """A new kernel that works in `folder`."""
        made = self.web.post(self.url("api/kernels"), json={"name": "python3", "path": folder}, timeout=300)
        made.raise_for_status()
        number = made.json()["id"]
        address = self.url(f"api/kernels/{number}/channels").replace("http", "ws", 1)
        headers = [f"Authorization: {self.web.headers['Authorization']}"]
        kernel = Kernel(number, websocket.create_connection(address, header=headers, timeout=300))
        kernel.wait()
        return kernel

    def end(self, kernel: Kernel) -> None:
        kernel.socket.close()
        self.web.delete(self.url(f"api/kernels/{kernel.id}"), timeout=120)

    def asks(self, path: str) -> int:
        """The status that the class's address answers with."""
        return self.web.get(f"{self.hub}/{path}", timeout=60, allow_redirects=False).status_code
