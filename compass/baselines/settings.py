"""What a training is asked to do, and the hyper-parameters of each algorithm with where each value is from.

Sources. SMACv2: the commands of its RUNNING_EXPERIMENTS.md, with the files of the repositories that these name, benellis3/mappo
(`clipping_rnn_central_V.yaml`, `default.yaml`) and benellis3/pymarl2 (`qmix.yaml`, `default.yaml`). HARL: PKU-MARL/HARL,
`tuned_configs/smacv2/protoss_5_vs_5/happo/config.json` (of HAPPO, whose agents share no network). EPyMARL: uoe-agents/epymarl,
`src/config/algs/mappo.yaml` and `qmix.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from compass.errors import InputError, unknown
from compass.evaluate.settings import OBSERVATIONS
from compass.observation.decode import check_readable
from compass.policies.rows import OWN, Reading
from envs.scenario import Scenario

DEVICES = ("cpu", "cuda")
_MOST_STEPS = 10**12
_MOST_OF_ANY = 10**7
_MOST = {
    **dict.fromkeys(("gamma", "lmbda", "epsilon_first", "epsilon_last", "target_rate"), 1),
    **{"hidden": 4_096, "mixing": 4_096, "battles": 10_000, "lr": 10, "epsilon_steps": _MOST_STEPS},
}
_MAY_BE_0 = ("agent_ids", "entropy", "lmbda", "gain", "epsilon_first", "epsilon_last")


@dataclass(frozen=True)
class Common:
    """Of all algorithms. Widths and batches are in units, environment steps (of the whole team) and battles."""

    hidden: int = 64  # width of every layer: SMACv2, HARL
    gamma: float = 0.99  # SMACv2, HARL
    adam_eps: float = 1e-5  # SMACv2's MAPPO, HARL
    grad_norm: float = 10.0  # SMACv2's and HARL's files
    agent_ids: bool = True  # whether an agent reads its id: SMACv2, EPyMARL

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            most = _MOST.get(name, _MOST_OF_ANY)
            if not 0 <= value <= most or (value == 0 and name not in _MAY_BE_0):
                least = "0 or more" if name in _MAY_BE_0 else "a number above 0"
                raise InputError(f"{name} is {value}; give {least}, at most {most:,}")


@dataclass(frozen=True)
class PpoSettings(Common):
    """MAPPO and IPPO."""

    battles: int = 64  # played side by side: ours, for speed (SMACv2: 8, HARL: 20)
    batch: int = 3_200  # steps between updates: HARL (20 threads of 160); SMACv2: 8 episodes, about 400
    minibatch: int = 800  # ours: HARL takes one of 3,200, SMACv2 one of about 400
    chunk: int = 10  # steps that are learnt from as one sequence: HARL; SMACv2: 20
    epochs: int = 5  # HARL; SMACv2: 10, EPyMARL: 4
    lr: float = 5e-4  # SMACv2, HARL, EPyMARL
    clip: float = 0.1  # SMACv2; HARL: 0.05, EPyMARL: 0.2
    lmbda: float = 0.95  # of the advantages: HARL; SMACv2: 0.995
    entropy: float = 0.01  # HARL, EPyMARL; SMACv2: 0
    gain: float = 0.01  # of the policy's last layer: HARL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch % (self.battles * self.chunk):
            raise InputError(
                f"batch is {self.batch}; give a multiple of battles times chunk, {self.battles} times {self.chunk}: every battle's "
                "steps are learnt from in sequences of chunk"
            )
        _check_minibatch(self)


@dataclass(frozen=True)
class QSettings(Common):
    """QMIX and VDN, learning from sequences of batch / battles steps."""

    battles: int = 16  # ours, for speed (SMACv2: 1)
    batch: int = 640  # steps between rounds of updates: ours (SMACv2: an episode, about 50)
    updates: int = 8  # gradient steps a round: ours (SMACv2: one an episode, which would be about 13)
    minibatch: int = 800  # steps: ours (SMACv2: 128 episodes, about 6,400)
    memory: int = (
        100_000  # steps kept to learn from: ours, for a machine's memory (SMACv2: 5,000 episodes, about 250,000)
    )
    lmbda: float = 0.4  # of the targets: SMACv2
    lr: float = 1e-3  # SMACv2
    epsilon_first: float = 1.0  # SMACv2
    epsilon_last: float = 0.05  # SMACv2
    epsilon_steps: int = 100_000  # SMACv2
    target_rate: float = (
        0.01  # at which the target network follows, an update: ours (SMACv2, EPyMARL: a copy every 200 episodes)
    )
    mixing: int = 32  # width of QMIX's mixer: SMACv2
    gain: float = 1.0  # of the last layer

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch % self.battles:
            raise InputError(f"batch is {self.batch}; give a multiple of battles, {self.battles}")
        _check_minibatch(self)
        if self.epsilon_last > self.epsilon_first:
            raise InputError(f"epsilon_last is {self.epsilon_last}; give at most epsilon_first, {self.epsilon_first}")
        if self.memory < max(self.batch, self.minibatch):
            raise InputError(
                f"memory is {self.memory}; give at least batch and minibatch, {self.batch} and {self.minibatch}"
            )


def _check_minibatch(hyper: PpoSettings | QSettings) -> None:
    """A minibatch is of whole sequences, each a battle's steps of a batch."""
    sequence = hyper.batch // hyper.battles
    if hyper.minibatch % sequence or (isinstance(hyper, PpoSettings) and hyper.minibatch > hyper.batch):
        most = f", at most batch, {hyper.batch}" if isinstance(hyper, PpoSettings) else ""
        raise InputError(f"minibatch is {hyper.minibatch}; give a multiple of batch / battles, {sequence}{most}")


