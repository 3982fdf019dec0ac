"""node's test runner, for the arithmetic that the figures do in JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from course_lib.figures import live
from course_lib.figures.live import module

HERE = Path(__file__).parent
SHARED = Path(live.__file__).with_name("shared.js")
SECONDS = 120


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if path is None:
        reason = "no node here; install Node.js 20 or newer to check the figures' JavaScript against Python"
        if os.environ.get("COURSE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and COURSE_REQUIRE_BROWSER=1 wants it", pytrace=False)
        pytest.skip(reason)
    return path


@pytest.fixture
def run_node(node, tmp_path) -> Callable[[str, dict], subprocess.CompletedProcess]:
    """`run_node(name, vectors)`: run `name.test.mjs` on the module `name` and on answers that Python wrote down."""

    def run(name: str, vectors: dict) -> subprocess.CompletedProcess:
        source = SHARED.read_text(encoding="utf-8") if name == "shared" else module(name)
        (tmp_path / "module.mjs").write_text(source, encoding="utf-8")
        (tmp_path / "vectors.json").write_text(json.dumps(vectors))
        places = {"MODULE": (tmp_path / "module.mjs").as_uri(), "VECTORS": str(tmp_path / "vectors.json")}
        command = [node, "--test", str(HERE / f"{name}.test.mjs")]
        return subprocess.run(command, env=os.environ | places, capture_output=True, text=True, timeout=SECONDS)

    return run
