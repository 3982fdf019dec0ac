"""Measure how much memory each lesson's kernel takes at its highest, and note it in evidence/lesson_memory.json.

    python tools/memory.py          every lesson
    python tools/memory.py 00 01a   these two; 01 stands for all of chapter 1

A hosted notebook has 12 GB; tests/lessons/test_memory.py holds the lessons below that. The stored notebooks are run as
they are, and not changed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from course_lib.practice import notebooks

LESSONS = Path(__file__).resolve().parents[1] / "lessons"
NOTES = LESSONS.parent / "evidence" / "lesson_memory.json"
# Runs in the kernel; no lesson starts other processes. On Linux getrusage would do for a kernel what it does for
# every child: begin with the size of the process that started it.
PEAK = """
import pathlib, re, resource, sys
if sys.platform == "linux":
    print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(notebook: Path) -> int:
    """Bytes: the kernel's memory at its highest."""
    lesson = nbformat.read(notebook, as_version=4)
    lesson.cells.append(new_code_cell(PEAK))
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    resources = {"metadata": {"path": str(notebook.parent)}}
    NotebookClient(lesson, timeout=900, kernel_name="python3", resources=resources).execute()
    return int(lesson.cells[-1].outputs[0].text)


def note(known: dict, code: str, size: int, device: str, source: str) -> dict:
    """`known` with the lesson `code`, in order."""
    found = {"peak_gb": round(size / 1e9, 2), "device": device, "source": source}
    return dict(sorted((known | {code: found}).items()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="NN", help="codes or chapters; all lessons where none is given")
    there = notebooks.files(LESSONS)
    try:
        chosen = notebooks.chosen(there, parser.parse_args(arguments).lessons)
    except ValueError as error:
        parser.error(str(error))

    import torch

    from course_lib import data, training

    device = training.device_name(torch.device("cpu"))
    source = "real" if data.available("eurosat") else "stand-in"
    for path in chosen:
        code, size = notebooks.code(path), peak(path)
        known = json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.is_file() else {}
        known = {other: found for other, found in known.items() if other in set(map(notebooks.code, there))}
        known = note(known, code, size, device, source)
        print(f"{code}: {known[code]['peak_gb']} GB", flush=True)
        NOTES.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
