"""Cassettes: what was asked is played back without a model, whatever happened to the process that recorded it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from compass.errors import InputError
from compass.models import Call, Failure, FaultKind, Picture, Reply, Turn
from compass.models.cassette import Cassette, GivenUp, MissingCall, Tape
from tests.compass.observation.sights import observation, unit

ROOT = Path(__file__).parents[3]
SCHEMA = {"type": "object"}
SEEN = observation(unit("ally", 0, "stalker", (4.0, 5.0)), [], [unit("enemy", 2, "zealot", (7.0, 5.0))])


def question(text: str = "What do you see?", module: str = "perceive") -> Call:
    turns = (Turn("system", "You are a stalker."), Turn("user", text, (Picture(SEEN, 64),)))
    return Call(module, turns, SCHEMA, 500)


class Echo:
    """Answers with the last turn's text and the number of the call; lets others run first; can hang for ever."""

    def __init__(self, hangs: bool = False) -> None:
        self.asked: list[Call] = []
        self.hangs = hangs

    async def ask(self, call: Call) -> Reply:
        self.asked.append(call)
        number = len(self.asked)
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        text = f"{call.turns[-1].text} {number}"
        return Reply(text, "echo-1", 10, 3, 0.25, (Failure(FaultKind.SERVER, "503"),), False, ("ab" * 32,))


def ask(tape: Tape, model: Echo | None, agent: int, step: int, call: Call) -> Reply:
    return asyncio.run(tape.ask(model, agent, step, call))


def recorded(folder: Path, seed: int = 7) -> list[Reply]:
    """A tape with two calls of agent 0 and one of agent 1 at step 0, one more at step 20, and a delay."""
    tape, model = Cassette(folder).open(seed, resume=False), Echo()
    asked = [(0, 0, question()), (0, 0, question("And now?", "act")), (1, 0, question()), (0, 20, question())]
    replies = [ask(tape, model, *each) for each in asked]
    tape.took(0, 20, 3)
    tape.close()
    return replies


def test_what_was_recorded_is_played_back_without_a_model(tmp_path: Path) -> None:
    replies = recorded(tmp_path)
    tape = Cassette(tmp_path).open(7, resume=True)
    assert ask(tape, None, 1, 0, question()) == replies[2]  # in another order than they were asked
    assert ask(tape, None, 0, 20, question()) == replies[3]
    assert ask(tape, None, 0, 0, question()) == replies[0]
    assert ask(tape, None, 0, 0, question("And now?", "act")) == replies[1]
    assert (tape.delay(0, 20), tape.delay(0, 0)) == (3, None)
    tape.close()


def test_lines_can_be_read_by_a_person_and_by_programs(tmp_path: Path) -> None:
    recorded(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "7.jsonl").read_text().splitlines()]
    assert lines[1] == {
        "kind": "call",
        "agent": 0,
        "step": 0,
        "n": 1,
        "module": "act",
        "digest": question("And now?", "act").digest,
        "turns": [
            {"role": "system", "text": "You are a stalker.", "pictures": []},
            {"role": "user", "text": "And now?", "pictures": [Picture(SEEN, 64).identity]},
        ],
        "pictures": ["ab" * 32],
        "reply": "And now? 2",
        "model": "echo-1",
        "prompt_tokens": 10,
        "completion_tokens": 3,
        "metered": False,
        "seconds": 0.25,
        "failures": [{"kind": "server_error", "detail": "503"}],
        "cancelled": False,
    }
    assert lines[-1] == {"kind": "delay", "agent": 0, "step": 20, "delay": 3}


def test_order_of_lines_has_no_meaning(tmp_path: Path) -> None:
    replies = recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    file.write_bytes(b"".join(reversed(file.read_bytes().splitlines(keepends=True))))
    tape = Cassette(tmp_path).open(7, resume=True)
    assert ask(tape, None, 0, 0, question()) == replies[0]
    assert tape.delay(0, 20) == 3


def test_a_resumed_tape_goes_on_live_where_it_ends(tmp_path: Path) -> None:
    recorded(tmp_path)
    tape, model = Cassette(tmp_path).open(7, resume=True), Echo()
    ask(tape, model, 0, 20, question())
    assert model.asked == []
    assert ask(tape, model, 0, 20, question("More?")).text == "More? 1"
    tape.close()
    again = Cassette(tmp_path).open(7, resume=True)
    ask(again, None, 0, 20, question())
    assert ask(again, None, 0, 20, question("More?")).text == "More? 1"


