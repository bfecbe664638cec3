"""What a store does with candidates, hand edits, versions and retired skills, one writer at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.skills.library import load_library
from compass.skills.store import Candidate, Judgement, SkillStatistics, Store
from envs.errors import InputError
from tests.compass.skills.store.keeping import (
    ADMIT,
    REJECT,
    UNDECIDED,
    admit,
    candidate,
    check_whole,
    kinds,
    sha256,
    source,
)


def test_a_plain_folder_has_no_history_and_stays_plain_while_it_is_read(store: Store, folder: Path) -> None:
    assert not store.exists and store.events() == store.history("hold") == store.candidates() == ()
    assert store.statistics() == {} and store.live() == load_library(folder)
    assert [path.name for path in folder.iterdir()] == ["hold.py"]


def test_what_is_done_by_hand_is_noticed_once_and_is_the_humans(store: Store, folder: Path) -> None:
    assert [(event.kind, event.skill) for event in store.notice()] == [("found", "hold")]
    (folder / "hold.py").write_text(source("wait"))
    (folder / "kite.py").write_text(source("kite"))
    assert [(event.kind, event.skill) for event in store.notice()] == [("edited", "hold"), ("found", "kite")]
    (folder / "kite.py").unlink()
    assert [(event.kind, event.skill) for event in store.notice()] == [("removed", "kite")]
    assert store.notice() == ()
    assert [(v.number, v.sha256, v.by, v.event) for v in store.history("hold")] == [
        (1, sha256(source("stand")), "human", "found"),
        (2, sha256(source("wait")), "human", "edited"),
    ]
    assert {name: each.state for name, each in store.statistics().items()} == {"hold": "live", "kite": "removed"}
    assert store.restore("kite").number == 1 and (folder / "kite.py").read_text() == source("kite")


def test_a_library_with_a_store_loads_as_before(store: Store, folder: Path) -> None:
    plain = load_library(folder)
    store.notice()
    admit(store, "kite", source("kite"), None)
    (folder / "kite.py").unlink()
    assert load_library(folder) == plain


def test_an_admitted_candidate_is_live_and_everything_of_it_is_kept(store: Store, folder: Path) -> None:
    proposed = Candidate(
        "hold",
        source("wait"),
        "vlm",
        sha256(source("stand")),
        "weak at range",
        "Improve hold.",
        "wait",
        {"won": np.int64(3)},
    )
    id_ = store.submit(proposed)
    assert (folder / "hold.py").read_text() == source("stand")
    assert store.candidate(id_).verdict is None
    assert store.judge(id_, ADMIT) == ADMIT
    assert load_library(folder).skills["hold"].source == source("wait")
    kept = Store(folder).candidate(id_)
    assert (kept.skill, kept.by, kept.parent, kept.reason) == ("hold", "vlm", proposed.parent, "weak at range")
    assert kept.judgement == ADMIT and kept.evidence == {"won": 3} and kept.prompt and kept.reply
    assert (store.source(kept.sha256), store.text(kept.prompt), store.text(kept.reply)) == (
        source("wait"),
        "Improve hold.",
        "wait",
    )
    version = store.history("hold")[-1]
    assert (version.number, version.by, version.event, version.candidate) == (2, "vlm", "admitted", id_)


def test_what_is_not_admitted_changes_no_file(store: Store, folder: Path) -> None:
    for judgement in (REJECT, UNDECIDED):
        id_ = store.submit(candidate("hold", source("wait"), source("stand")))
        assert store.judge(id_, judgement) == judgement == Store(folder).candidate(id_).judgement
    assert (folder / "hold.py").read_text() == source("stand")
    assert len(check_whole(folder).history("hold")) == 1


def test_a_hand_edit_during_the_trial_wins(store: Store, folder: Path) -> None:
    id_ = store.submit(candidate("hold", source("wait"), source("stand")))
    (folder / "hold.py").write_text(source("by hand"))
    stands = store.judge(id_, ADMIT)
    assert (stands.verdict, stands.reason, stands.trial) == ("rejected", "the parent changed", ADMIT.trial)
    assert (folder / "hold.py").read_text() == source("by hand")
    assert kinds(folder, "hold") == ["found", "submitted", "edited", "judged"]


def test_so_does_a_file_that_came_or_went_during_the_trial(store: Store, folder: Path) -> None:
    new = store.submit(candidate("kite", source("kite"), None))
    (folder / "kite.py").write_text(source("by hand"))
    assert store.judge(new, ADMIT).reason == "the parent changed"
    (folder / "extra.py").write_text(source("extra"))
    old = store.submit(candidate("extra", source("more"), source("extra")))
    (folder / "extra.py").unlink()
    assert store.judge(old, ADMIT).reason == "the parent changed"
    assert (folder / "kite.py").read_text() == source("by hand") and not (folder / "extra.py").exists()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("../hold", source("wait"), "a skill's name"),
        ("a/b", source("wait"), "a skill's name"),
        ("Kite", source("wait"), "a skill's name"),
        ("_kite", source("wait"), "a skill's name"),
        ("", source("wait"), "a skill's name"),
        ("k" * 300, source("wait"), "a skill's name"),
        ("kité", source("wait"), "a skill's name"),
        ("\ud800", source("wait"), "a skill's name"),
        ("kite", "import os\n", "it does not load: kite.py:1: "),
        ("kite", source("wait") + "#" * 100_000, "it does not load: kite.py:1: "),
        ("kite", source("\ud800"), None),
    ],
)
def test_whatever_is_proposed_is_kept_and_only_skills_are_admitted(
    name: str, text: str, reason: str | None, store: Store, folder: Path
) -> None:
    store.notice()
    before = {path.name for path in folder.parent.rglob("*.py") if ".library" not in path.parts}
    id_ = store.submit(Candidate(name, text, "vlm", None, "\ud800 why", "\udfff?", text, {"said": ["\ud800"]}))
    stands = store.judge(id_, ADMIT)
    kept = check_whole(folder).candidate(id_)
    assert store.source(kept.sha256) == text.encode("utf-8", "backslashreplace").decode()
    if reason is None:  # an escape is as good as the character: the text loads
        assert stands.verdict == "admitted"
        return
    assert stands.verdict == "rejected" and stands.reason.startswith(reason), stands.reason
    assert {path.name for path in folder.parent.rglob("*.py") if ".library" not in path.parts} == before


def test_a_broken_edit_is_refused_and_the_last_good_version_stays_live(store: Store, folder: Path) -> None:
    store.notice()
    broken = source("stand") + "import os\n"
    (folder / "hold.py").write_text(broken)
    (event,) = store.notice()
    assert (event.kind, event["line"], "import os" in event["reason"]) == ("broken", 13, True)
    assert store.source(event["sha256"]) == broken
    assert load_library(folder).skills == {} and store.statistics()["hold"].state == "broken"
    live = Store(folder).live()
    assert live.skills["hold"].source == source("stand") and live.skills["hold"].path == folder / "hold.py"
    assert live.broken == load_library(folder).broken
    assert store.judge(store.submit(candidate("hold", source("wait"), source("stand"))), ADMIT).verdict == "rejected"
    assert (folder / "hold.py").read_text() == broken
    assert store.restore("hold").number == 1 and (folder / "hold.py").read_text() == source("stand")
    assert len(check_whole(folder).history("hold")) == 1


def test_where_the_last_good_text_is_damaged_too_the_other_skills_are_live(store: Store, folder: Path) -> None:
    admit(store, "kite", source("kite"), None)
    (folder / "hold.py").write_text("x =")
    store.notice()
    (folder / ".library" / "versions" / f"{sha256(source('stand'))}.py").write_text("damaged")
    live = Store(folder).live()
    assert set(live.skills) == {"kite"} and live.broken[0].file == "hold.py"


def test_what_keeps_a_candidate_out_is_known_before_it_is_tried(store: Store, folder: Path) -> None:
    admit(store, "kite", source("kite"), None)
    fine = store.submit(candidate("hold", source("wait"), source("stand")))
    back = store.submit(candidate("kite", source("again"), source("kite")))
    assert store.refusal(fine) == store.refusal(back) == ""
    store.retire("kite", "useless")
    assert store.refusal(back) == "kite was retired; compass skills restore kite brings it back"
    (folder / "hold.py").write_text("x =")
    assert store.refusal(fine) == "the parent changed"
    assert "lower-case letters" in store.refusal(store.submit(candidate("No Name", source("x"), None)))


def test_an_edit_that_breaks_and_one_that_mends(store: Store, folder: Path) -> None:
    store.notice()
    (folder / "hold.py").write_text("x =")
    store.notice()
    (folder / "hold.py").write_text(source("stand"))
    assert [event.kind for event in store.notice()] == ["edited"]
    assert len(store.history("hold")) == 1 and store.statistics()["hold"].state == "live"


def test_versions_come_back_by_number(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    version = store.revert("hold", 1)
    assert (version.number, version.sha256, version.by) == (3, sha256(source("stand")), "human")
    assert (folder / "hold.py").read_text() == source("stand")
    for name, number, reason in (
        ("hold", 3, "hold is what version 3 is"),
        ("hold", 4, r"hold has no version 4; it has 1, 2, 3"),
        ("hodl", 1, "did you mean hold"),
    ):
        with pytest.raises(InputError, match=reason):
            store.revert(name, number)


def test_retired_skills_are_gone_from_the_library_and_come_back(store: Store, folder: Path) -> None:
    with pytest.raises(InputError, match="the only skill"):
        store.retire("hold", "useless")
    admit(store, "kite", source("kite"), None)
    store.retire("kite", "useless")
    assert not (folder / "kite.py").exists() and store.notice() == ()
    assert store.statistics()["kite"].state == "retired" and store.events("kite")[-1]["reason"] == "useless"
    with pytest.raises(InputError, match="kite is retired already; version 1 was its last"):
        store.retire("kite", "again")
    assert store.restore("kite").number == 1 and (folder / "kite.py").read_text() == source("kite")
    with pytest.raises(InputError, match="kite is live"):
        store.restore("kite")
    with pytest.raises(InputError, match="unknown skill 'kit'"):
        store.restore("kit")


def test_statistics_follow_from_the_log(store: Store, folder: Path) -> None:
    admit(store, "hold", source("wait"), source("stand"))
    for judgement in (REJECT, UNDECIDED):
        store.judge(store.submit(candidate("hold", source("more"), source("wait"))), judgement)
    store.submit(candidate("kite", source("kite"), None))
    hold, kite = store.statistics().values()
    assert hold == SkillStatistics("live", 2, 3, 1, 1, 1, 340, 40, 25, hold.changed)
    assert (kite.state, kite.versions, kite.candidates, kite.pairs, kite.episodes) == ("never live", 0, 1, None, 0)
    assert Store(folder).statistics() == store.statistics()


def test_a_verdict_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="admitted, rejected, undecided"):
        Judgement("splendid", "", {}, None, 0)


def test_what_is_not_there_is_named(store: Store, folder: Path) -> None:
    with pytest.raises(InputError, match="no candidate c1, nor any other"):
        store.candidate("c1")
    store.submit(candidate("hold", source("wait"), None))
    with pytest.raises(InputError, match="unknown candidate 'c2'"):
        store.judge("c2", ADMIT)
    with pytest.raises(InputError, match="there is no skill folder"):
        Store(folder / "none").notice()
    (folder / "bad.py").write_text("x =")
    with pytest.raises(InputError, match="bad has no good version yet"):
        store.restore("bad")
