"""A pickle that leaves a mark when it is opened, planted wherever a file is read; archives that climb out."""

from __future__ import annotations

import ast
import contextlib
import io
import pickle
import stat
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import course_lib
from course_lib import classify, data, features, models
from course_lib.classify import storing
from course_lib.classify.result import Result
from course_lib.data import archive, download
from course_lib.training import checkpoint
from tests.data.test_archive import FILES, jpeg
from tests.faults import bad_files
from tests.faults.kills import two_greys
from tests.faults.tally import Tally, files, surely


class Bomb:
    """Opened by pickle, it makes the file `mark`."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple:
        return Path.touch, (self.mark,)


def forms(mark: Path) -> dict[str, bytes]:
    """The bomb as each of the formats that may hold a pickle."""
    objects, zipped, old = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
    torch.save({"run": {}, "bomb": Bomb(mark)}, zipped)
    torch.save(Bomb(mark), old, _use_new_zipfile_serialization=False)
    return {
        "pickle": pickle.dumps(Bomb(mark)),
        "old pickle": pickle.dumps(Bomb(mark), protocol=0),
        "npy of objects": objects.getvalue(),
        "torch": zipped.getvalue(),
        "old torch": old.getvalue(),
    }


# Who reads the file at `path`.
LOADERS: dict[str, Callable[[Path], object]] = {
    "models.load": models.load,
    "fit's checkpoint": lambda path: checkpoint.read(path, torch.device("cpu")),
    "evidence.runs": bad_files.evidenced,
    "progress": bad_files.progressed,
    "a summary": Result.open,
    "read_picture": data.read_picture,
    "from_wav": data.spectrograms.from_wav,
    "an archive": lambda path: archive.fault_in(path, bad_files.toy()),
    "HDF5 weights": bad_files.hdf5_fault,
    "between_sessions": data.between_sessions,
    "features' cache": lambda path: cached_features(path.read_bytes()),
    "the set's cache": lambda path: cached_set(path.read_bytes()),
    "classify.load": lambda path: cached_classifier(path.read_bytes()),
    "a download's check": lambda path: download.wrong_digest(path, f"sha256:{'0' * 64}"),
}
ENDINGS = {"models.load": ".safetensors", "evidence.runs": ".jsonl", "read_picture": ".png", "from_wav": ".wav"}


def run() -> Tally:
    tally = Tally("security", "no pickle is opened, no archive climbs out, no text is run")
    for loader, read in LOADERS.items():
        with tempfile.TemporaryDirectory() as folder:
            mark = Path(folder, "mark")
            for form, content in forms(mark).items():
                with surely(tally, f"{form} for {loader}"):
                    planted(read, Path(folder, "planted" + ENDINGS.get(loader, "")), content)
                    assert not mark.exists(), "it was opened"
    with surely(tally, "the bombs are live"):
        live()
    for what in (zip_climbs, tar_climbs):
        for name in CLIMBING:
            with surely(tally, f"{what.__name__}, {name!r}"):
                what(name)
    with surely(tally, "no function that runs what it reads is named in the library"):
        assert list(running()) == []
    return tally


def planted(read: Callable[[Path], object], path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with (
        warnings.catch_warnings(),
        contextlib.suppress(Exception),  # that it is refused in words is what bad_files looks at
        mock.patch.dict("os.environ", COURSE_DATA=str(path.parent / "data"), COURSE_OFFLINE="1"),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        read(path)


def live() -> None:
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder, "mark")
        pickle.loads(forms(mark)["pickle"])
        assert mark.exists()


def cached_features(content: bytes) -> None:
    small = two_greys().subset(20)
    backbone = models.backbone("texture_net")
    first = features.extract(backbone, small, size=64, progress=False)
    (file,) = (data.places.data_dir() / "cache" / "features").glob("*.npy")
    file.write_bytes(content)
    assert (features.extract(backbone, small, size=64, progress=False) == first).all()


def cached_set(content: bytes) -> None:
    folder = archive.cache_dir(bad_files.toy())
    folder.mkdir(parents=True)
    for name in ("images.npy", "labels.npy"):
        (folder / name).write_bytes(content)
    (folder / "set.json").write_text('{"classes": ["a", "b"], "names": []}')
    assert archive.open_cache(bad_files.toy()) is None


def cached_classifier(content: bytes) -> None:
    folder = Path(data.places.data_dir())
    folder.mkdir(parents=True, exist_ok=True)
    for name in (storing.WEIGHTS, storing.BANK):
        (folder / name).write_bytes(content)
    from dataclasses import replace

    from tests.classify.sample import sample

    made = sample()
    replace(made, model=replace(made.model, digest=storing.digest(folder))).save(folder / storing.SUMMARY)
    classify.load(folder)


CLIMBING = ("../out.jpg", "a/../../out.jpg", "/out.jpg", "..\\out.jpg", "C:\\out.jpg", "link/out.jpg")


def zip_climbs(name: str) -> None:
    """Pictures of an archive are decoded into one array; no file of it is ever written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "inside", "toy.zip")
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w") as file:
            if name.startswith("link"):
                link = zipfile.ZipInfo("link")
                link.external_attr = (stat.S_IFLNK | 0o777) << 16
                file.writestr(link, "..")
            for known, content in FILES.items():
                file.writestr(known, content)
            file.writestr(name, jpeg(1))
        before = files(Path(folder))
        assert archive.fault_in(path, bad_files.toy()) != ""
        assert files(Path(folder)) == before


def tar_climbs(name: str) -> None:
    """`between_sessions` unpacks; whatever is refused, nothing lands outside the data folder."""
    with tempfile.TemporaryDirectory() as folder:
        path, place = Path(folder, "kept.tar"), Path(folder, "deep", "data")
        with tarfile.open(path, "w") as file:
            if name.startswith("link"):
                link = tarfile.TarInfo("link")
                link.type, link.linkname = tarfile.SYMTYPE, "../../.."
                file.addfile(link)
            member = tarfile.TarInfo(name)
            member.size = 3
            file.addfile(member, io.BytesIO(b"out"))
        with mock.patch.dict("os.environ", COURSE_DATA=str(place)), contextlib.suppress(data.DataError):
            data.between_sessions(path)
        outside = {file for file in files(Path(folder)) if not file.startswith("deep/data/")}
        assert outside == {"kept.tar"}, f"{outside}"
        assert not Path("/out.jpg").exists()


RUNS = {"eval", "exec", "pickle", "cPickle", "dill", "marshal", "shelve", "allow_pickle", "weights_only"}


def running(root: Path = Path(course_lib.__file__).parent) -> Iterator[str]:
    """Each place below `root` that names something which runs what it reads, but to forbid it."""
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            what = ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNS:
                what = node.func.id
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                what = ", ".join(sorted(names & RUNS, key=str))
            elif isinstance(node, ast.keyword) and node.arg in RUNS:
                safe = {"allow_pickle": False, "weights_only": True}[node.arg]
                what = "" if isinstance(node.value, ast.Constant) and node.value.value is safe else node.arg
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "joblib.load"):
                given = {word.arg for word in node.keywords}
                what = "" if "weights_only" in given else ast.unparse(node.func)
            if what:
                yield f"{path.relative_to(root)}:{node.lineno if hasattr(node, 'lineno') else 0}: {what}"
