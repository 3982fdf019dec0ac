"""The classroom's files say what they have to: limits, a shared folder for reading only, and nobody's secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config, LazyConfigValue

ROOT = Path(__file__).resolve().parents[2]
CLASSROOM = ROOT / "classroom"
FILES = sorted(path for path in CLASSROOM.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
# Of Zero to JupyterHub's values.schema.yaml (2023 and newer), where it takes no other keys: the parts that we use.
# None: anything goes. "*": names of our own.
SCHEMA = {
    "singleuser": {
        "image": dict.fromkeys(("name", "tag", "pullPolicy", "pullSecrets")),
        "memory": dict.fromkeys(("guarantee", "limit")),
        "cpu": dict.fromkeys(("guarantee", "limit")),
        "storage": dict.fromkeys(
            ("type", "homeMountPath", "capacity", "extraVolumes", "extraVolumeMounts", "dynamic", "static")
        ),
        "lifecycleHooks": {"postStart": None, "preStop": None},
        "extraFiles": {"*": dict.fromkeys(("mountPath", "data", "stringData", "binaryData", "mode"))},
        **dict.fromkeys(("defaultUrl", "startTimeout", "extraEnv", "cmd", "networkPolicy", "uid", "fsGid")),
    },
    "cull": dict.fromkeys(
        ("enabled", "users", "adminUsers", "removeNamedServers", "timeout", "every", "concurrency", "maxAge")
    ),
    "hub": dict.fromkeys(("config", "concurrentSpawnLimit", "extraConfig", "extraFiles")),
    **dict.fromkeys(("proxy", "scheduling", "prePuller", "ingress", "custom", "debug", "rbac", "global")),
}  # fmt: skip


def littlest() -> dict:
    return yaml.safe_load((CLASSROOM / "tljh/config.yaml").read_text(encoding="utf-8"))


def values() -> dict:
    return yaml.safe_load((CLASSROOM / "z2jh/values.yaml").read_text(encoding="utf-8"))


def configured(path: Path) -> Config:
    """What a JupyterHub configuration sets, without a JupyterHub."""
    config = Config()
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), {"get_config": lambda: config})
    return config


def course() -> Config:
    return configured(CLASSROOM / "tljh/jupyterhub_config.d/course.py")


def gigabytes(size: str) -> float:
    assert re.fullmatch(r"\d+(\.\d+)?G", size), f"{size}: wanted a number and G, which both hubs read"
    return float(size[:-1]) * 2**30 / 1e9


def peak() -> float:
    notes = json.loads((ROOT / "evidence/lesson_memory.json").read_text(encoding="utf-8"))
    return max(lesson["peak_gb"] for lesson in notes.values())


def unknown_keys(given: dict, schema: dict | None, place: str = "") -> list[str]:
    if schema is None or not isinstance(given, dict):
        return []
    found = []
    for key, value in given.items():
        if key in schema or "*" in schema:
            found += unknown_keys(value, schema.get(key, schema.get("*")), f"{place}{key}.")
        else:
            found.append(f"{place}{key}")
    return found


# --- one server ---


def test_one_server_gives_each_learner_room_for_the_largest_lesson():
    limits = littlest()["limits"]
    assert gigabytes(limits["memory"]) > 1.2 * peak()
    assert limits["cpu"] >= 1


def test_one_server_ends_what_is_idle_and_keeps_the_accounts():
    cull = littlest()["services"]["cull"]
    assert cull["enabled"]
    assert cull["timeout"] >= 1800  # people read, and have breaks
    assert cull["users"] is False


def test_one_server_shares_a_folder_that_is_for_reading_only():
    environment = course().Spawner.environment.get_value({})
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["COURSE_DATA"] in course().SystemdSpawner.readonly_paths


def test_the_kernels_of_one_server_need_no_ports():
    assert "--KernelManager.transport=ipc" in course().Spawner.args.get_value([])
    folder = course().Spawner.environment.get_value({})["JUPYTER_RUNTIME_DIR"]
    # What jupyter_client makes of it; Linux takes 107 characters.
    assert len(f"{folder}/kernel-00000000-0000-0000-0000-000000000000-ipc-1") < 108
    assert not folder.startswith("/tmp") or course().SystemdSpawner.isolate_tmp


def test_what_is_added_leaves_what_others_have_set():
    """The file is one of many in a folder: it adds to dictionaries and lists, and does not replace them."""
    environment, arguments = course().Spawner.environment, course().Spawner.args
    assert isinstance(environment, LazyConfigValue)
    assert environment.get_value({"THEIRS": "1"})["THEIRS"] == "1"
    assert arguments.get_value(["--theirs"])[0] == "--theirs"


def test_resting_kernels_are_ended_on_both_hubs_after_the_same_time():
    given = course().Spawner.args.get_value([])
    arguments = dict(word.lstrip("-").split("=") for word in given if "cull" in word)
    cluster = values()["singleuser"]["extraFiles"]["kernels"]["data"]["MappingKernelManager"]
    assert {f"MappingKernelManager.{name}": str(value) for name, value in cluster.items()} == arguments


def test_every_option_exists_in_jupyterhub():
    reason = "jupyterhub is not among the course's requirements; the rehearsal's own environment has it"
    spawner = pytest.importorskip("jupyterhub.spawner", reason=reason)
    known = {"Spawner": spawner.Spawner, "JupyterHub": pytest.importorskip("jupyterhub.app").JupyterHub}
    if systemd := pytest.importorskip("systemdspawner", reason="The Littlest JupyterHub brings systemdspawner"):
        known["SystemdSpawner"] = systemd.SystemdSpawner
    for name, options in course().items():
        assert set(options) <= set(known[name].class_trait_names(config=True)), name


def test_every_option_of_a_server_exists_there():
    from jupyter_client import KernelManager
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

    known = {
        manager.__name__: manager.class_trait_names(config=True) for manager in (KernelManager, MappingKernelManager)
    }
    for word in course().Spawner.args.get_value([]):
        name, option = word.lstrip("-").split("=")[0].split(".")
        assert option in known[name]


# --- a cluster ---


def test_a_cluster_gets_keys_that_the_chart_knows():
    assert unknown_keys(values(), SCHEMA) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"singleusers": {}}, "singleusers"),
        ({"singleuser": {"memory": {"limits": "4G"}}}, "singleuser.memory.limits"),
        ({"singleuser": {"extraFiles": {"ours": {"path": "/"}}}}, "singleuser.extraFiles.ours.path"),
    ],
)
def test_a_key_that_the_chart_does_not_know_is_found(wrong, told):
    assert unknown_keys(wrong, SCHEMA) == [told]


def test_a_cluster_gives_each_learner_what_one_server_gives():
    one, cluster = littlest()["limits"], values()["singleuser"]
    assert cluster["memory"]["limit"] == one["memory"]
    assert cluster["cpu"]["limit"] == one["cpu"]
    assert gigabytes(cluster["memory"]["guarantee"]) < gigabytes(cluster["memory"]["limit"])
    given = {name: str(value) for name, value in course().Spawner.environment.get_value({}).items()}
    del given["JUPYTER_RUNTIME_DIR"]  # a pod has a /tmp and ports of its own
    assert given.items() <= cluster["extraEnv"].items()
    assert values()["cull"] == littlest()["services"]["cull"]


def test_a_cluster_mounts_the_shared_folder_for_reading_only():
    singleuser = values()["singleuser"]
    (volume,), (mount,) = singleuser["storage"]["extraVolumes"], singleuser["storage"]["extraVolumeMounts"]
    assert volume["persistentVolumeClaim"]["readOnly"] is True
    assert mount["readOnly"] is True
    assert mount["mountPath"] == singleuser["extraEnv"]["COURSE_DATA"]
    assert mount["name"] == volume["name"]
    claim, job = yaml.safe_load_all((CLASSROOM / "z2jh/data.yaml").read_text(encoding="utf-8"))
    assert claim["metadata"]["name"] == volume["persistentVolumeClaim"]["claimName"]
    assert job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] == mount["mountPath"]


def test_a_cluster_pulls_into_the_folder_of_the_classs_link():
    from urllib.parse import parse_qs, urlsplit

    from course_lib.cli import links

    link = parse_qs(urlsplit(links.checked("someone/course").classroom("https://hub.example")).query)
    (command,) = values()["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"][2:]
    assert '"${COURSE_REPOSITORY#*/}"' in command  # the part behind the slash, and nbgitpuller's own choice
    assert link["urlpath"][0].startswith("lab/tree/course/")
    assert "||" in command  # a hook that fails would end the server


# --- both ---


def test_one_image_and_one_name_for_it():
    image = values()["singleuser"]["image"]
    named = f"{image['name']}:{image['tag']}"
    assert named in (CLASSROOM / "z2jh/data.yaml").read_text(encoding="utf-8")
    assert f"-t {named} " in (CLASSROOM / "z2jh/Dockerfile").read_text(encoding="utf-8")


SECRET = re.compile(
    r"""(?:token|secret|password|passwd|api_key)\w*["']?\s*[:=]\s*["']?[A-Za-z0-9+/_-]{8,}["']?\s*$""", re.I
)
PLACE = re.compile(
    r"/(?:root|work|tmp(?!/jupyter\b)|Users)/|https?://(?!127\.0\.0\.1|github\.com/|hub\b|(?:tljh|z2jh)\.jupyter\.org)\w"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CLASSROOM)))
def test_no_secret_and_no_place_of_one_machine(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not SECRET.search(line), f"{path.name}:{number}"
        assert not PLACE.search(line), f"{path.name}:{number}"


@pytest.mark.parametrize(
    "line", ["secretToken: 0123456789abcdef", "c.X.api_token = 'abcdefgh1234'", "PASSWORD=opensesame"]
)
def test_a_secret_is_found(line):
    assert SECRET.search(line)


def test_readme_names_only_what_is_there():
    told = (CLASSROOM / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(classroom/[\w./]+)`", told)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
