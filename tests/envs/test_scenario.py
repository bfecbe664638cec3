"""Scenario files: the 36 that ship, and clear words about every wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from envs.errors import InputError
from envs.scenario import EnemyOrder, Scenario
from envs.scenario_file import load_scenario, scenario_names

GOOD = """
race: terran
n_units: 3
n_enemies: 4
weights: {marine: 1, marauder: 1}
start_positions: {rule: reflect}
"""


def load(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_scenario(str(path))


def test_eighteen_scenarios_and_their_twins_ship() -> None:
    names = scenario_names()
    assert len(names) == 36
    for race in ("protoss", "terran", "zerg"):
        for size in ("5_vs_5", "5_vs_6", "10_vs_10", "10_vs_11", "20_vs_20", "20_vs_23"):
            base, twin = load_scenario(f"{race}_{size}"), load_scenario(f"{race}_{size}_epo")
            assert (base.n_units, base.n_enemies) == tuple(int(n) for n in size.split("_vs_"))
            assert (base.prob_obs_enemy, base.action_mask) == (1.0, True)
            assert (twin.prob_obs_enemy, twin.action_mask) == (0.0, False)
            assert (twin.race, twin.weights, twin.n_units) == (base.race, base.weights, base.n_units)


@pytest.mark.parametrize(
    ("race", "expected"),
    [
        ("protoss", ({"stalker": 0.45, "zealot": 0.45, "colossus": 0.1}, ())),
        ("terran", ({"marine": 0.45, "marauder": 0.45, "medivac": 0.1}, ("medivac",))),
        ("zerg", ({"zergling": 0.45, "hydralisk": 0.45, "baneling": 0.1}, ("baneling",))),
    ],
)
def test_weights_follow_smacv2(race: str, expected: tuple[dict[str, float], tuple[str, ...]]) -> None:
    scenario = load_scenario(f"{race}_10_vs_10")
    weights, barred = expected
    assert dict(zip(scenario.unit_types, scenario.weights, strict=True)) == pytest.approx(weights)
    assert scenario.exception_unit_types == barred


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    scenario = load(tmp_path, GOOD)
    assert (scenario.name, scenario.n_units, scenario.n_enemies) == ("mine", 3, 4)
    assert scenario.weights == (0.5, 0.5, 0.0)


def test_a_file_may_extend_a_shipped_scenario(tmp_path: Path) -> None:
    scenario = load(tmp_path, "extends: zerg_5_vs_6\nn_enemies: 9\n")
    assert (scenario.race, scenario.n_units, scenario.n_enemies) == ("zerg", 5, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"weights: {marine: 1, marauder: 1}": "weights: {marin: 1}"},
            "weights: unknown unit 'marin': did you mean marine",
        ),
        ({"n_units: 3": "n_units: -3"}, "n_units: -3 is not allowed; give a whole number from 1"),
        ({"n_units: 3": "n_units: true"}, "n_units: True is not allowed"),
        ({"n_units: 3": "n_units: 9999"}, "n_units: 9999 is not allowed"),
        ({"n_units: 3": "n_unit: 3"}, "unknown key 'n_unit': did you mean n_units"),
        ({"race: terran": "race: murloc"}, "race: 'murloc' is not allowed; choose from protoss, terran, zerg"),
        ({"rule: reflect": "rule: fixed, allies: [[1, 2], [3, 4], [5, 99]], enemies: []"}, "[5, 99] is off the map"),
        ({"rule: reflect": "rule: fixed, allies: [[1, 2]], enemies: []"}, "give 3 positions"),
        ({"rule: reflect": "rule: circle"}, "start_positions"),
        ({"rule: reflect": "p: 2"}, "p is a probability"),
        (
            {"n_units: 3": "n_units: 3\nmask_probability: 1.5"},
            "mask_probability: 1.5 is not allowed; give a probability",
        ),
        ({"n_units: 3": "n_units: 3\nmask_probability: .nan"}, "mask_probability: nan is not allowed"),
        ({"weights: {marine: 1, marauder: 1}": "weights: {marine: -1}"}, "weights"),
        ({"weights: {marine: 1, marauder: 1}": "weights: {marine: .nan}"}, "weights"),
        ({"weights: {marine: 1, marauder: 1}": "weights: [1]"}, "weights"),
        (
            {"start_positions": "teams: {allies: [marine], enemies: [marine]}\nstart_positions"},
            "list 3 allies and 4 enemies",
        ),
        ({GOOD: "just words"}, "expected keys"),
        ({"rule: reflect": "rule: reflect, allies: [[1, 2]]"}, "positions for the rule fixed only"),
        ({"marine: 1,": f"marine: 1{'0' * 400},"}, "weights"),
        ({GOOD: "a: [1"}, "not YAML"),
        ({GOOD: "race: 2024-99-99"}, "not YAML: month must be"),
        ({GOOD: "race: !!int marine"}, "not YAML"),
        ({GOOD: "race: !!bool marine"}, "not YAML"),
        ({GOOD: "race: !!timestamp marine"}, "not YAML"),
        ({GOOD: f"n_units: {'9' * 5000}"}, "not YAML"),
        ({GOOD: "[" * 3000}, "not YAML"),
        ({GOOD: "extends: protos_5_vs_5"}, "did you mean protoss_5_vs_5"),
        ({"race: terran": "race: terran\narena: strp"}, "arena: 'strp' is not allowed; choose from flat"),
        ({"race: terran": "race: terran\nranges: far"}, "ranges: 'far' is not allowed; choose from smacv2, smac"),
        ({"race: terran": "race: terran\nepisode_limit: 0"}, "episode_limit: 0 is not allowed; give 1 to 10000 steps"),
        ({"race: terran": "race: terran\nepisode_limit: 99.5"}, "episode_limit: 99.5 is not allowed"),
        ({"race: terran": "race: terran\nenemy_order: charge"}, "choose from closest, attack, none"),
        ({"race: terran": "race: terran\nenemy_order: attack"}, "with a point: {rule: attack, point: [x, y]}"),
        ({"race: terran": "race: terran\nenemy_order: {rule: none, point: [1, 2]}"}, "enemy_order"),
        ({"race: terran": "race: terran\nenemy_order: {rule: attack, point: [1, 99]}"}, "[1, 99] is off the map"),
        ({"race: terran": "race: terran\nenemy_order: {rule: [attack]}"}, "enemy_order"),
        (
            {"n_units: 3": "n_units: 3\nexception_unit_types: 1"},
            "exception_unit_types: give a list of units from marine, marauder, medivac",
        ),
        ({"n_units: 3": "n_units: 3\nexception_unit_types: marine"}, "exception_unit_types: give a list of units"),
        ({"n_units: 3": "n_units: 3\nexception_unit_types: [[marine]]"}, "exception_unit_types: unknown unit"),
        (
            {
                GOOD: "race: terran\nenemy_race: zerg\nweights: {marin: 1}\n"
                "teams: {allies: {marine: 1}, enemies: {zergling: 1}}"
            },
            "weights: unknown unit 'marin': did you mean marine",
        ),
        (
            {GOOD: "race: terran\nteams: {allies: {marine: 1}, enemies: {marine: 1}}\nweights: heavy"},
            "weights: 'heavy' is not allowed",
        ),
        (
            {GOOD: "race: terran\nn_units: 3\nn_enemies: 3\nteams:"},
            "weights is missing",
        ),
        ({"race: terran": "race: terran\nenemy_race: zerg"}, "list other units under teams"),
        ({GOOD: "race: terran\nteams: {allies: {zealot: 2}, enemies: {marine: 2}}"}, "unknown unit 'zealot'"),
        ({GOOD: "race: terran\nteams: {allies: {marine: -2}, enemies: {marine: 2}}"}, "mine.yaml"),
        ({GOOD: "race: terran\nteams: {allies: {marine: 1000000000}, enemies: {marine: 2}}"}, "mine.yaml"),
        (
            {
                GOOD: "race: terran\nenemy_race: zerg\n"
                "teams: {allies: {marine: 1, marauder: 1}, enemies: {zergling: 1, baneling: 1}}"
            },
            "type bits for 3 unit types",
        ),
    ],
)
def test_wrong_files_are_told_in_one_line(tmp_path: Path, change: dict[str, str], said: str) -> None:
    text = GOOD
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(InputError) as error:
        load(tmp_path, text)
    assert said in str(error.value)
    assert "mine.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_scenarios_name_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean protoss_5_vs_5"):
        load_scenario("protos_5_vs_5")
    with pytest.raises(InputError, match="cannot read"):
        load_scenario("nowhere.yaml")


def test_only_exceptions_with_weight_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exception_unit_types"):
        load(
            tmp_path, "race: terran\nn_units: 2\nn_enemies: 2\nweights: {medivac: 1}\nexception_unit_types: [medivac]\n"
        )


def test_a_team_that_is_hardly_ever_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must not be exceptions"):
        load(tmp_path, GOOD.replace("marauder: 1", "marauder: 1.0e-9") + "exception_unit_types: [marine]\n")


def test_the_hash_follows_the_content_not_the_name(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD).content_hash
    assert one == load(tmp_path, GOOD.replace("marine: 1, marauder: 1", "marine: 3, marauder: 3")).content_hash
    assert one != load(tmp_path, GOOD.replace("n_enemies: 4", "n_enemies: 5")).content_hash


def test_teams_give_their_sizes_and_need_no_weights(tmp_path: Path) -> None:
    teams = "teams: {allies: [marine, medivac], enemies: [marine, marine, marine]}\n"
    scenario = load(tmp_path, f"race: terran\n{teams}")
    assert (scenario.n_units, scenario.n_enemies, scenario.teams.allies) == (2, 3, ("marine", "medivac"))
    assert load(tmp_path, f"extends: terran_5_vs_5\n{teams}").n_enemies == 3


def test_what_is_missing_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="weights is missing; give a weight"):
        load(tmp_path, "race: terran\nn_units: 3\nn_enemies: 3\n")


def test_a_scenario_is_given_back() -> None:
    scenario = load_scenario("zerg_5_vs_5")
    assert load_scenario(scenario) is scenario


SMAC = {  # allies, enemies, steps: SMAC v1's map registry
    "3m": (3, 3, 60),
    "8m": (8, 8, 120),
    "25m": (25, 25, 150),
    "5m_vs_6m": (5, 6, 70),
    "8m_vs_9m": (8, 9, 120),
    "10m_vs_11m": (10, 11, 150),
    "27m_vs_30m": (27, 30, 180),
    "MMM": (10, 10, 150),
    "MMM2": (10, 12, 180),
    "2s3z": (5, 5, 120),
    "3s5z": (8, 8, 150),
    "3s5z_vs_3s6z": (8, 9, 170),
    "3s_vs_3z": (3, 3, 150),
    "3s_vs_4z": (3, 4, 200),
    "3s_vs_5z": (3, 5, 250),
    "1c3s5z": (9, 9, 180),
    "2m_vs_1z": (2, 1, 150),
    "corridor": (6, 24, 400),
    "6h_vs_8z": (6, 8, 150),
    "2s_vs_1sc": (2, 1, 300),
    "so_many_baneling": (7, 32, 100),
    "bane_vs_bane": (24, 24, 200),
    "2c_vs_64zg": (2, 64, 400),
}


def test_smac_v1s_maps_ship_beside_smacv2s_scenarios() -> None:
    assert set(scenario_names("smac")) == set(SMAC)
    assert not set(scenario_names("smac")) & set(scenario_names())
    for name, expected in SMAC.items():
        scenario = load_scenario(name)
        assert (scenario.n_units, scenario.n_enemies, scenario.episode_limit) == expected
        assert (scenario.ranges, scenario.prob_obs_enemy, scenario.action_mask) == ("smac", 1.0, True)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("3m", ("marine", "marauder", "medivac")),
        ("3s_vs_5z", ("stalker", "zealot", "colossus")),
        ("2c_vs_64zg", ("colossus", "zergling")),
        ("6h_vs_8z", ("hydralisk", "zealot")),
        ("2s_vs_1sc", ("stalker", "spine_crawler")),
    ],
)
def test_type_bits_are_the_races_or_else_of_the_types_that_occur(name: str, kinds: tuple[str, ...]) -> None:
    assert load_scenario(name).unit_types == kinds


def test_orders_and_ranges_of_smac_v1() -> None:
    assert load_scenario("bane_vs_bane").enemy_order == EnemyOrder("attack", (16.0, 8.0))
    assert load_scenario("2m_vs_1z").enemy_order == EnemyOrder("none")
    assert load_scenario("2c_vs_64zg").enemy_order == EnemyOrder("closest")
    assert load_scenario("zerg_5_vs_5").enemy_order == EnemyOrder("closest")
    mine, theirs = load_scenario("3s_vs_3z"), load_scenario("protoss_5_vs_5")
    assert (mine.sight_range("zealot"), mine.shoot_range("zealot")) == (9, 6)
    assert (theirs.sight_range("stalker"), theirs.shoot_range("zealot")) == (10, 2)


def test_teams_may_be_counted_and_share_a_place(tmp_path: Path) -> None:
    text = "extends: corridor\nteams: {allies: {zealot: 1, stalker: 2}, enemies: {zergling: 3}}\nepisode_limit: 9\n"
    scenario = load(tmp_path, text)
    assert scenario.teams.allies == ("zealot", "stalker", "stalker")
    assert scenario.unit_types == ("zealot", "stalker", "zergling")
    assert scenario.start_positions.enemies == ((27.91, 28.24),) * 3
    assert (scenario.arena, scenario.enemy_race, scenario.episode_limit) == ("corridor", "zerg", 9)


@pytest.mark.parametrize("line", ["arena: strip", "enemy_order: none", "episode_limit: 199", "ranges: smac"])
def test_the_hash_covers_walls_orders_limit_and_ranges(tmp_path: Path, line: str) -> None:
    assert load(tmp_path, GOOD).content_hash != load(tmp_path, f"{GOOD}{line}\n").content_hash


def test_smacv2_cannot_play_other_maps(tmp_path: Path) -> None:
    for scenario in (load_scenario("3m"), load(tmp_path, f"{GOOD}arena: strip\n")):
        with pytest.raises(InputError, match="smacv2 cannot play it"):
            scenario.capability_config()
    assert load_scenario("terran_5_vs_5").capability_config()["n_units"] == 5


def test_masked_enemies_are_part_of_the_battle(tmp_path: Path) -> None:
    masked = load(tmp_path, GOOD + "mask_probability: 0.25\n")
    assert masked.mask_probability == 0.25
    assert masked.content_hash != load(tmp_path, GOOD).content_hash
    assert masked.capability_config()["enemy_mask"] == {"dist_type": "mask", "mask_probability": 0.25}
    assert "enemy_mask" not in load(tmp_path, GOOD).capability_config()