def test_a_call_that_is_not_there_is_an_error_and_nothing_is_sent(tmp_path: Path) -> None:
    recorded(tmp_path)
    tape = Cassette(tmp_path).open(7, resume=True)
    with pytest.raises(
        MissingCall, match=r"7\.jsonl: call 0 of agent 3 at step 40 \(perceive\) is not on the tape; no call"
    ):
        ask(tape, None, 3, 40, question())


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (question("What else?"), "in message 2"),
        (question(module="act"), r"\(perceive\)"),
        (replace(question(), turns=question().turns[:1]), r"\(2 messages\)"),
        (replace(question(), turns=(*question().turns[:1], Turn("user", "What do you see?"))), "in message 2"),
        (replace(question(), most_tokens=501), "in the schema or the greatest length"),
    ],
)
def test_another_call_than_the_recorded_one_is_an_error_even_with_a_model(
    tmp_path: Path, call: Call, where: str
) -> None:
    recorded(tmp_path)
    tape, model = Cassette(tmp_path).open(7, resume=True), Echo()
    with pytest.raises(
        MissingCall, match=f"agent 0 at step 0 .* differs from the recorded one {where}.*no call was made"
    ):
        ask(tape, model, 0, 0, call)
    assert model.asked == []


def test_without_resuming_an_earlier_tape_is_set_aside_and_still_counted(tmp_path: Path) -> None:
    recorded(tmp_path)
    recorded(tmp_path)
    recorded(tmp_path)
    recorded(tmp_path, seed=8)
    cassette = Cassette(tmp_path)
    names = ["7.jsonl", "7.lost-1.jsonl", "7.lost-2.jsonl", "8.jsonl"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert len(cassette.entries(7)) == 4
    assert len(list(cassette.all_entries())) == 16
    assert cassette.entries(9) == []


def test_a_tape_that_cannot_be_set_aside_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path)
    before = (tmp_path / "7.jsonl").read_bytes()

    def refuse(path: Path, target: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)  # a folder that allows no change allows root all the same
    with pytest.raises(InputError, match=r"cannot set .*7\.jsonl aside: Read-only file system"):
        Cassette(tmp_path).open(7, resume=False)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"7.jsonl": before}


def test_a_tape_that_is_only_played_back_is_not_written(tmp_path: Path) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    content = file.read_bytes() + b'{"kind":"call","agent":0,"st'
    file.write_bytes(content)
    tape = Cassette(tmp_path).open(7, resume=True)
    ask(tape, None, 0, 0, question())
    tape.took(0, 20, 3)  # known already
    tape.close()
    assert file.read_bytes() == content
    Cassette(tmp_path / "none").open(1, resume=True).close()
    assert not (tmp_path / "none").exists()


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    replies = recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])  # the delay
    assert len(Cassette(tmp_path).entries(7)) == 4
    tape = Cassette(tmp_path).open(7, resume=True)
    assert ask(tape, None, 0, 20, question()) == replies[3]
    assert tape.delay(0, 20) is None
    tape.took(0, 20, 3)
    tape.close()
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"no json\n",
        b"[]\n",
        b'{"kind":"letter"}\n',
        b'{"kind":"delay","agent":0}\n',
        b'{"kind":"call","agent":0,"step":0,"n":0,"module":"act","digest":"","turns":[],"reply":7,"cancelled":false}\n',
        b"\xff\xfe\n",
    ],
)
def test_a_damaged_line_is_one_clear_error(tmp_path: Path, damage: bytes) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    first, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + damage + b"".join(others))
    for read in (lambda: Cassette(tmp_path).entries(7), lambda: Cassette(tmp_path).open(7, resume=True)):
        with pytest.raises(InputError, match=r"7\.jsonl, line 2 is damaged") as error:
            read()
        assert "\n" not in str(error.value)


