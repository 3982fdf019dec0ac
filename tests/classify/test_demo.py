"""demo.html as text; tests/browser/test_classify_pages.py opens it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib import data
from course_lib.classify import demo
from course_lib.data import DataError

from .sample import sample
from .test_report import NASTY, Parsed, asked, built_of


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Small files in place of the runtime's 14 MB."""
    (tmp_path / "runtime").mkdir()
    for name in ("onnxruntime_web", "onnxruntime_web_wasm"):
        (tmp_path / "runtime" / name).write_bytes(name.encode())
    monkeypatch.setattr(data, "runtime_file", lambda name: tmp_path / "runtime" / name)


def inside(page: str, name: str) -> bytes:
    return base64.b64decode(re.search(rf'id="{name}">([^<]*)</script>', page)[1])


def test_network_and_runtime_are_inside(runtime):
    page = demo.page(sample(), b"the network")
    assert gzip.decompress(inside(page, "network")) == b"the network"
    assert gzip.decompress(inside(page, "wasm")) == b"onnxruntime_web_wasm"
    assert inside(page, "runtime") == b"onnxruntime_web"


def test_no_address_leads_out_of_it_and_its_policy_forbids_every_request(runtime):
    page = demo.page(sample(), b"")
    assert asked(Parsed(page)) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'")
    assert "connect-src 'none'" in policy
    assert "unsafe-inline" not in re.search("script-src[^;]*", policy)[0]


def test_a_name_is_only_a_name(runtime):
    tags = [tag for tag, _ in Parsed(demo.page(sample(), b"")).tags]
    result = sample(NASTY)
    nasty = demo.page(replace(result, looked=replace(result.looked, folder=NASTY[1])), b"")
    assert [tag for tag, _ in Parsed(nasty).tags] == tags
    about = re.search(r'id="about">([^<]*)</script>', nasty)[1]
    assert json.loads(about)["classes"][0] == NASTY[0]


def test_it_says_how_good_it_is(runtime):
    text = Parsed(demo.page(sample(), b"")).text
    assert f"How good: {sample().accuracy}" in text
    assert "What it lets in: 30.0 %" in text


def test_the_same_build_gives_the_same_page(runtime):
    assert demo.page(sample(), b"the network") == demo.page(sample(), b"the network")


def test_without_the_network_it_says_which_file_it_wants(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"wants model\.onnx"):
        demo.write(built_of(sample(), tmp_path))


def test_without_the_runtime_one_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    (tmp_path / "model.onnx").write_bytes(b"network")
    with pytest.raises(DataError, match="course fetch onnxruntime_web"):
        demo.write(built_of(sample(), tmp_path))
    assert not (tmp_path / "demo.html").exists()


@pytest.mark.parametrize("name", ["onnxruntime_web", "onnxruntime_web_wasm"])
def test_the_runtime_is_verified_and_another_one_is_refused(tmp_path, monkeypatch, name):
    entry = data.registry.entry(name, "runtime")
    real = Path(os.environ.get("COURSE_MIRROR", "nowhere")) / entry.mirror
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    if real.is_file():
        assert data.runtime_file(name) == real
        assert real.stat().st_size == entry.bytes
    other = tmp_path / entry.mirror
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another one")
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    with pytest.raises(DataError, match="wrong sha256"):
        data.runtime_file(name)
