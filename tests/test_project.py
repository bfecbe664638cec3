"""The project as a whole: what an installed copy carries, and that the commands in the pages work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
import zipfile
from pathlib import Path

import pytest

from compass.bench.scripted_model import ScriptedModel

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def console_lines(page: Path) -> list[str]:
    """The commands of a page: lines that begin with `$ ` in its ```console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def model_server():
    """What stands in for hosted and local models in the pages' commands."""
    with ScriptedModel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("page", [page for page in PAGES if console_lines(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_work(page, tmp_path, model_server):
    for line in console_lines(page):
        program, *words = shlex.split(line.replace("http://127.0.0.1:8000/v1", model_server.base_url))
        assert program == "compass"
        command = [sys.executable, "-c", "from compass.cli.main import main; main()", *words]
        hosted = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": "sk-of-nobody"}
        environment = os.environ | hosted | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "runs" / "README.md", ROOT / "BENCHMARKS.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_smacv2_example_of_the_readme_plays_a_battle():
    (example,) = re.findall(r"```python\n(import numpy.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    played: dict[str, object] = {}
    exec(example, played)
    assert played["terminated"] is True


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without a network; needs hatchling, which the `dev` extra brings."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_scenarios_units_skills_and_prompts(wheel):
    with zipfile.ZipFile(wheel) as members:
        names = set(members.namelist())
    assert "envs/units.yaml" in names
    for pattern in ("scenarios/**/*.yaml", "arenas/*.txt"):
        assert {str(path.relative_to(ROOT)) for path in (ROOT / "envs").glob(pattern)} <= names
    shipped = {f"compass/shipped_skills/{path.name}" for path in (ROOT / "skills").glob("*.py")}
    assert shipped and shipped <= names
    prompts = {str(path.relative_to(ROOT)) for path in (ROOT / "compass").glob("**/prompts/*.md")}
    assert prompts and prompts <= names
    assert not any(name.startswith(("tests/", "docs/", "runs/")) for name in names)


CONFINES_SHIPPED_SKILLS = """
from compass.evaluate.player import describe_sandbox
from compass.skills.library import default_library_folder, load_library
library = load_library(default_library_folder())
assert not library.broken and describe_sandbox(library, unsafe=False)["kind"] == "seccomp"
print(library.folder)
"""


def test_an_installed_copy_works_outside_the_repository(wheel, tmp_path):
    """All but play, which would compile the kernels a second time."""
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    with zipfile.ZipFile(wheel) as members:
        members.extractall(site)
    elsewhere.mkdir()
    entry = "import sys; from compass.cli.main import main; sys.argv = ['compass', *sys.argv[1:]]; main()"
    for code, *words in (
        (CONFINES_SHIPPED_SKILLS,),
        (entry, "skills", "init", "mine"),
        (entry, "scenarios", "show", "zerg_20_vs_23_epo"),
    ):
        command, environment = [sys.executable, "-c", code, *words], os.environ | {"PYTHONPATH": str(site)}
        done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert str(ROOT) not in done.stdout
    assert len(list((elsewhere / "mine").glob("*.py"))) == len(list((ROOT / "skills").glob("*.py")))


def test_constraints_pin_every_requirement_exactly():
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    pinned = {name.lower().replace("_", "-") for name in pins}
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in ("dev", "pettingzoo", "sc2", "burnysc2", "baselines"):
        wanted += PROJECT["project"]["optional-dependencies"][extra]
    names = {re.match(r"[\w.-]+", each).group().lower().replace("_", "-") for each in wanted}
    assert names - {"compass-smac"} <= pinned


def test_committed_files_name_no_machine_and_no_registry():
    for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text()
        assert not re.search(r"file://|index-url|find-links|/root/|/home/|/opt/|/work/", text), name
