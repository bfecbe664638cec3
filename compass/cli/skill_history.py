"""`compass skills log | diff | revert | retire | restore | stats`: what is kept of a library, and going back in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from compass.cli.evaluate import Skills
from compass.cli.inspect import visible
from compass.cli.output import Json, err, out, print_json
from compass.errors import InputError, unknown
from compass.skills.library import Library, default_library_folder
from compass.skills.store import Event, Kept, SkillStatistics, Store, Version

Name = Annotated[str, typer.Argument(help="Name of the skill.")]

_TELLS = {
    "broken": "line {line}: {reason}",
    "submitted": "{candidate}: {reason}",
    "admitted": "{candidate}: {reason}",
    "dropped": "{change} did not happen: {reason}",
    "torn": "{bytes} bytes of a line that its writer did not finish",
    "unreadable": "{text}",
}
"""What a line of the log says of an event of this kind; of the others, their reason, if any."""


def register(app: typer.Typer) -> None:
    """Add these commands to `compass skills`."""
    for command in (log, diff, revert, retire, restore, stats):
        app.command(command.__name__)(command)


def log(
    name: Annotated[str | None, typer.Argument(help="Name of a skill.", show_default="all skills")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Show everything that is kept of this candidate.")] = None,
    skills: Skills = None,
    json: Json = False,
) -> None:
    """What happened to the library or to one skill: edits by hand, candidates and verdicts, changes."""
    store = looked_at(skills)
    if id is not None:
        kept = store.candidate(id)
        if json:
            print_json(_candidate_fields(store, kept))
        else:
            print(visible("\n".join(_candidate_page(store, kept))))
        return
    events = store.events(name)
    if name is not None and not events and store.exists:
        raise unknown("skill", name, store.statistics())
    if json:
        print_json({"folder": str(store.folder), "events": [_event_fields(event) for event in events]})
        return
    rows = [
        (event.at, event.skill, event.kind, str(event.details.get("by", "")), _told(event))
        for event in events
        if event.kind != "begun"
    ]
    _print_table(("when", "skill", "what", "by", ""), rows)


def diff(
    name: Name,
    a: Annotated[int | None, typer.Argument(help="Version.", show_default="the one before B")] = None,
    b: Annotated[int | None, typer.Argument(help="Version.", show_default="the last")] = None,
    skills: Skills = None,
    json: Json = False,
) -> None:
    """What changed in a skill from version A to version B."""
    store = looked_at(skills)
    versions = store.history(name)
    if not versions:
        raise InputError(f"no version of {name} is kept in {store.folder}; compass skills log shows what is")
    later = _version(versions, len(versions) if b is None else b)
    if a is None and later.number == 1:
        raise InputError(f"{name} has only one version so far; there is nothing to compare")
    earlier = _version(versions, later.number - 1 if a is None else a)
    lines = list(_diff(store, earlier, later))
    if json:
        print_json({"skill": name, "a": asdict(earlier), "b": asdict(later), "diff": "".join(lines)})
    else:
        print(visible("".join(lines)), end="")


def revert(
    name: Name,
    number: Annotated[int, typer.Argument(help="The version to make live again.")],
    skills: Skills = None,
    json: Json = False,
) -> None:
    """Make an earlier version of a skill live again. Nothing is lost: this is a new version."""
    store = _store(skills)
    _tell(store, store.revert(name, number), json)


def retire(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    skills: Skills = None,
    json: Json = False,
) -> None:
    """Take a skill out of the library. Its versions are kept; restore brings it back."""
    store = _store(skills)
    store.retire(name, reason)
    if json:
        print_json({"skill": name, "state": "retired", "folder": str(store.folder)})
    else:
        print(f"{name} is retired from {store.folder}; compass skills restore {name} brings it back")


def restore(name: Name, skills: Skills = None, json: Json = False) -> None:
    """Bring back the last good version of a skill that was retired, deleted, or broken by an edit."""
    store = _store(skills)
    _tell(store, store.restore(name), json)


def stats(skills: Skills = None, json: Json = False) -> None:
    """Every skill in numbers: versions, candidates and what came of them, battles spent, wins of the live version's trial."""
    store = looked_at(skills)
    statistics = store.statistics()
    if json:
        print_json({"folder": str(store.folder), "skills": {name: asdict(each) for name, each in statistics.items()}})
        return
    headings = ("skill", "state", "versions", "candidates", "admitted", "rejected", "undecided")
    rows = [_statistics_row(name, each) for name, each in statistics.items()]
    _print_table((*headings, "battles tried", "trial won", "changed"), rows)


def known_versions(library: Library) -> dict[str, Version]:
    """The kept version that each skill of a library is, by name; none of one that nobody has looked at since it was edited."""
    store = Store(library.folder)
    try:
        last = {name: store.history(name)[-1:] for name in library.skills}
    except InputError as error:
        note(str(error))
        return {}
    return {name: each[0] for name, each in last.items() if each and each[0].sha256 == library.skills[name].sha256}


