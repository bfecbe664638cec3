"""The prompt files: what an edited one may hold, and how faults in it are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compass.errors import InputError
from compass.observation.decode import constants_of
from compass.planner.vlm.planner import _system
from compass.planner.vlm.prompts import PLACES, SHIPPED, Prompts, init_prompts, load_prompts
from envs.scenario_file import load_scenario
from tests.compass.planner.vlm.playing import ByHand, text_of
from tests.compass.planner.vlm.test_faults import good, remembering, think


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_prompts(tmp_path / "prompts")
    return tmp_path / "prompts"


def edit(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.md").write_text(text)


def test_a_copy_holds_every_file_and_is_the_same_to_a_manifest(folder: Path) -> None:
    assert {path.stem for path in folder.iterdir()} == set(PLACES) == {path.stem for path in SHIPPED.iterdir()}
    assert load_prompts(folder).digest == load_prompts().digest
    edit(folder, "system", load_prompts().sources["system"] + "Be bold.\n")
    assert load_prompts(folder).digest != load_prompts().digest


def test_every_placeholder_that_a_file_may_have_is_used_somewhere() -> None:
    for name, (required, _) in PLACES.items():
        for place in required:
            assert f"${place}" in load_prompts().sources[name]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("perceive", "a\n$observation\n$answer\n$skills\n", r"perceive\.md:4: unknown placeholder \$skills; .*\$observation"),
        ("perceive", "a\n${observatoin}\n$answer\n", r"perceive\.md:2: unknown placeholder \$observatoin"),
        ("act", "$skills\n$task\n$answer\nend", r"act\.md:4: the placeholder \$observation is missing"),
        ("fused", "", r"fused\.md:1: the placeholder \$observation is missing"),
        ("repair", "$problem\ncosts 5 $ a day", r"repair\.md:2: a lone \$"),
        ("setting_epo", "$race", r"setting_epo\.md:1: unknown placeholder \$race; this file may have none"),
    ],
)  # fmt: skip
def test_a_wrong_placeholder_is_named_with_file_and_line(folder: Path, name: str, text: str, complaint: str) -> None:
    edit(folder, name, text)
    with pytest.raises(InputError, match=complaint):
        load_prompts(folder)


def test_files_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    (folder / "act.md").write_bytes(b"$skills\n\xff")
    with pytest.raises(InputError, match=r"act\.md:2: not UTF-8"):
        load_prompts(folder)
    (folder / "act.md").write_text("x" * 70_000)
    with pytest.raises(InputError, match=r"act\.md is longer"):
        load_prompts(folder)
    (folder / "act.md").unlink()
    with pytest.raises(InputError, match=r"act\.md is missing; .*compass prompts init"):
        load_prompts(folder)
    with pytest.raises(InputError, match="no folder of prompts"):
        load_prompts(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is not empty"):
        init_prompts(folder)


def test_an_editors_line_ends_and_byte_order_mark_are_no_matter(folder: Path) -> None:
    path = folder / "repair.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_prompts(folder).digest == load_prompts().digest


def test_what_was_read_is_read_back_as_it_is(folder: Path, tmp_path: Path) -> None:
    path = folder / "repair.md"
    path.write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\r\n") + b"old Mac\r")
    prompts = load_prompts(folder)
    for name, text in prompts.sources.items():
        (folder / f"{name}.md").write_bytes(text.encode())
    assert load_prompts(folder).digest == prompts.digest
    assert prompts.sources["repair"] == load_prompts().sources["repair"] + "old Mac\r"


def test_a_pipe_or_an_endless_name_is_no_prompt_file(folder: Path, tmp_path: Path) -> None:
    (folder / "act.md").unlink()
    os.mkfifo(folder / "act.md")
    with pytest.raises(InputError, match=r"act\.md is not a regular file"):
        load_prompts(folder)
    with pytest.raises(InputError, match="no folder of prompts"):
        load_prompts(tmp_path / ("a" * 5000))


def test_an_empty_value_leaves_no_gap_and_dollars_can_be_written() -> None:
    prompts = Prompts({"fused": "a\n\n$picture\n\n$observation costs 5 $$\n"})
    assert prompts.fill("fused", picture="", observation="$HOME") == "a\n\n$HOME costs 5 $"


@pytest.mark.parametrize("calls", ["separate", "fused"])
def test_every_placeholder_that_a_file_may_have_gets_its_value(calls: str) -> None:
    everything = {name: " ".join(f"${place}" for place in (*must, *may)) for name, (must, may) in PLACES.items()}
    model = ByHand(lambda call: good())
    think(model, calls, memory=remembering(), prompts=Prompts(everything))
    assert len(model.calls) == (4 if calls == "separate" else 1)
    assert not any("$" in text_of(call) for call in model.calls)
    assert _system(Prompts(everything), constants_of(load_scenario("zerg_5_vs_6_epo"))).endswith("zerg 5 6 32 32 200")


def test_the_command_copies(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "compass", "prompts", "init", str(tmp_path / "mine"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)["files"]) == {f"{name}.md" for name in PLACES}
    assert load_prompts(tmp_path / "mine").digest == load_prompts().digest
