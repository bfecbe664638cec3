"""Records the oracle's traces: plays every case with unmodified smacv2 and writes `hashes.json` beside this file.

    python -m tests.envs.parity.record

Run it in the repository's root with smacv2 and pysc2 importable (`make sc2 SMACV2=DIR`, or `PYTHONPATH=DIR:.`).
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from envs.engine import rules_hash
from envs.scenario_file import scenario_names
from tests.envs.parity.oracle import Oracle
from tests.envs.parity.traces import Case, battle_hash, cases, trace

FILE = Path(__file__).with_name("hashes.json")
ABOUT = "Traces of unmodified smacv2 on the embedded engine. Made by: python -m tests.envs.parity.record"


def record(scenario: str) -> dict[str, list[str]]:
    """Battle hash, end, trace hash and step links of every case of a scenario, by the case's name."""
    entries: dict[str, list[str]] = {}
    for rules, played in cases(scenario).items():
        oracle = Oracle(rules)
        try:
            entries |= {case.name: _entry(oracle, case) for case in played}
        finally:
            oracle.close()
    return entries


def _entry(oracle: Oracle, case: Case) -> list[str]:
    seen = trace(oracle, case)
    return [battle_hash(case), seen.end, seen.hash, seen.links]


def main() -> None:
    """Record all scenarios."""
    began = time.monotonic()
    episodes: dict[str, list[str]] = {}
    for number, scenario in enumerate(scenario_names(), start=1):
        episodes |= record(scenario)
        print(f"{number}/{len(scenario_names())} {scenario}: {time.monotonic() - began:.0f} s")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in episodes.items())
    text = f'{{\n "about": {json.dumps(ABOUT)},\n "rules": "{rules_hash()}",\n "episodes": {{\n{lines}\n }}\n}}\n'
    FILE.write_text(text, encoding="utf-8")
    print(f"{len(episodes)} episodes written to {FILE}")


if __name__ == "__main__":
    main()
