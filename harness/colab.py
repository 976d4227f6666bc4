"""Run chapters as Colab runs them, and hold their outputs against the stored ones.

    python -m harness.colab                          all chapters, with this Python's packages
    python -m harness.colab --python PYTHON FILE...  these, with another environment's packages

Each chapter is alone in an empty folder, without the repository, and sees no GPU. Its first cell
finds itself on Colab and installs the package without dependencies, as it stands, but that pip gets
a wheel of this working tree where the cell says `git+ADDRESS`. The other environment needs pip,
ipykernel and what pyproject.toml asks for, in any version that it allows. The comparison is that of
`harness.nbval_plugin`, and runs with this Python; pictures are compared blurred if the environment
has another release of Matplotlib than this Python, because no two draw the same letters.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness import address, cells, normalise

KERNEL = "colab-imitation"
LAUNCH = """
import sys, types
sys.modules["google.colab"] = types.ModuleType("google.colab")
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""
VERSIONS = """
import json, platform
from importlib.metadata import version
names = ("tensorflow", "keras", "numpy", "matplotlib", "pandas", "ipykernel", "pip")
print(json.dumps({"python": platform.python_version()} | {name: version(name) for name in names}))
"""
SOURCES = ("LICENSE", "README.md", "pyproject.toml", "coursecnn")
INSTALL_CELL = "code cell 1"


@dataclass(frozen=True)
class Visit:
    """How a chapter fared.

    Attributes:
        chapter: its file in the repository.
        passed: whether every cell ran, and gave what is stored.
        install_seconds: how long its first cell took.
        seconds: how long all its cells took.
    """

    chapter: Path
    passed: bool
    install_seconds: float
    seconds: float

    def __str__(self) -> str:
        verdict = "holds" if self.passed else "DIFFERS"
        times = f"installed in {self.install_seconds:.1f} s, all cells in {self.seconds:.0f} s"
        return f"{cells.shown(self.chapter)}: {verdict}, {times}"


def versions(python: str) -> dict[str, str]:
    """What an environment has of what the chapters show or need."""
    command = [python, "-c", VERSIONS]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(run.stdout)
    return found


def _release(version: str) -> list[str]:
    return version.split(".")[:2]


def build_wheel(folder: Path) -> Path:
    """Build the package's wheel from a copy of the sources, which a build would litter."""
    sources = folder / "sources"
    sources.mkdir(parents=True)
    for name in SOURCES:
        source = cells.ROOT / name
        copy: Any = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, sources / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    here = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(sources)]
    subprocess.run([*command, *here], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def visit(chapter: Path, python: str, wheel: Path, options: Sequence[str] = ()) -> Visit:
    """Run one chapter in an empty folder of its own, with the packages of `python`.

    The options are passed on to pytest.
    """
    with tempfile.TemporaryDirectory() as name:
        room = Path(name).resolve()
        notebook = _place(chapter, room / "content", wheel)
        _install_kernel(room, python)
        environment = {**os.environ, "JUPYTER_PATH": str(room / "jupyter")}
        environment.pop("PYTHONPATH", None)
        command = [sys.executable, "-m", "pytest", "--nbval", f"--nbval-kernel-name={KERNEL}"]
        ours = ["-c", str(cells.ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-q"]
        report = room / "report.xml"
        run = subprocess.run(
            [*command, *ours, *options, f"--junitxml={report}", str(notebook)],
            cwd=notebook.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        sys.stdout.write(run.stdout)  # at once: other chapters may run beside this one
        tests = ElementTree.parse(report).getroot().iter("testcase")  # noqa: S314, pytest wrote it
        seconds = {test.attrib["name"]: float(test.attrib["time"]) for test in tests}
    install = seconds.get(INSTALL_CELL, 0.0)
    return Visit(chapter, run.returncode == 0, install, sum(seconds.values()))


def _place(chapter: Path, folder: Path, wheel: Path) -> Path:
    """Copy the chapter into the folder; its install cell gets the wheel, and is not compared.

    (On any other machine than Colab, IPython's `%pip` gives the advice to restart the kernel.)
    """
    notebook = cells.read(chapter)
    install = cells.code_cells(notebook)[0]
    install.source = install.source.replace(f"git+{address.current()}", wheel.as_uri())
    install.metadata.tags = [*install.metadata.get("tags", ()), cells.REMEASURED]
    folder.mkdir()
    copy = folder / chapter.name
    copy.write_text(normalise.dumps(notebook), "utf-8")
    return copy


def _install_kernel(room: Path, python: str) -> None:
    """Have Jupyter start `python` as Colab's kernel: pip's target comes first on its path."""
    site = room / "site-packages"
    site.mkdir()
    spec = {
        "argv": [python, "-c", LAUNCH, "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": {
            "CUDA_VISIBLE_DEVICES": "",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
            "PIP_TARGET": str(site),
            "PYTHONPATH": str(site),
        },
    }
    folder = room / "jupyter" / "kernels" / KERNEL
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Visit the chapters; return 1 if one does not hold."""
    parser = cells.command_line("colab", __doc__)
    parser.add_argument("--python", default=sys.executable, help="the environment's Python")
    parser.add_argument("--at-once", type=int, default=1, help="how many chapters, side by side")
    options = parser.parse_args(arguments)
    chapters = [path.resolve() for path in cells.chapters(options.files)]
    # The chapters run in other folders. Links are kept: they lead out of an environment.
    python = str(Path(shutil.which(options.python) or options.python).absolute())
    there, here = versions(python), versions(sys.executable)
    sys.stdout.write(", ".join(f"{name} {version}" for name, version in there.items()) + "\n")
    same_letters = _release(there["matplotlib"]) == _release(here["matplotlib"])
    asked = [] if same_letters else ["--blur-pictures"]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.at_once) as pool:
        wheel = build_wheel(Path(name).resolve())
        visits = list(pool.map(lambda chapter: visit(chapter, python, wheel, asked), chapters))
    sys.stdout.writelines(f"{result}\n" for result in visits)
    return 0 if all(result.passed for result in visits) else 1


if __name__ == "__main__":
    sys.exit(main())
