"""The workflow files: what they run exists, and a stranger's pull request can do no harm."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from harness.cells import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}|\./\.github/workflows/\w+\.yml")
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


@each_workflow
def test_every_action_is_pinned_to_a_commit(workflow):
    jobs = workflow["jobs"].values()
    used = [part["uses"] for part in (*jobs, *steps(workflow)) if "uses" in part]
    assert used
    assert [name for name in used if not PINNED.fullmatch(name)] == []


@each_workflow
def test_a_job_may_do_only_what_it_names(workflow):
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())


@each_workflow
def test_a_job_that_runs_the_repositorys_code_may_write_nothing(workflow):
    for name, job in workflow["jobs"].items():
        runs = " ".join(step.get("run", "") for step in job.get("steps", []))
        if "make " in runs or ".venv" in runs or "docker" in runs:
            assert set(job["permissions"].values()) <= {"read"}, name


@each_workflow
def test_no_checkout_leaves_credentials_behind(workflow):
    for step in steps(workflow):
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_no_script_contains_an_expression(workflow):
    """What strangers may name, a branch or a title, reaches scripts as environment variables."""
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


@each_workflow
def test_every_make_target_exists(workflow):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    runs = (step.get("run", "") for step in steps(workflow))
    commands = [line for run in runs for line in re.findall(r"\bmake ([^\n]*)", run)]
    asked = {word for line in commands for word in line.split() if "=" not in word}
    assert asked <= targets


def test_pull_requests_come_without_secrets():
    """In YAML 1.1, which PyYAML reads, the key `on` is the value true."""
    starts = {name: set(workflow[True]) for name, workflow in WORKFLOWS.items()}
    assert [name for name, events in starts.items() if "pull_request" in events] == ["test.yml"]
    assert not any("pull_request_target" in events for events in starts.values())
    assert not any("secrets." in path.read_text("utf-8") for path in FILES)


NOTEBOOK, RECORD = "book/lab/15_cifar10_lab.ipynb", "coursecnn/evidence/results/lab.json"


def git(folder, *arguments):
    """Run git in a folder, and return what it prints."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path):
    """A repository with a chapter, a record and an extension of the book."""
    for name in (NOTEBOOK, RECORD, "book/_extensions/pages.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("old\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "old")
    return tmp_path


def propose(repository):
    """Take what has changed as the workflow `gpu` takes its runner's patch."""
    (propose,) = (
        step["run"]
        for step in WORKFLOWS["gpu.yml"]["jobs"]["propose"]["steps"]
        if "git apply" in step.get("run", "")
    )
    lines = propose.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("git apply"))
    last = next(n for n, line in enumerate(lines) if line.startswith("git commit"))
    git(repository, "add", ".")
    (repository.parent / "refresh.patch").write_text(
        git(repository, "diff", "--cached", "--binary")
    )
    git(repository, "reset", "--hard", "--quiet")
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines[first:last])],
        cwd=repository,
        env={**os.environ, "RUNNER_TEMP": str(repository.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_runners_patch_brings_chapters_and_records_and_nothing_else(repository):
    new = ("coursecnn/evidence/results/new.json", "coursecnn/evidence/results/x.py", "Makefile")
    for name in (NOTEBOOK, RECORD, "book/_extensions/pages.py", *new):
        (repository / name).write_text("new\n", encoding="utf-8")

    assert propose(repository).returncode == 0

    taken = git(repository, "diff", "--cached", "--name-only").split()
    assert taken == [NOTEBOOK, RECORD, "coursecnn/evidence/results/new.json"]


@pytest.mark.parametrize("harm", ["a link", "a deletion", "a chapter among the extensions"])
def test_a_runners_patch_that_brings_something_odd_is_refused(repository, harm):
    if harm == "a chapter among the extensions":
        (repository / "book/_extensions/pages.ipynb").write_text("new\n", encoding="utf-8")
    else:
        (repository / RECORD).unlink()
    if harm == "a link":
        (repository / RECORD).symlink_to("/etc/passwd")

    assert propose(repository).returncode != 0


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.stem)
def test_whatever_is_installed_is_pinned_by_its_sum(path):
    pins = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_make_installs_nothing_else():
    """But for the package itself, and for the range of versions that `make colab` is about."""
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    recipes = dict(re.findall(r"^(\S+):.*\n((?:\t.*\n)+)", text, re.MULTILINE))
    loose = {
        target
        for target, recipe in recipes.items()
        for line in recipe.splitlines()
        if "uvx" in line or ("pip install" in line and "--require-hashes" not in line)
    }
    assert loose == {"$(READY)", "colab"}