ALGORITHMS: Mapping[str, type[PpoSettings] | type[QSettings]] = MappingProxyType(
    {"mappo": PpoSettings, "ippo": PpoSettings, "qmix": QSettings, "vdn": QSettings}
)


def hyper_parameters(algorithm: str, given: Sequence[str]) -> PpoSettings | QSettings | None:
    """An algorithm's hyper-parameters with some given as NAME=VALUE; None where none is.

    Raises:
        InputError: an unknown algorithm or name, or a value that is none of its kind.
    """
    if algorithm not in ALGORITHMS:
        raise unknown("algorithm", algorithm, tuple(ALGORITHMS))
    if not given:
        return None
    from pydantic import TypeAdapter, ValidationError  # which nothing else here needs, and takes a while to load

    own = asdict(ALGORITHMS[algorithm]())
    values = dict(own)
    for word in given:
        name, _, value = word.partition("=")
        if name not in own:
            raise unknown("hyper-parameter", name, tuple(own))
        try:
            values[name] = TypeAdapter(type(own[name])).validate_python(value)
        except ValidationError:
            raise InputError(f"{name}={value} is not allowed; give it as {name}={own[name]}") from None
    return ALGORITHMS[algorithm](**values)


@dataclass(frozen=True)
class TrainSettings:
    """One training of one algorithm on one scenario.

    steps: environment steps to learn from, rounded up to whole batches. recurrent: whether agents have a memory (a GRU). every:
    steps between measurements, at each of which a checkpoint is written. held_out: battles of a measurement. reading: what
    agents read. hyper: None for the algorithm's own.
    """

    algorithm: str
    scenario: Scenario
    steps: int
    seed: int = 0
    observation: str = "repaired"
    recurrent: bool = True
    device: str = "cpu"
    every: int = 50_000
    held_out: int = 200
    reading: Reading = OWN
    hyper: PpoSettings | QSettings | None = None

    def __post_init__(self) -> None:
        for kind, name, known in (
            ("algorithm", self.algorithm, tuple(ALGORITHMS)),
            ("observation", self.observation, OBSERVATIONS),
            ("device", self.device, DEVICES),
        ):
            if name not in known:
                raise unknown(kind, name, known)
        for name, number, most in (
            ("steps", self.steps, _MOST_STEPS),
            ("every", self.every, _MOST_STEPS),
            ("held_out", self.held_out, 100_000),
        ):
            if not 1 <= number <= most:
                raise InputError(f"{name} is {number}; give 1 or more, at most {most}")
        check_readable(self.scenario)
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed {self.seed} is not allowed; give a whole number from 0 to {2**32 - 1}")

    @property
    def hyper_parameters(self) -> PpoSettings | QSettings:
        """Those that were given, or the algorithm's own."""
        return self.hyper or ALGORITHMS[self.algorithm]()
