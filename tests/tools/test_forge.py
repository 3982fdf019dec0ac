"""What a forge runs and shows: workflows that call only what is run here, with no more rights than they need."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE))
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Rights to write, and the one workflow that has each.
WRITES = {
    "weekly": {"issues"},
    "book": {"pages", "id-token"},
    "release": {"contents", "id-token", "attestations"},
}
# Steps that are no target of make: a tool that `make pins` asks for, the zip of the book, GitHub's own command.
BESIDE_MAKE = re.compile(r"python -m pip install uv$|mv book/_build/html |gh release create |title=")
WINDOWS = re.compile(r"(?:python|\.venv\\Scripts\\python) -m (?:venv|pip|ruff|mypy|pytest) ?")


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def faults(workflow: dict, name: str) -> list[str]:
    """What is wrong with a workflow, in words."""
    wrong = [] if workflow.get("permissions") == {} else ["permissions at the top are not {}"]
    for job, content in workflow["jobs"].items():
        rights = content.get("permissions")
        if not isinstance(rights, dict):
            wrong.append(f"{job} does not say its permissions")
            continue
        written = {right for right, how in rights.items() if how != "read"}
        wrong += [f"{job} may write {right}" for right in sorted(written - WRITES.get(name, set()))]
        if "timeout-minutes" not in content:
            wrong.append(f"{job} may run for hours")
        for step in content["steps"]:
            wrong += [f"{job}: {fault}" for fault in step_faults(step, windows="windows" in content["runs-on"])]
    return wrong


def step_faults(step: dict, *, windows: bool) -> list[str]:
    uses, run = step.get("uses", ""), step.get("run", "")
    wrong = []
    if uses and not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses):
        wrong.append(f"{uses} is not pinned by the hash of its commit")
    if "actions/checkout" in uses and step.get("with", {}).get("persist-credentials") is not False:
        wrong.append("the checkout keeps a token in its folder")
    if "${{" in run:
        wrong.append(f"a value is pasted into a script: {run}")
    called = set(re.findall(r"\bmake ([a-z-]+)", run))
    wrong += [f"make {target}: there is no such target" for target in sorted(called - TARGETS)]
    if run and not called and not (WINDOWS if windows else BESIDE_MAKE).match(run):
        wrong.append(f"not a call of make: {run}")
    return wrong


def parsed(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_workflows_are_those_that_the_guide_knows():
    assert [path.stem for path in WORKFLOWS] == ["book", "check", "lessons", "release", "weekly"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_calls_make_and_has_no_right_too_many(path):
    assert faults(parsed(path), path.stem) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda w: w.pop("permissions"), "permissions at the top"),
        (lambda w: w["jobs"]["unix"].pop("permissions"), "does not say its permissions"),
        (lambda w: w["jobs"]["unix"]["permissions"].update(contents="write"), "may write contents"),
        (lambda w: w["jobs"]["unix"].pop("timeout-minutes"), "may run for hours"),
        (lambda w: steps(w)[0].update(uses="actions/checkout@v5"), "not pinned"),
        (lambda w: steps(w)[0].update({"with": {}}), "keeps a token"),
        (lambda w: steps(w)[2].update(run="make chekc"), "no such target"),
        (lambda w: steps(w)[2].update(run="make check ${{ github.head_ref }}"), "pasted into a script"),
        (lambda w: steps(w)[2].update(run="pytest tests"), "not a call of make"),
    ],
)
def test_fault_in_a_workflow_is_found(change, complaint):
    workflow = parsed(ROOT / ".github" / "workflows" / "check.yml")
    change(workflow)
    assert any(complaint in fault for fault in faults(workflow, "check"))


def test_every_system_and_both_ends_of_python_are_checked():
    jobs = parsed(ROOT / ".github" / "workflows" / "check.yml")["jobs"]
    assert jobs["unix"]["strategy"]["matrix"] == {
        "system": ["ubuntu-latest", "macos-latest"],
        "python": ["3.11", "3.13"],
    }
    assert jobs["windows"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]


def test_windows_installs_as_readme_says():
    run = [step["run"] for step in parsed(ROOT / ".github/workflows/check.yml")["jobs"]["windows"]["steps"][2:]]
    assert all(step in README for step in run if " pip install " in step)


def test_weekly_failure_of_any_job_is_told():
    jobs = parsed(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]
    assert set(jobs["tell"]["needs"]) == set(jobs) - {"tell"}
    assert jobs["tell"]["if"] == "failure()"


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml")), ids=lambda p: p.stem)
def test_form_is_one_that_github_shows(path):
    form = parsed(path)
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["type"] in {"input", "textarea"} and field["attributes"]["label"] for field in fields)


def test_dependabot_asks_once_a_month_for_all_at_once():
    updates = parsed(ROOT / ".github" / "dependabot.yml")["updates"]
    assert {update["schedule"]["interval"] for update in updates} == {"monthly"}
    assert all(len(update["groups"]) == 1 for update in updates)


def test_container_makes_the_environment_that_everybody_has():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].removeprefix("make ") in TARGETS
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).is_file()
