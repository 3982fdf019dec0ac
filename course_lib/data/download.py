"""One verified file on this machine's disk, from the mirror or a public address.

A download goes to `<name>.part`, is verified, and is renamed: a file under its own name is whole.
A connection that breaks is taken up where it broke (HTTP range requests, RFC 9110 section 14).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import urllib3
from tqdm import tqdm

from . import places
from .registry import Address, DataError, Entry

if TYPE_CHECKING:
    import requests

Check = Callable[[Path], str]
"""Looks into a file and returns what is wrong with it, or "" if nothing is."""

TIMEOUT_S = (5, 30)  # to connect; between two packets
TRIES = 5  # in a row without a single new byte


def locate(entry: Entry, check: Check, *, online: bool = True) -> Path:
    """The path of `entry`'s file: downloaded before, on the mirror, or downloaded now (where `online` allows it).

    A kept download that is broken is set aside with a warning once a good file is found, wherever that is.

    Raises:
        DataError: none of the places has a file that passes `check`; lists each and why.
    """
    kept = places.data_dir() / "downloads" / entry.file_name
    tried = []
    for path in filter(None, (kept, on_mirror(entry))):
        if fault := _fault(path, check):
            tried.append(f"{path}: {fault}")
        else:
            if online and path != kept:
                _make_room(kept, check)
            return path
    if places.offline() or not online:
        reason = "COURSE_OFFLINE is set" if places.offline() else "not asked, this is about what is here"
        raise DataError(_nowhere(entry, [*tried, f"public addresses: {reason}"]))
    for address in entry.addresses:
        try:
            return download(address, kept, check=check, title=entry.title, expected_bytes=entry.bytes)
        except DataError as error:
            tried.append(str(error))
    raise DataError(_nowhere(entry, tried))


def on_mirror(entry: Entry) -> Path | None:
    """Where `entry` would lie on the mirror; None without a mirror."""
    mirror = places.mirror_dir()
    return mirror / entry.mirror if mirror else None


def download(address: Address, target: Path, *, check: Check, title: str, expected_bytes: int = 0) -> Path:
    """Download one address to `target`; nothing appears under that name until it is verified.

    A part that was left by an earlier call is taken up. If the whole then fails its check, the part may
    have been stale, so that the download is tried once more from the first byte.

    Raises:
        DataError: unreachable, not what was promised, or no room on the disk.
    """
    part = target.with_name(target.name + ".part")
    with writing(target):
        if target.is_file() and not check(target):
            return target  # another kernel was faster
        if not part.is_file():
            places.remove(part)  # a folder or a link, which nothing can be appended to
        resumed = part.exists()
        fault = _whole_part(address, part, title, expected_bytes, check)
        if fault and resumed:
            fault = _whole_part(address, part, title, expected_bytes, check)
        if fault:
            raise DataError(f"{address.url}: {fault}")
        _make_room(target, check)
        part.replace(target)
    return target


def _fault(path: Path, check: Check) -> str:
    """Why what is at `path` is not used, or ""."""
    if path.is_file():
        return check(path)
    return "no file" if os.path.lexists(path) else "not there"


def _make_room(kept: Path, check: Check) -> None:
    """Set aside what stands at `kept` and is not what it should be; where it cannot be moved, it stays."""
    if os.path.lexists(kept) and (fault := _fault(kept, check)):
        with contextlib.suppress(OSError):
            places.set_aside(kept, fault, stacklevel=4)


def _whole_part(address: Address, part: Path, title: str, expected_bytes: int, check: Check) -> str:
    """Fill `part` from `address`; what is wrong with it, or "". A part that is wrong is removed."""
    _transfer(address.url, part, title, expected_bytes)
    fault = wrong_digest(part, address.digest) or check(part)
    if fault:
        part.unlink()
    return fault


def _transfer(url: str, part: Path, title: str, expected_bytes: int) -> None:
    """Append to `part` until the server says that it is complete, through broken connections."""

    import requests

    idle = 0
    with tqdm(total=expected_bytes or None, unit="B", unit_scale=True, desc=title, leave=False) as bar:
        while True:
            before = part.stat().st_size if part.exists() else 0
            try:
                if _one_connection(url, part, bar, limit=2 * expected_bytes):
                    return
                reason = "the connection broke off"
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                reason = _short(error)
            moved = part.exists() and part.stat().st_size > before
            idle = 0 if moved else idle + 1
            # An address that never answered will not answer a second later; one that sent bytes may.
            if idle and (idle >= TRIES or not part.exists()):
                raise DataError(f"{url}: {reason}")
            time.sleep(min(0.1 * 2**idle, 2) if idle else 0)


def _one_connection(url: str, part: Path, bar: tqdm, *, limit: int) -> bool:
    """Read one response into `part`; True when the file is complete."""

    import requests

    have = part.stat().st_size if part.exists() else 0
    # "identity": a compressed response would make byte positions meaningless.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        if response.status_code == 416:  # nothing after `have`: complete, or a stale part
            return True
        response.raise_for_status()
        _refuse_web_page(url, response)
        if response.status_code != 206 or not _starts_at(response, have):
            have = 0  # the server sends the whole file again
        total = have + int(response.headers.get("Content-Length", 0))
        bar.total, bar.n = total or bar.total, have
        with part.open("ab" if have else "wb") as file:
            # read1 hands over what has arrived; `iter_content` would lose the last chunk of a broken connection.
            while chunk := response.raw.read1(1 << 18):
                file.write(chunk)
                have += len(chunk)
                bar.update(len(chunk))
                if limit and have > limit:
                    break
    if limit and have > limit:
        part.unlink()
        raise DataError(f"{url}: sends more than twice the expected size; stopped after {have:,} bytes")
    return not response.headers.get("Content-Length") or have >= total


def _starts_at(response: requests.Response, position: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {position}-")


def _refuse_web_page(url: str, response: requests.Response) -> None:
    if "html" in response.headers.get("Content-Type", ""):
        raise DataError(
            f"{url}: got a web page instead of the file. A login page or a proxy may stand in between: "
            "open the address in a browser, or put the file into the folder that COURSE_MIRROR names."
        )


def wrong_digest(path: Path, expected: str) -> str:
    """What is wrong with a file of which "sha256:…" or "md5:…" is expected ("" expects nothing)."""
    if not expected:
        return ""
    kind, _, digest = expected.partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    if found.startswith(digest):
        return ""
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    page = " It is a web page." if start.startswith((b"<!doctype", b"<html")) else ""
    return f"wrong {kind}: got {found[: len(digest)]}, expected {digest}, in {path.stat().st_size:,} bytes.{page}"


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Hold the lock on `target` while it is made; turn a full or read-only disk into a DataError.

    A second kernel waits here, and says so; the caller looks again whether `target` is there by then.
    """

    import requests

    lock = filelock.FileLock(target.with_name(target.name + ".lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            print(f"Another kernel is preparing {target.name}; waiting for it.", file=sys.stderr)
            lock.acquire()
        yield
    except OSError as error:
        if isinstance(error, requests.RequestException):
            raise
        raise DataError(
            f"cannot write {target}: {error.strerror or error}. Free some space, or name a folder "
            "that you can write to in COURSE_DATA."
        ) from error
    finally:
        lock.release()


def _short(error: Exception) -> str:
    """A connection error in one line; urllib3's own is a paragraph."""

    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "cannot be reached" if isinstance(error, requests.ConnectionError) else str(error)


def _nowhere(entry: Entry, tried: list[str]) -> str:
    steps = "\n".join(f"  - {step}" for step in tried)
    return (
        f"{entry.title} is not on this machine and could not be fetched. Tried:\n{steps}\n"
        f"Connect to the internet and run `course fetch {entry.name}`, or put {entry.mirror} into a folder "
        "and name that folder in COURSE_MIRROR."
    )