WRONG = {
    ("agent", "step", "n"): (None, -1, 1.5, 10**20, "text", True, [7]),
    ("prompt_tokens", "completion_tokens"): (-1, 1.5, 10**8 + 1, 10**20, "text", True, [7]),
    ("seconds",): (None, -1.0, 1e300, 10**20, "text", True, [7]),
    ("metered", "cancelled"): (None, 0, "text", [7]),
    ("module", "digest", "model"): (None, 7, True, [7], {}),
    ("reply",): (7, True, [7], {}),
    ("turns", "pictures", "failures"): (None, 7, True, "text", {}),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for names, values in WRONG.items() for name in names for value in values]
)
def test_a_value_that_cannot_be_is_one_clear_error(tmp_path: Path, name: str, value: object) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    first, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(json.dumps({**json.loads(first), name: value}).encode() + b"\n" + b"".join(others))
    with pytest.raises(InputError, match=rf"7\.jsonl, line 1 is damaged: {name} is ") as error:
        Cassette(tmp_path).entries(7)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("turns", [{"role": 1, "text": "a", "pictures": []}]),
        ("turns", [{"role": "user", "text": None, "pictures": []}]),
        ("turns", [{"role": "user", "text": "a", "pictures": [3]}]),
        ("turns", [{"role": "user"}]),
        ("turns", ["user"]),
        ("failures", [{"kind": "timeout", "detail": 5}]),
        ("failures", [{"kind": "sloth", "detail": "slow"}]),
        ("failures", ["timeout"]),
        ("pictures", [7]),
    ],
)
def test_a_part_that_cannot_be_is_one_clear_error(tmp_path: Path, name: str, value: object) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    first, *others = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + json.dumps({**json.loads(others[0]), name: value}).encode() + b"\n")
    with pytest.raises(InputError, match=r"7\.jsonl, line 2 is damaged"):
        Cassette(tmp_path).entries(7)


def test_edited_turns_are_not_taken_for_what_was_sent(tmp_path: Path) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    file.write_bytes(file.read_bytes().replace(b"You are a stalker.", b"You are a zealot."))
    with pytest.raises(MissingCall, match="differs from the recorded one in message 1"):
        ask(Cassette(tmp_path).open(7, resume=True), None, 0, 0, question())


def test_numbers_of_tokens_that_no_tape_may_hold_are_not_known(tmp_path: Path) -> None:
    class Boasting:
        async def ask(self, call: Call) -> Reply:
            return Reply("yes", prompt_tokens=10**30, completion_tokens=10**8)

    tape = Cassette(tmp_path).open(1, resume=False)
    now = asyncio.run(tape.ask(Boasting(), 0, 0, question()))
    tape.close()
    assert (now.prompt_tokens, now.completion_tokens) == (None, 10**8)
    assert ask(Cassette(tmp_path).open(1, resume=True), None, 0, 0, question()) == now


def test_a_call_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    recorded(tmp_path)
    file = tmp_path / "7.jsonl"
    file.write_bytes(file.read_bytes() * 2)
    with pytest.raises(InputError, match="twice"):
        Cassette(tmp_path).open(7, resume=True)


def test_a_reply_that_no_file_can_hold_is_the_same_now_and_later(tmp_path: Path) -> None:
    class Odd:
        async def ask(self, call: Call) -> Reply:
            return Reply("a\ud800b\r\n\x00\u2028", failures=(Failure(FaultKind.REJECTED, "\udfff"),))

    tape = Cassette(tmp_path).open(1, resume=False)
    now = asyncio.run(tape.ask(Odd(), 0, 0, question()))
    tape.close()
    assert now.text == "a?b\r\n\x00\u2028"
    assert ask(Cassette(tmp_path).open(1, resume=True), None, 0, 0, question()) == now


def test_two_tapes_at_once_keep_apart(tmp_path: Path) -> None:
    cassette, model = Cassette(tmp_path), Echo()
    tapes = {seed: cassette.open(seed, resume=False) for seed in (1, 2)}

    async def everyone() -> list[Reply]:
        asked = [
            tapes[seed].ask(model, agent, step, question(f"{seed} {agent} {step}"))
            for seed in tapes
            for agent in range(5)
            for step in range(10)
        ]
        return await asyncio.gather(*asked)

    took = [
        Thread(target=lambda t=tape: [t.took(a, s, s) for a in range(5) for s in range(10)]) for tape in tapes.values()
    ]
    for thread in took:
        thread.start()
    replies = asyncio.run(everyone())
    for thread in took:
        thread.join()
    for tape in tapes.values():
        tape.close()
    again = {seed: cassette.open(seed, resume=True) for seed in (1, 2)}
    played = [
        ask(again[seed], None, agent, step, question(f"{seed} {agent} {step}"))
        for seed in again
        for agent in range(5)
        for step in range(10)
    ]
    assert played == replies
    assert all(again[seed].delay(a, s) == s for seed in again for a in range(5) for s in range(10))