def last_good(library: Library) -> list[str]:
    """Notes on broken files whose skills have a good version."""
    names = sorted({Path(problem.file).stem for problem in library.broken})
    try:
        found = {name: Store(library.folder).history(name) for name in names}
    except InputError as error:
        return [str(error)]
    return [
        f"{name}.py: version {versions[-1].number} was its last good one; compass skills restore {name} brings it back"
        for name, versions in found.items()
        if versions
    ]


def _store(folder: Path | None) -> Store:
    return Store(folder or default_library_folder())


def looked_at(folder: Path | None) -> Store:
    """The store, told of edits by hand. A plain folder is left plain: who only asks changes nothing."""
    store = _store(folder)
    if not store.exists:
        note(f"nothing is kept of {store.folder} yet; that begins with the first change by compass")
        return store
    try:
        store.notice()
    except InputError as error:
        note(f"edits by hand were not looked for: {error}")
    return store


def note(text: str) -> None:
    err().print(f"note: {text}", markup=False, soft_wrap=True)


def _tell(store: Store, version: Version, json: bool) -> None:
    if json:
        print_json(asdict(version) | {"folder": str(store.folder)})
    else:
        print(f"{version.skill} is live in {store.folder} as version {version.number}")


def _version(versions: Sequence[Version], number: int) -> Version:
    for version in versions:
        if version.number == number:
            return version
    raise InputError(f"{versions[0].skill} has no version {number}; it has 1 to {len(versions)}")


def _diff(store: Store, earlier: Version, later: Version) -> Iterator[str]:
    texts = [store.source(version.sha256) for version in (earlier, later)]
    names = [f"{each.skill} version {each.number} by {each.by}, {each.when}" for each in (earlier, later)]
    yield from _unified(texts[0], texts[1], names[0], names[1])


def _unified(before: str, after: str, named: str, named_after: str) -> Iterator[str]:
    for line in unified_diff(before.splitlines(True), after.splitlines(True), named, named_after):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _told(event: Event) -> str:
    if event.kind == "tried":
        return f"version {event['version']}: {event['judgement']['verdict']}: {event['judgement']['reason']}"
    if event.kind == "judged":
        return f"{event['candidate']}: {event['judgement']['verdict']}: {event['judgement']['reason']}"
    return _TELLS.get(event.kind, "{reason}").format_map({"reason": "", **event.details})


def _event_fields(event: Event) -> dict[str, Any]:
    return {"number": event.number, "event": event.kind, "at": event.at, "skill": event.skill, **event.details}


def _candidate_fields(store: Store, kept: Kept) -> dict[str, Any]:
    texts = {"source": store.source(kept.sha256), "diff": "".join(_candidate_diff(store, kept))}
    words = {key: None if sha256 is None else store.text(sha256) for key, sha256 in _words(kept)}
    return asdict(kept) | texts | words


def _words(kept: Kept) -> tuple[tuple[str, str | None], ...]:
    return ("prompt", kept.prompt), ("reply", kept.reply)


def _candidate_diff(store: Store, kept: Kept) -> Iterator[str]:
    """From its parent, else from the skill that it was made from, where one is known, else from nothing."""
    known = {version.sha256 for name in store.statistics() for version in store.history(name)}
    known |= {each.sha256 for each in store.candidates()}
    for sha256, words in (
        (kept.parent, f"parent of {kept.id}"),
        (kept.evidence.get("made_from"), f"what {kept.id} was made from"),
    ):
        if isinstance(sha256, str) and sha256 in known:
            before, named = store.source(sha256), words
            break
    else:
        before, named = "", f"nothing before {kept.id}"
    yield from _unified(before, store.source(kept.sha256), named, f"{kept.id} by {kept.by}")


def _candidate_page(store: Store, kept: Kept) -> Iterator[str]:
    yield f"candidate {kept.id} of {kept.skill}, by {kept.by}, {kept.at}: {kept.reason}"
    if kept.judgement is None:
        yield "not judged yet"
    else:
        verdict = kept.judgement
        yield f"{verdict.verdict} {kept.judged_at} after {verdict.episodes} battles: {verdict.reason}"
        yield f"gate: {_short(verdict.gate)}"
        yield f"trial: {_short(verdict.trial)}"
    yield f"evidence: {_short(kept.evidence)}"
    yield "\n" + "".join(_candidate_diff(store, kept))
    for key, sha256 in _words(kept):
        if sha256 is not None:
            yield f"{key.upper()}\n{store.text(sha256)}\n"


def _short(content: Any) -> str:
    return orjson.dumps(content).decode()


def _statistics_row(name: str, each: SkillStatistics) -> tuple[str, ...]:
    counts = (each.versions, each.candidates, each.admitted, each.rejected, each.undecided, each.episodes)
    won = "" if each.pairs is None else f"{each.wins} of {each.pairs}"
    return name, each.state, *map(str, counts), won, each.changed


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*headings, box=None)
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    out().print(table)
