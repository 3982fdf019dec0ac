import errno
import hashlib
import multiprocessing
import random

import pytest

from course_lib.data import DataError, download
from course_lib.data.registry import Address, Entry
from tests.data.server import Behaviour, serving

BODY = random.Random(0).randbytes(300_000)
SHA = "sha256:" + hashlib.sha256(BODY).hexdigest()


def accept(_):
    return ""


def entry(*addresses: Address) -> Entry:
    return Entry("demo", "weights", "Demo", "demo.zip", addresses, len(BODY), "MIT", "")


def get(url, target, digest=SHA, check=accept):
    return download.download(Address(url, digest), target, check=check, title="demo", expected_bytes=len(BODY))


def test_a_download_is_whole_and_leaves_no_part(tmp_path):
    with serving(Behaviour(BODY)) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY
    assert {p.suffix for p in tmp_path.iterdir()} <= {".zip", ".lock"}


def test_a_broken_connection_is_taken_up_where_it_broke(tmp_path):
    behaviour = Behaviour(BODY, break_after=70_000)
    with serving(behaviour) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY
    assert behaviour.requests[0] == ""
    starts = [int(r[6:-1]) for r in behaviour.requests[1:]]
    assert len(starts) >= 4
    assert starts == sorted(starts)


def test_a_part_of_an_earlier_session_is_taken_up(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(BODY[:100_000])
    behaviour = Behaviour(BODY)
    with serving(behaviour) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY
    assert behaviour.requests == ["bytes=100000-"]


def test_a_complete_part_is_taken_as_it_is(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(BODY)
    with serving(Behaviour(BODY)) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY


def test_a_stale_part_is_thrown_away_and_loaded_anew(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"x" * 100_000)
    with serving(Behaviour(BODY)) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY


def test_a_server_without_ranges_sends_all_again(tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"x" * 1000)
    with serving(Behaviour(BODY, ranges=False)) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (Behaviour(b"<!DOCTYPE html><p>Log in", content_type="text/html"), "web page"),
        (Behaviour(b"<!DOCTYPE html><p>Log in"), "web page"),
        (Behaviour(BODY[:-1] + b"?"), "wrong sha256.*expected"),
        (Behaviour(BODY * 3), "twice the expected size"),
        (Behaviour(BODY, status=404), "404"),
        (Behaviour(BODY, status=503), "503"),
    ],
)
def test_a_lying_server_gives_one_clear_error_and_nothing_is_left(tmp_path, behaviour, message):
    with serving(behaviour) as url, pytest.raises(DataError, match=message):
        get(url, tmp_path / "a.zip")
    assert {p.suffix for p in tmp_path.iterdir()} <= {".lock"}


def test_what_the_check_says_is_part_of_the_error(tmp_path):
    with serving(Behaviour(BODY)) as url, pytest.raises(DataError, match="other pictures"):
        get(url, tmp_path / "a.zip", check=lambda _: "holds other pictures")
    assert not (tmp_path / "a.zip").exists()


def test_nobody_listening_fails_at_once(tmp_path):
    with serving(Behaviour(BODY)) as url:
        pass
    with pytest.raises(DataError, match="cannot be reached"):
        get(url, tmp_path / "a.zip")


def test_the_next_address_is_tried(empty_machine, monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE")
    with serving(Behaviour(BODY, status=404)) as broken, serving(Behaviour(BODY)) as good:
        path = download.locate(entry(Address(broken), Address(good, SHA)), accept)
    assert path == empty_machine / "downloads" / "demo.zip"
    assert path.read_bytes() == BODY


def test_cache_before_mirror_before_net(empty_machine, monkeypatch, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "demo.zip").write_bytes(BODY)
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    assert download.locate(entry(), accept) == mirror / "demo.zip"
    kept = empty_machine / "downloads" / "demo.zip"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(BODY)
    assert download.locate(entry(), accept) == kept


def test_the_error_lists_all_that_was_tried(empty_machine, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(DataError) as caught:
        download.locate(entry(Address("http://example.invalid/a")), accept)
    for part in ("downloads", "mirror", "COURSE_OFFLINE", "course fetch demo", "COURSE_MIRROR"):
        assert part in str(caught.value)


def test_a_read_only_or_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match="COURSE_DATA"):
        get("http://127.0.0.1:9/x", blocked / "a.zip")  # a folder below a file cannot be made

    def no_space(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_one_connection", no_space)
    with pytest.raises(DataError, match="No space left"):
        get("http://127.0.0.1:9/x", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def _get_in_another_process(url, target):
    get(url, target)


def test_two_kernels_at_once_leave_one_whole_file(tmp_path):
    with serving(Behaviour(BODY, break_after=100_000)) as url:
        spawn = multiprocessing.get_context("fork")
        both = [spawn.Process(target=_get_in_another_process, args=(url, tmp_path / "a.zip")) for _ in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert (tmp_path / "a.zip").read_bytes() == BODY


@pytest.mark.parametrize("kind", ["cut", "empty", "folder"])
def test_a_kept_file_that_is_broken_is_set_aside_and_fetched_again(empty_machine, monkeypatch, kind):
    monkeypatch.delenv("COURSE_OFFLINE")
    kept = empty_machine / "downloads" / "demo.zip"
    kept.parent.mkdir(parents=True)
    if kind == "folder":
        kept.mkdir()
    else:
        kept.write_bytes(BODY[:1000] if kind == "cut" else b"")
    with serving(Behaviour(BODY)) as url, pytest.warns(UserWarning, match="demo.zip is broken: .* made again"):
        found = download.locate(entry(Address(url, SHA)), lambda path: download.wrong_digest(path, SHA))
    assert found == kept
    assert found.read_bytes() == BODY
    assert kept.with_name("demo.zip.aside").exists()


def test_a_folder_in_place_of_the_part_is_no_hindrance(tmp_path):
    (tmp_path / "a.zip.part").mkdir()
    with serving(Behaviour(BODY)) as url:
        assert get(url, tmp_path / "a.zip").read_bytes() == BODY
