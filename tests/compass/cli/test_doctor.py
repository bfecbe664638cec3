"""`compass doctor`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from compass.machine import SC2_COMMANDS
from tests.model_server import Behaviour, ModelServer

KEY = "sk-0123456789"
MAKEFILE = (Path(__file__).parents[3] / "Makefile").read_text()


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_without_a_model_it_reports_the_machine(compass):
    ran = compass("doctor", "--json")
    report = json.loads(ran.out)
    assert ran.code == 0 and report["server"] is None
    machine = report["machine"]
    assert re.fullmatch(r"played a battle of \d+ steps", machine["engine"])
    assert machine["python"].startswith("3.") and machine["sandbox"]
    assert set(machine["extras"]) == {"pettingzoo", "baselines", "ray", "smax", "sc2", "burnysc2"}
    shown = compass("doctor")
    assert shown.code == 0 and all(command in shown.out for command in SC2_COMMANDS)


def test_the_commands_it_gives_are_those_of_the_makefile():
    recipe = MAKEFILE.partition("$(VENV)/sc2:")[2]
    for command in SC2_COMMANDS:
        words = command.removeprefix("pip install ").replace("-c constraints.txt ", "")
        assert words in recipe, command


def test_with_a_model_it_reports_the_server(compass):
    with ModelServer(lambda request: f"[bold]Good morning[/bold], {KEY}.\x1b[31m") as server:
        words = ("doctor", "--model", "a-model", "--base-url", server.base_url)
        ran, shown = compass(*words, "--json"), compass(*words)
    report = json.loads(ran.out)["server"]
    assert ran.code == shown.code == 0
    assert (report["answers"], report["images"], report["json"]) == (True, "no", "no")
    assert "[bold]Good morning[/bold], [key]." in shown.out and "\x1b[31m" not in shown.out
    assert KEY not in ran.out + ran.err + shown.out + shown.err


def test_exit_code_2_when_there_is_no_answer(compass):
    with ModelServer(lambda request: Behaviour(403, "no")) as server:
        words = ("doctor", "--model", "a-model", "--base-url", server.base_url)
        ran, shown = compass(*words, "--json"), compass(*words)
    assert ran.code == shown.code == 2
    report = json.loads(ran.out)["server"]
    assert not report["answers"] and "refuses the key (403)" in report["error"]
    assert "refuses the key (403)" in shown.out and "understands pictures" not in shown.out


def test_a_server_without_a_model_and_no_address_are_refused(compass):
    for words, word in (
        (("--base-url", "http://localhost:1/v1"), "--model"),
        (("--model", "a-model", "--base-url", f"http://me:{KEY}@localhost/v1"), "--base-url"),
    ):
        ran = compass("doctor", *words)
        assert ran.code == 2 and word in ran.err and KEY not in ran.err and not ran.out
