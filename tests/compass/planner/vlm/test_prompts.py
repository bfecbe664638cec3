"""The prompt files: what an edited one may hold, and how faults in it are told."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from compass.episode import EpisodeSettings
from compass.errors import InputError
from compass.observation.decode import constants_of
from compass.planner.vlm.planner import _system
from compass.planner.vlm.prompts import PLACES, SHIPPED, Prompts, init_prompts, load_prompts
from compass.planner.vlm.settings import USUAL, Pace
from envs.scenario_file import load_scenario
from tests.compass.planner.vlm.playing import ByHand, text_of
from tests.compass.planner.vlm.test_faults import PROMPTS, good, remembering, think


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
    prompts, model = Prompts(everything), ByHand(lambda call: good())
    think(model, calls, memory=remembering(), prompts=prompts)
    assert len(model.calls) == (4 if calls == "separate" else 1)
    assert not any("$" in text_of(call) for call in model.calls)
    system = _system(prompts, constants_of(load_scenario("zerg_5_vs_6_epo")), "paused", Pace(hops=7))
    assert system.endswith("7 zerg 5 6 32 32 200  20")


def system_text(name: str, clock: str = "paused", pace: Pace = USUAL) -> str:
    return _system(PROMPTS, constants_of(load_scenario(name)), clock, pace)


def test_what_is_told_of_the_pace_without_being_asked_is_what_an_episode_has() -> None:
    assert asdict(USUAL).items() <= asdict(EpisodeSettings()).items()


def test_the_system_prompt_tells_when_the_agent_is_asked_again() -> None:
    usual = system_text("protoss_5_vs_5")
    assert "You are asked again after 20 step(s). You are asked sooner when something sharp happens" in usual
    seldom = system_text("protoss_5_vs_5", pace=Pace(plan_every=35, plan_on_change=False))
    assert "You are asked again after 35 step(s)." in seldom
    assert "sooner" not in seldom


@pytest.mark.parametrize("name", ["terran_5_vs_5", "terran_5_vs_5_epo"])
def test_without_messages_nothing_is_said_of_them_but_that_there_are_none(name: str) -> None:
    assert "over 4 message(s) at most" in system_text(name, pace=Pace(hops=4))
    silent = system_text(name, pace=Pace(hops=0))
    assert "No messages" in silent and "sharp" in silent
    prompts = {key: text for key, text in PROMPTS.sources.items() if key not in ("system", "messages", "messages_none")}
    said = " ".join((silent.replace("# No messages", ""), *prompts.values()))
    assert not re.search(r"\bmessages?\b|\btold by\b|told to you|hearsay", said)


def test_in_real_time_the_system_prompt_says_that_a_decision_comes_late() -> None:
    assert "your decision takes effect some steps later" in system_text("zerg_5_vs_5", "realtime")
    paused = system_text("zerg_5_vs_5")
    assert "The game waits while you think." in paused and "steps later" not in paused


def test_a_last_decision_is_spoken_of_only_where_it_was_judged() -> None:
    for memory, heading in ((remembering(), True), (None, False)):
        model = ByHand(lambda call: good())
        think(model, memory=memory)
        (reason,) = (text_of(call) for call in model.calls if call.module == "reason")
        assert ("# How your last decision went\nSuccess: yes\n" in reason) is heading
        assert ("How your last decision" in reason) is heading
