"""A JupyterLab of our own, and the Chromium of the system: for the browser tests and for `make bench`."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

REPOSITORY = Path(__file__).resolve().parents[2]
CANDIDATES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# No sandbox: in a container there is none to be had, and the pages are ours. The rest keeps the browser from
# calling home, and a headless one from looking for a graphics card.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 60
RUN_SECONDS = 300
# JupyterLab shows an error as it shows stderr; only the text tells that it is a traceback.
STDERR = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]'
TRACEBACK = re.compile(r"^(-{40,}|\s*(Cell In|File) )")
# [*] stands beside a cell that waits or runs, [3] beside one that has run. After an error the rest is [ ].
FINISHED = """() => {
    const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map(p => p.textContent);
    return prompts.some(text => /[0-9]/.test(text)) && !prompts.some(text => text.includes("*"));
}"""
SETTINGS = {
    # No question about news in front of the page, no look for updates.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells in the page, also those out of sight: tests look for them.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def find_chromium() -> str | None:
    """The first Chromium that runs. Ubuntu's chromium-browser is there and may only point at a shop."""
    for candidate in CANDIDATES:
        path = shutil.which(candidate)
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it serves."""

    address: str
    token: str
    root: Path

    def url(self, notebook: str) -> str:
        # `doc` is the same application with one document and no side bars: less to load, less to go wrong.
        return f"{self.address}/doc/tree/{notebook}?token={self.token}"


class LabError(RuntimeError):
    """JupyterLab did not start; holds the end of its log."""


@contextmanager
def running(home: Path) -> Iterator[Lab]:
    """JupyterLab over a copy of the lessons: it saves by itself, and must not change the stored outputs."""
    root = home / "course"
    leave_out = shutil.ignore_patterns("src", "scratch", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(REPOSITORY / "lessons", root / "lessons", ignore=leave_out)
    for plugin, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), root)
    with (home / "jupyter.log").open("w") as log:
        server = subprocess.Popen(_command(lab, port, home), cwd=root, env=_environment(home), stdout=log, stderr=log)
        try:
            _wait_for(lab, server, home / "jupyter.log")
            yield lab
        finally:
            _stop(server)


def _command(lab: Lab, port: int, home: Path) -> list[str]:
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={lab.token}", f"--ServerApp.root_dir={lab.root}",
        f"--LabApp.user_settings_dir={home / 'settings'}", f"--LabApp.workspaces_dir={home / 'workspaces'}",
    ]  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    """The user's environment with none of the user's Jupyter in it."""
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return os.environ | {name: str(home / name.lower()) for name in places} | {"JUPYTER_PREFER_ENV_PATH": "1"}


def _wait_for(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{lab.address}/api/status?token={lab.token}", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise LabError(f"JupyterLab did not start within {START_SECONDS} s:\n{log.read_text()[-3000:]}")


def _stop(server: subprocess.Popen) -> None:
    server.terminate()  # it shuts its kernels down first
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def run_all(page: Page) -> None:
    """Run every cell of the page's notebook.

    Raises:
        LabError: a cell failed; holds its traceback.
    """
    # While the kernel is starting, JupyterLab takes "Run All" and forgets about it.
    page.get_by_text("| Idle").wait_for(timeout=START_SECONDS * 1000)
    # A lesson is stored executed: without clearing, the last run's numbers would pass for this one's.
    _menu(page, "Edit", "Clear Outputs of All Cells")
    _menu(page, "Run", "Run All Cells")
    page.wait_for_function(FINISHED, timeout=RUN_SECONDS * 1000)
    for text in page.locator(STDERR).all_inner_texts():
        if TRACEBACK.match(text):
            raise LabError(f"a cell failed:\n{text}")


def _menu(page: Page, menu: str, item: str) -> None:
    page.locator(".lm-MenuBar").get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu").get_by_role("menuitem", name=item, exact=True).click()
