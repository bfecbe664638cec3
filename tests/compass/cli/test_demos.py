"""`compass demos` and `compass bootstrap`."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from PIL import Image

from compass.bench.scripted_model import ScriptedModel
from compass.demos.file import Demonstrations

CHECKPOINT = Path(__file__).parents[3] / "compass/baselines/trained/mappo-protoss_5_vs_5-1/policy.npz"


def test_record_show_and_bootstrap(compass, tmp_path: Path) -> None:
    file = tmp_path / "new" / "demos.npz"
    words = ("demos", "record", "protoss_5_vs_5_epo", "--episodes", 2, "--seed", 5)
    ran = compass(*words, "--policy", "team", "--out", file, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["policy"], told["stream"], told["seed"]) == (0, "team", "demonstrations", 5)
    assert told["steps"] == sum(result.length for result in Demonstrations(file).results)
    assert [path.name for path in file.parent.iterdir()] == ["demos.npz"]
    alone = compass(*words, "--workers", 1, "--out", tmp_path / "alone.npz")
    assert alone.code == 0 and (tmp_path / "alone.npz").read_bytes() == file.read_bytes()
    again = compass(*words, "--out", file)
    assert again.code == 2 and "is there already" in again.err

    assert json.loads(compass("demos", "show", file, "--json").out) == told
    shown = json.loads(compass("demos", "show", file, "--episode", 6, "--frames", tmp_path / "frames", "--json").out)
    lives = [agent for step in shown["steps"] for agent in step["actions"]]
    pictures = list((tmp_path / "frames").iterdir())
    assert shown["pictures"] == len(pictures) == len(lives)
    assert Image.open(pictures[0]).size == (512, 512)
    assert "battle: add --episode" in compass("demos", "show", file, "--frames", tmp_path / "more").err

    made = compass("bootstrap", file, "--out", tmp_path / "library", "--json")
    skills = json.loads(made.out)["skills"]
    assert {"stalker_engage", "zealot_search", "any_hold"} <= set(skills)
    assert compass("skills", "check", "--skills", tmp_path / "library").code == 0
    assert "is no empty folder" in compass("bootstrap", file, "--out", tmp_path / "library").err


def test_a_checkpoint_demonstrates(compass, tmp_path: Path) -> None:
    file = tmp_path / "demos.npz"
    ran = compass("demos", "record", "protoss_5_vs_5", "--episodes", 1, "--policy", CHECKPOINT, "--out", file, "--json")
    told = json.loads(ran.out)
    assert told["policy"] == "mappo" and len(told["checkpoint"]) == 16 and told["skills"] is None


def test_a_model_makes_a_library_from_the_command_line(compass, tmp_path: Path) -> None:
    file = tmp_path / "demos.npz"
    compass("demos", "record", "3m", "--episodes", 1, "--policy", "nearest", "--workers", 1, "--out", file)
    with ScriptedModel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = ("--model", "scripted", "--base-url", server.base_url, "--frames", 1)
        ran = compass("bootstrap", file, "--synthesizer", "vlm", *where, "--out", tmp_path / "library", "--json")
        server.shutdown()
    told = json.loads(ran.out)
    assert (ran.code, told["calls"], told["left_out"]) == (0, 5, {})
    assert told["skills"] == ["marine_engage", "marine_hold", "marine_kite", "marine_search"]
    assert (tmp_path / "library" / "cassette" / "0.jsonl").is_file()


def test_options_that_do_not_fit_are_told(compass, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "library")
    assert "unknown synthesizer 'vim'" in compass("bootstrap", "x", *out, "--synthesizer", "vim").err
    assert "add --synthesizer vlm" in compass("bootstrap", "x", *out, "--model", "gpt-4o-mini").err
    assert "--synthesizer vlm needs a model" in compass("bootstrap", "x", *out, "--synthesizer", "vlm").err
    assert "cannot read the demonstrations" in compass("bootstrap", tmp_path / "none.npz", *out).err
    assert not (tmp_path / "library").exists()
