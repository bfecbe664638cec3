"""`compass inspect`: who saw what, what a model made of it, and what came of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from compass.cli.output import Json, err, out, print_json
from compass.errors import InputError
from compass.evaluate.cost import dollars, spent_fields
from compass.evaluate.manifest import price_of
from compass.inspect import Followed, InspectedEpisode, Inspection, PlanMade
from compass.models.base import Picture
from compass.models.budget import Spent
from compass.models.entries import CallEntry, reply_fields
from compass.models.prices import Price
from compass.observation.text import action_words, describe
from compass.types import Entity


def inspect(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    episode: Annotated[int, typer.Argument(help="The episode, by its seed.")],
    agent: Annotated[int | None, typer.Option(help="The plans of this agent.", show_default="all agents")] = None,
    step: Annotated[
        int | None, typer.Option(help="All about the agent's plan of this step, or the last before it.")
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pictures that the agent had for this plan.")
    ] = None,
    prompts: Annotated[bool, typer.Option("--prompts", help="Show what a model was asked, too.")] = False,
    json: Json = False,
) -> None:
    """Who saw what, what each module of a model answered, what it cost, and which skill followed.

    Without --step: a table of plans. Works for every team's run, with a model or without.
    """
    if step is None:
        given = [name for name, value in (("--frames", frames), ("--prompts", prompts)) if value]
        if given:
            raise InputError(f"{' and '.join(given)}: of which plan? Add --agent and --step")
        opened = _opened(run, episode)
        plans, price = opened.plans(agent), price_of(opened.manifest)
        if json:
            print_json({"run": str(run), "episode": episode, "plans": [_plan_fields(plan, price) for plan in plans]})
        else:
            out().print(_table(plans))
        return
    if agent is None:
        raise InputError(f"--step {step}: of which agent? Add --agent")
    opened = _opened(run, episode)
    found, price = opened.inspect(opened.plan_at(agent, step)), price_of(opened.manifest)
    files = _write_frames(found, frames) if frames else []
    if json:
        content = {"run": str(run), "episode": episode, "asked_about": step, **_plan_fields(found.plan, price)}
        print_json(content | _inspection_fields(found, prompts) | {"files": [str(file) for file in files]})
        return
    if found.plan.step != step:
        print(f"agent {agent} made no plan at step {step}; its last before that, at step {found.plan.step}:\n")
    for line in (*_page(found, prompts, price), *(f"written: {file}" for file in files)):
        print(visible(line))


def _opened(run: Path, episode: int) -> InspectedEpisode:
    opened = InspectedEpisode(run, episode)
    if opened.played_back:
        note = "note: this run was played back; what the model was asked and answered stands in the original's cassette"
        err().print(note, markup=False, soft_wrap=True)
    return opened


def visible(text: str) -> str:
    """The text with everything escaped that a terminal would not show as a character of its own, ends of lines excepted."""
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _write_frames(found: Inspection, folder: Path) -> list[Path]:
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for frame in found.frames:
            files.append(folder / f"agent-{found.plan.agent}-step-{frame.step}.png")
            files[-1].write_bytes(Picture(frame, found.size).png())
    except OSError as error:
        raise InputError(f"cannot write pictures into {folder}: {error.strerror}") from None
    return files


def _table(plans: Sequence[PlanMade]) -> Table:
    """A row per plan; columns of a model only where one was asked."""
    asked = any(plan.calls for plan in plans)
    headings = ["step", "agent", "trigger", "task", "skill", "in effect"]
    table = Table(*headings, *(("calls", "tokens", "seconds", "faults") if asked else ()), box=None)
    for plan in plans:
        line = plan.decision
        cells = [str(plan.step), str(plan.agent)]
        cells += [line["trigger"], line["task"], _skill(line), str(plan.effect)] if line else ["", "", "", "never"]
        if asked:
            cells += [str(len(plan.calls)), _tokens(plan.spent), f"{plan.seconds:.1f}", _fault_kinds(plan)]
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _page(found: Inspection, prompts: bool, price: Price | None) -> Iterator[str]:
    """All about one plan, for a person."""
    plan, line = found.plan, found.plan.decision
    why = f" ({line['trigger']})" if line else ""
    yield f"agent {plan.agent}, a {found.known.own.unit_type}, was asked at step {plan.step}{why}"
    yield "\nWHAT IT KNEW"
    yield describe(found.known)
    yield _frames_line(found)
    for call in plan.calls:
        yield f"\n{call.module.upper()}{'' if call.reply.model == '' else f', by {call.reply.model}'}: {_cost(call)}"
        if prompts:
            yield from (
                f"[{turn.role}{f', pictures: {len(turn.pictures)}' if turn.pictures else ''}]\n{turn.text}"
                for turn in call.turns
            )
            yield "[answer]"
        yield from (f"failed before: {failure.kind.value}: {failure.detail}" for failure in call.reply.failures)
        yield _answer(call)
    if plan.calls:
        yield f"\nCOST: {_cost_words(plan, price)}"
    yield "\nDECISION"
    if line is None:
        yield "none took effect: the agent died or the episode ended before"
        return
    yield f"task: {line['task']}"
    yield f"skill: {_skill(line)}"
    yield from (f"{words}: {line[key]}" for key, words in _WHY.items() if line[key])
    yield from (f"mistake in {fault['module']}: {fault['kind']}: {fault['detail']}" for fault in line["plan_faults"])
    yield f"in effect from step {plan.effect}" + (f", {line['delay']} steps later" if line["delay"] else "")
    if found.followed:
        yield from _followed_lines(found.followed)


def _cost_words(plan: PlanMade, price: Price | None) -> str:
    spent = plan.spent
    rough = f"; {spent.unmetered} calls not counted by the server" if spent.unmetered else ""
    tokens = f"{_tokens(spent)} tokens (asked + answered{rough})"
    return f"{spent.calls} calls, {tokens}, {dollars(spent.dollars(price))}, {plan.seconds:.1f} s"


_WHY = {"reasoning": "reasoning", "new_skill": "would rather have had a skill that does this"}


def _frames_line(found: Inspection) -> str:
    steps = ", ".join(str(frame.step) for frame in found.frames)
    if found.as_sent is None:
        return f"(pictures: it was shown none; --frames draws what it knew at step {steps})"
    differ = "" if found.as_sent else "; this version redraws them from other observations than those that were sent"
    return f"(pictures it was shown, by step: {steps}{differ})"


def _cost(call: CallEntry) -> str:
    reply = call.reply
    prompt, answer = ("?" if n is None else f"{n:,}" for n in (reply.prompt_tokens, reply.completion_tokens))
    return f"{prompt} + {answer} tokens{'' if reply.metered else ' (estimated)'}, {reply.seconds:.1f} s"


def _answer(call: CallEntry) -> str:
    """The answer, JSON with one field a line."""
    if call.cancelled:
        return "(given up before the answer came)"
    if call.reply.text is None:
        return "(no answer)"
    try:
        return orjson.dumps(orjson.loads(call.reply.text), option=orjson.OPT_INDENT_2).decode()
    except (ValueError, TypeError):  # no JSON, or nested too deep
        return call.reply.text


def _followed_lines(followed: Followed) -> Iterator[str]:
    kind = followed.before.unit_type
    yield f"\nWHAT FOLLOWED, until step {followed.end}"
    yield "actions: " + ", ".join(
        action_words(action, kind) + (f" x{count}" if count > 1 else "") for action, count in _runs(followed.actions)
    )
    after = _vitals(followed.after) if followed.after else "dead"
    yield f"before: {_vitals(followed.before)}; after: {after}"
    for fault in followed.faults:
        yield f"mistake of the skill {fault['skill']} at step {fault['step']}: {fault['kind']}: {fault['detail']}"


def _runs(actions: Sequence[int]) -> list[tuple[int, int]]:
    """Each action with how often it was repeated at once."""
    return [(action, len(list(same))) for action, same in groupby(actions)]


def _vitals(own: Entity) -> str:
    shield = f", shield {own.shield:.0%}" if own.shield else ""
    return f"health {own.health:.0%}{shield}"


def _skill(line: Mapping[str, Any]) -> str:
    parameters = ", ".join(f"{name}={value:g}" for name, value in line["parameters"].items())
    return f"{line['skill']}({parameters})" if parameters else str(line["skill"])


def _tokens(spent: Spent) -> str:
    return f"{'~' if spent.unmetered else ''}{spent.prompt_tokens:,} + {spent.completion_tokens:,}"


def _fault_kinds(plan: PlanMade) -> str:
    return ", ".join(fault["kind"] for fault in plan.decision["plan_faults"]) if plan.decision else ""


def _plan_fields(plan: PlanMade, price: Price | None) -> dict[str, Any]:
    made = {"agent": plan.agent, "step": plan.step, "effect": plan.effect, "decision": plan.decision}
    return made | spent_fields(plan.spent, plan.spent.dollars(price)) | {"seconds": plan.seconds}


def _inspection_fields(found: Inspection, prompts: bool) -> dict[str, Any]:
    followed = found.followed
    return {
        "unit_type": found.known.own.unit_type,
        "text": describe(found.known),
        "frames": [frame.step for frame in found.frames],
        "frames_as_sent": found.as_sent,
        "answers": [_call_fields(call, prompts) for call in found.plan.calls],
        "followed": None
        if followed is None
        else {
            "start": followed.start,
            "end": followed.end,
            "actions": [action_words(action, followed.before.unit_type) for action in followed.actions],
            "skill_faults": list(followed.faults),
            "before": _vital_fields(followed.before),
            "after": _vital_fields(followed.after) if followed.after else None,
        },
    }


def _call_fields(call: CallEntry, prompts: bool) -> dict[str, Any]:
    turns = {"turns": [turn._asdict() for turn in call.turns]} if prompts else {}
    return turns | {"module": call.module, "cancelled": call.cancelled} | reply_fields(call.reply)


def _vital_fields(own: Entity) -> dict[str, float]:
    return {"health": own.health, "shield": own.shield}
