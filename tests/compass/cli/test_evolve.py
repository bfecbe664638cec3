"""`compass evolve`, with rules and with a model behind a real server."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from compass.evolve.base import Effort
from compass.skills.store import Store
from tests.compass.cli.conftest import Compass
from tests.compass.planner.vlm.playing import scripted_server
from tests.compass.trial.libraries import FIGHT, skill_source

SMALL = Effort(proposals=2, glance=1, heats=((4, 1),), pairs=32)


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    folder = tmp_path / "skills"
    folder.mkdir()
    (folder / "fight.py").write_text(skill_source("fight", FIGHT))
    return folder


def test_a_model_proposes_and_its_words_are_kept(
    compass: Compass, skills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compass.cli.evolve.BY_MODEL", SMALL)
    out = tmp_path / "out"
    with scripted_server() as server:
        ran = compass(
            *("evolve", "protoss_5_vs_5", "--rounds", 1, "--skills", skills, "--out", out, "--held-out", 4, "--json"),
            *("--synthesizer", "vlm", "--model", "scripted", "--base-url", server.base_url),
        )
    assert ran.code == 0, ran.err
    told = orjson.loads(ran.out)
    assert told["rounds"][0]["proposals"] > 0 and told["curve"][0]["battles"] == 4
    kept = Store(skills).candidates()
    assert kept and all(each.by == "vlm" and each.prompt and each.reply and each.verdict for each in kept)
    assert list((out / "cassette").rglob("*.jsonl"))
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    assert (manifest["synthesizer"], manifest["model"], manifest["image"]) == ("vlm", "scripted", True)
    assert manifest["endpoint"]["base_url"] == server.base_url and manifest["limits"]["max_tokens"] is None
    assert len({manifest["prompts"], manifest["evolve_prompts"]}) == 2 and "openai" in manifest["packages"]


def test_a_limit_of_the_model_ends_it(
    compass: Compass, skills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compass.cli.evolve.BY_MODEL", SMALL)
    with scripted_server() as server:
        ran = compass(
            *(
                "evolve",
                "protoss_5_vs_5",
                "--rounds",
                50,
                "--skills",
                skills,
                "--out",
                tmp_path / "out",
                "--held-out",
                2,
            ),
            *("--synthesizer", "vlm", "--model", "scripted", "--base-url", server.base_url, "--max-tokens", 150_000),
        )
    assert ran.code == 0, ran.err
    assert 0 < len((tmp_path / "out" / "rounds.jsonl").read_bytes().splitlines()) < 50
    assert "no further round: " in ran.err and "tokens" in ran.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "--rounds N, --budget MINUTES, or both"),
        (("--rounds", 1, "--synthesizer", "magic"), "magic"),
        (("--rounds", 1, "--model", "gpt"), "add --synthesizer vlm"),
        (("--rounds", 1, "--synthesizer", "vlm"), "needs a model"),
        (("--rounds", 1, "--information", "all"), "all"),
        (("--rounds", 1, "--observation", "none"), "none"),
        (("--budget", -1), "minutes"),
        (("--budget", "nan"), "minutes"),
        (("--rounds", 1, "--seed", -1), "seed"),
        (("--rounds", 1, "--workers", 0), "workers"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    compass: Compass, skills: Path, tmp_path: Path, words: tuple[object, ...], reason: str
) -> None:
    out = tmp_path / "out"
    ran = compass("evolve", "protoss_5_vs_5", "--skills", skills, "--out", out, *words)
    assert ran.code == 2 and reason in ran.err and not ran.out
    assert len(ran.err.strip().splitlines()) == 1 and not out.exists()


def test_scenarios_must_have_names_and_differ(compass: Compass, skills: Path, tmp_path: Path) -> None:
    ran = compass("evolve", "protoss_5_vs_5", "protoss_5_vs_5", "--rounds", 1, "--skills", skills)
    assert ran.code == 2 and "twice" in ran.err
    assert compass("evolve", "--rounds", 1).code == 2


def test_rules_grow_a_library_and_say_how_it_went(
    compass: Compass, skills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compass.cli.evolve.BY_RULES", SMALL)
    ran = compass(
        "evolve", "protoss_5_vs_5", "--rounds", 1, "--skills", skills, "--held-out", 4, "--out", tmp_path / "o"
    )
    assert ran.code == 0, ran.err
    assert "embedded engine" in ran.out and "skills log --skills" in ran.out
    assert "on the same held-out battles" in ran.out
    assert "round 1, protoss_5_vs_5" in ran.err and "held-out battles after 0 rounds" in ran.err
