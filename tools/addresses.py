"""`make links`: asks every address that the course's texts lead to whether it still answers.

    python -m tools.addresses

A page that says no to machines (401, 403, 429) is there; one that is gone (404, 410), or a host that is, is a fault.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ("*.md", "datasets/*.md", "datasets/registry.toml", "classroom/*.md", "lessons/src/*.py")
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\{}]+")
_EXAMPLE = re.compile(r"//(?:localhost|127\.|[\w.-]*(?:\.invalid|example\.\w+)\b)")
REFUSED = {401, 403, 405, 429}  # there, and not for machines
TRIES, TIMEOUT_S = 2, 20


def addresses(text: str) -> set[str]:
    """Those in a text, without the marks behind them.

    >>> sorted(addresses("See (https://a.org/b_(c)), https://d.org/e. And http://localhost:8888"))
    ['https://a.org/b_(c)', 'https://d.org/e']
    """
    return {_trimmed(found) for found in _ADDRESS.findall(text) if not _EXAMPLE.search(found)}


def _trimmed(address: str) -> str:
    """Without the full stop of its sentence, or the bracket that was opened before it."""
    while address[-1] in ".,;:!?*_]|" or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return address


def fault(address: str) -> str:
    """Why nobody gets there, or ""."""
    reason = ""
    for _ in range(TRIES):
        try:
            # Not HEAD, which many refuse; nothing of the body is read.
            with requests.get(address, stream=True, timeout=TIMEOUT_S, headers={"User-Agent": "links"}) as answer:
                if answer.ok or answer.status_code in REFUSED:
                    return ""
                reason = f"{answer.status_code} {answer.reason}"
        except requests.RequestException as error:
            reason = type(error).__name__
    return reason


def texts(root: Path = ROOT) -> dict[str, set[str]]:
    """Address → the files that lead there."""
    places: dict[str, set[str]] = {}
    for path in sorted({path for pattern in TEXTS for path in root.glob(pattern)}):
        for address in addresses(path.read_text(encoding="utf-8")):
            places.setdefault(address, set()).add(str(path.relative_to(root)))
    return places


def main(places: dict[str, Iterable[str]]) -> int:
    """Print each dead address with the files that lead to it; 1 where there is one."""
    with ThreadPoolExecutor(8) as pool:
        reasons = dict(zip(places, pool.map(fault, places), strict=True))
    dead = {address: reason for address, reason in reasons.items() if reason}
    for address, reason in dead.items():
        print(f"{address}: {reason} (in {', '.join(sorted(places[address]))})")
    print(f"{len(places)} addresses, {len(dead)} dead")
    return int(bool(dead))


if __name__ == "__main__":
    sys.exit(main(texts()))