def cancelled_call(folder: Path) -> None:
    tape = Cassette(folder).open(3, resume=False)

    async def give_up() -> None:
        asking = asyncio.create_task(tape.ask(Echo(hangs=True), 0, 0, question()))
        await asyncio.sleep(0.01)
        tape.close()  # as when an episode ends: the call is still recorded
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(give_up())


def test_a_cancelled_call_is_recorded_and_has_no_answer(tmp_path: Path) -> None:
    cancelled_call(tmp_path)
    (entry,) = Cassette(tmp_path).entries(3)
    assert entry.cancelled and entry.reply.text is None and entry.reply.seconds >= 0.01
    with pytest.raises(GivenUp, match=r"call 0 of agent 0 at step 0 .* was given up when it was recorded"):
        ask(Cassette(tmp_path).open(3, resume=True), None, 0, 0, question())
    assert len(Cassette(tmp_path).entries(3)) == 1


def test_a_cancelled_call_is_made_anew_when_a_stopped_episode_goes_on(tmp_path: Path) -> None:
    cancelled_call(tmp_path)
    tape = Cassette(tmp_path).open(3, resume=True)
    reply = ask(tape, Echo(), 0, 0, question())
    tape.close()
    assert reply.text == "What do you see? 1"
    assert [entry.cancelled for entry in Cassette(tmp_path).entries(3)] == [True, False]
    assert ask(Cassette(tmp_path).open(3, resume=True), None, 0, 0, question()) == reply


def test_what_the_model_raises_is_raised_and_not_recorded(tmp_path: Path) -> None:
    class Refusing:
        async def ask(self, call: Call) -> Reply:
            raise InputError("wrong key")

    tape = Cassette(tmp_path).open(3, resume=False)
    with pytest.raises(InputError, match="wrong key"):
        asyncio.run(tape.ask(Refusing(), 0, 0, question()))
    tape.close()
    assert Cassette(tmp_path).entries(3) == []


def test_nothing_is_asked_or_written_after_the_end(tmp_path: Path) -> None:
    tape, model = Cassette(tmp_path).open(3, resume=False), Echo()
    tape.close()
    with pytest.raises(RuntimeError, match="closed"):
        ask(tape, model, 0, 0, question())
    with pytest.raises(RuntimeError, match="closed"):
        tape.took(0, 0, 1)
    assert model.asked == [] and not (tmp_path / "3.jsonl").exists()


def test_a_tape_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tape = Cassette(tmp_path / "file").open(3, resume=False)
    with pytest.raises(InputError, match=r"cannot write .*3\.jsonl"):
        ask(tape, Echo(), 0, 0, question())


RECORDING = """
import asyncio, sys
from pathlib import Path
from compass.models.cassette import Cassette
from tests.compass.models.test_cassette import Echo, question

async def record():
    tape, model = Cassette(Path(sys.argv[1])).open(5, resume=False), Echo()
    for step in range(10**6):
        await tape.ask(model, 0, step, question("long " * 2000))
        if step == 50:
            print("recording", flush=True)

asyncio.run(record())
"""


def test_a_tape_survives_the_killing_of_its_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RECORDING, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == b"recording\n"
        process.send_signal(signal.SIGKILL)
    kept = Cassette(tmp_path).entries(5)
    assert len(kept) >= 51 and [entry.step for entry in kept] == list(range(len(kept)))
    tape = Cassette(tmp_path).open(5, resume=True)
    for entry in kept:
        assert ask(tape, None, 0, entry.step, question("long " * 2000)) == entry.reply
    ask(tape, Echo(), 0, len(kept), question())
    tape.close()
    assert len(Cassette(tmp_path).entries(5)) == len(kept) + 1


def test_a_tape_of_thousands_of_calls_is_read(tmp_path: Path) -> None:
    tape, model = Cassette(tmp_path).open(5, resume=False), Echo()

    async def play(model: Echo | None, tape: Tape) -> list[Reply]:
        return [await tape.ask(model, n % 20, n // 20, question(f"{n}" * 200)) for n in range(5000)]

    replies = asyncio.run(play(model, tape))
    tape.close()
    assert asyncio.run(play(None, Cassette(tmp_path).open(5, resume=True))) == replies
