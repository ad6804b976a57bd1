"""What a training is told: a tree of frozen dataclasses that check themselves."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from decision_diffuser_ros.data.configuration_file import configuration_of, read_configuration
from decision_diffuser_ros.planner.manifest_records import require
from decision_diffuser_ros.planner.settings import SamplingSettings

TEMPORAL_UNET, WINDOW_MLP, OBJECT_TRANSFORMER = "temporal_unet", "window_mlp", "object_transformer"
ARCHITECTURES = (TEMPORAL_UNET, WINDOW_MLP, OBJECT_TRANSFORMER)
Optimisation = TypeVar("Optimisation", bound="OptimisationConfiguration")


@dataclass(frozen=True, kw_only=True)
class DataConfiguration:
    """How windows are cut, weighed and labelled.

    Attributes:
        history: K, most observed states the model takes.
        plan_steps: P, future states of a plan.
        outcome: plan the state in which the demonstration ended as well, in one more slot after those.
        conditions: kinds of condition, in the order of the condition vector: what the data's choices are called
            (`skill`, `constraint`, ...), and numbers (`return`, `forward_speed`).
        return_scale: measured forward speed that stands for a return of 1 [m/s].
        forward_speed_scale: largest forward speed that can be asked [m/s].
        label_seconds: how far ahead either speed is averaged [s].
        undisturbed_plans: plan no control step that the data set's `disturbed` marks.
        diffuse_actions: plan the actions with the states instead of by inverse dynamics, see `data.action_states`.
        steps_before_fall: how many control steps before a fall are left out of the plans.
        std_floor: least standard deviation of the normalisers, in each entry's unit.
        after_switch_share: share of each batch drawn from just after a switch of skill.
        after_switch_steps: how long after it is still just after it [control steps].
        starts_are_switches: the start of an episode counts as a switch too.
        held_out_share: share of the episodes, the last ones, that only measure the final loss.
        mirrored: entries of the state that change their signs in a mirror, `*` for anything in their names; half of the
            windows are then shown as the mirror shows them, see `mirror`. None: all as they are.
        exchanged: pairs of beginnings of entries' names that change places in that mirror, as left and right.
    """

    history: int = 8
    plan_steps: int = 24
    outcome: bool = False
    conditions: tuple[str, ...] = ("skill", "return")
    return_scale: float = 1.0
    forward_speed_scale: float = 1.1
    label_seconds: float = 1.0
    undisturbed_plans: bool = False
    diffuse_actions: bool = False
    steps_before_fall: int = 50
    std_floor: float = 0.02
    after_switch_share: float = 20 / 64
    after_switch_steps: int = 15
    starts_are_switches: bool = False
    held_out_share: float = 0.02
    mirrored: tuple[str, ...] = ()
    exchanged: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        require(self.history >= 1, "history", "at least 1", self.history)
        require(self.plan_steps >= 1, "plan_steps", "at least 1", self.plan_steps)
        unique = len(set(self.conditions)) == len(self.conditions)
        accepted = bool(self.conditions) and all(self.conditions) and unique
        require(accepted, "conditions", "names of kinds, each once", self.conditions)
        require(self.return_scale > 0.0, "return_scale", "above 0 [m/s]", self.return_scale)
        require(self.forward_speed_scale > 0.0, "forward_speed_scale", "above 0 [m/s]", self.forward_speed_scale)
        require(self.label_seconds > 0.0, "label_seconds", "above 0 [s]", self.label_seconds)
        require(self.steps_before_fall >= 0, "steps_before_fall", "at least 0", self.steps_before_fall)
        require(self.std_floor > 0.0, "std_floor", "above 0", self.std_floor)
        require(0.0 <= self.after_switch_share <= 1.0, "after_switch_share", "in [0, 1]", self.after_switch_share)
        require(self.after_switch_steps >= 1, "after_switch_steps", "at least 1", self.after_switch_steps)
        require(0.0 <= self.held_out_share < 1.0, "held_out_share", "in [0, 1)", self.held_out_share)
        accepted = all(len(pair) == 2 for pair in self.exchanged)
        require(accepted, "exchanged", "pairs of beginnings of names", self.exchanged)
        require(bool(self.mirrored) or not self.exchanged, "exchanged", "left out without `mirrored`", self.exchanged)

    @property
    def planned_slots(self) -> int:
        """Slots of a window that are planned: the future states, and the outcome."""
        return self.plan_steps + self.outcome

    def number_scale(self, kind: str) -> float:
        """Forward speed that stands for 1 in the condition vector, for a kind that is a number [m/s]."""
        return self.return_scale if kind == "return" else self.forward_speed_scale


@dataclass(frozen=True, kw_only=True)
class NetworkConfiguration:
    """The noise model, and what its answers mean.

    Attributes:
        architecture: `temporal_unet`, or `window_mlp` for windows of few numbers, or `object_transformer` for an arm
            among objects, see the modules of these names. The MLP has a `width` and an `embedding_dim` and nothing else
            of what shapes the U-Net; the transformer has `layers` besides, and needs `planned_changes`.
        planned_changes: planned states are changes from the last observed one, see `planned_changes`.
        change_floor: least unit of such a change, normalised.
        layers: of the transformer.
    """

    architecture: str = TEMPORAL_UNET
    width: int = 32
    multipliers: tuple[int, ...] = (1, 2, 4)
    kernel_size: int = 5
    embedding_dim: int = 64
    history_width: int = 512
    planned_changes: bool = False
    change_floor: float = 0.02
    layers: int = 3

    def __post_init__(self) -> None:
        require(self.architecture in ARCHITECTURES, "architecture", " or ".join(ARCHITECTURES), self.architecture)
        require(self.width >= 8 and self.width % 8 == 0, "width", "a multiple of 8", self.width)
        require(bool(self.multipliers) and min(self.multipliers) >= 1, "multipliers", "positive", self.multipliers)
        require(self.kernel_size >= 1 and self.kernel_size % 2 == 1, "kernel_size", "odd", self.kernel_size)
        dim = self.embedding_dim
        require(dim >= 4 and dim % 2 == 0, "embedding_dim", "even, at least 4", dim)
        require(self.history_width >= 0, "history_width", "at least 0", self.history_width)
        require(self.change_floor > 0.0, "change_floor", "above 0", self.change_floor)
        require(self.layers >= 1, "layers", "at least 1", self.layers)
        accepted = self.planned_changes or self.architecture != OBJECT_TRANSFORMER
        require(accepted, "planned_changes", f"true with {OBJECT_TRANSFORMER}", self.planned_changes)


@dataclass(frozen=True, kw_only=True)
class DiffusionConfiguration:
    """The denoising task.

    Attributes:
        prediction: `x0`, the clean window, or `noise`.
        schedule: `cosine` or `linear`.
        denoising_steps: T, levels of the schedule.
        emphasised_steps: levels that are trained more often than the others: those that few-step sampling meets.
        emphasis: share of the examples at these levels.
        history_length_weights: odds of showing 1, 2, ... K observed states.
        history_noise: standard deviation of the noise on observed states, normalised.
        condition_dropout: odds of training on the null condition (Ajay 2023, Sec. 3.2: 0.25).
        kind_dropout: odds, for each kind alone, of leaving it out besides.
        first_states: how many planned states, the first ones, weigh more in the loss.
        first_states_weight: how much more.
        outcome_weight: how much more the outcome weighs in the loss than a planned state, where there is one.
        outcome_known_share: share of the examples whose outcome is given: the way there is learnt from these, and the
            outcomes of a condition from the others.
        outcome_noise: standard deviation of the noise on a given outcome, normalised: as much as it is off if planned.
        target_entries_weight: how much more the state entries weigh that actions are targets for: what the inverse
            dynamics goes by.
        ema_decay: of the moving average of the weights, which is what is exported.
    """

    prediction: str = "x0"
    schedule: str = "cosine"
    denoising_steps: int = 100
    emphasised_steps: tuple[int, ...] = ()
    emphasis: float = 0.0
    history_length_weights: tuple[float, ...] = (1.0, 1.5, 4.0, 4.0, 1.5, 1.0, 1.0, 1.0)
    history_noise: float = 0.0
    condition_dropout: float = 0.25
    kind_dropout: float = 0.25
    first_states: int = 6
    first_states_weight: float = 3.0
    outcome_weight: float = 8.0
    outcome_known_share: float = 0.5
    outcome_noise: float = 0.08
    target_entries_weight: float = 1.0
    ema_decay: float = 0.999

    def __post_init__(self) -> None:
        require(self.prediction in ("x0", "noise"), "prediction", "x0 or noise", self.prediction)
        require(self.schedule in ("cosine", "linear"), "schedule", "cosine or linear", self.schedule)
        require(self.denoising_steps >= 1, "denoising_steps", "at least 1", self.denoising_steps)
        known = all(0 <= step < self.denoising_steps for step in self.emphasised_steps)
        require(known, "emphasised_steps", f"from 0 to {self.denoising_steps - 1}", self.emphasised_steps)
        most = 1.0 if self.emphasised_steps else 0.0
        require(0.0 <= self.emphasis <= most, "emphasis", "in [0, 1], 0 without emphasised_steps", self.emphasis)
        weights = self.history_length_weights
        require(bool(weights) and min(weights) >= 0.0 < sum(weights), "history_length_weights", "positive", weights)
        require(self.history_noise >= 0.0, "history_noise", "at least 0", self.history_noise)
        require(self.outcome_noise >= 0.0, "outcome_noise", "at least 0", self.outcome_noise)
        for name in ("condition_dropout", "kind_dropout", "ema_decay", "outcome_known_share"):
            require(0.0 <= getattr(self, name) < 1.0, name, "in [0, 1)", getattr(self, name))
        require(self.first_states >= 0, "first_states", "at least 0", self.first_states)
        for name in ("first_states_weight", "outcome_weight", "target_entries_weight"):
            require(getattr(self, name) > 0.0, name, "above 0", getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class OptimisationConfiguration:
    """How long and how fast one network is trained: Adam, linear warm-up, cosine decay to zero."""

    training_steps: int = 20_000
    batch_size: int = 64
    learning_rate: float = 5e-4
    warm_up_steps: int = 500

    def __post_init__(self) -> None:
        require(self.training_steps >= 1, "training_steps", "at least 1", self.training_steps)
        require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size)
        require(self.learning_rate > 0.0, "learning_rate", "above 0", self.learning_rate)
        require(self.warm_up_steps >= 0, "warm_up_steps", "at least 0", self.warm_up_steps)

    def with_training_steps(self: Optimisation, training_steps: int | None) -> Optimisation:
        """The same with another number of training steps, where given."""
        return self if training_steps is None else dataclasses.replace(self, training_steps=training_steps)


@dataclass(frozen=True, kw_only=True)
class InverseDynamicsConfiguration:
    """Size of the inverse dynamics MLP, and the noise on its normalised inputs in training."""

    width: int = 512
    layers: int = 2
    input_noise: float = 0.03

    def __post_init__(self) -> None:
        require(self.width >= 1 and self.layers >= 1, "width and layers", "at least 1", (self.width, self.layers))
        require(self.input_noise >= 0.0, "input_noise", "at least 0", self.input_noise)


@dataclass(frozen=True, kw_only=True)
class TrainingConfiguration:
    """Everything that decides a training, besides its data, seed and machine.

    `sampling` is not used in training: it becomes the default of the exported bundle.
    """

    data: DataConfiguration = field(default_factory=DataConfiguration)
    network: NetworkConfiguration = field(default_factory=NetworkConfiguration)
    diffusion: DiffusionConfiguration = field(default_factory=DiffusionConfiguration)
    optimisation: OptimisationConfiguration = field(default_factory=OptimisationConfiguration)
    inverse_dynamics: InverseDynamicsConfiguration = field(default_factory=InverseDynamicsConfiguration)
    inverse_dynamics_optimisation: OptimisationConfiguration = field(default_factory=OptimisationConfiguration)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)

    def __post_init__(self) -> None:
        weights, history = self.diffusion.history_length_weights, self.data.history
        require(len(weights) == history, "history_length_weights", f"of length {history} as `history`", weights)
        levels = len(self.network.multipliers) if self.network.architecture == TEMPORAL_UNET else 1
        divisor = 2 ** (levels - 1)
        horizon = history + self.data.planned_slots
        require(horizon % divisor == 0, "history + planned slots", f"a multiple of {divisor}", horizon)
        self.sampling.check_against(denoising_steps=self.diffusion.denoising_steps, history=history)
        accepted = self.network.architecture == OBJECT_TRANSFORMER or not self.data.outcome
        require(accepted, "outcome", f"false without {OBJECT_TRANSFORMER}", self.data.outcome)
        accepted = self.diffusion.prediction == "x0" or not self.network.planned_changes
        require(accepted, "planned_changes", "false unless prediction is x0", self.network.planned_changes)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> TrainingConfiguration:
        """The configuration in a JSON or YAML value; an unknown key or a wrong type is an error.

        Raises:
            ConfigurationError: with the place and what is accepted.
        """
        return configuration_of(cls, value, where=where)

    @classmethod
    def from_yaml(cls, path: str | Path) -> TrainingConfiguration:
        """The configuration in a YAML file. Raises ConfigurationError."""
        return read_configuration(cls, path, what="training")

    def to_json(self) -> dict:
        """All values, defaults too, as `from_json` reads them."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # tuples become lists

    def with_training_steps(
        self, training_steps: int | None, inverse_dynamics_steps: int | None = None
    ) -> TrainingConfiguration:
        """The same with other numbers of training steps, where given."""
        inverse_dynamics = self.inverse_dynamics_optimisation.with_training_steps(inverse_dynamics_steps)
        return dataclasses.replace(
            self,
            optimisation=self.optimisation.with_training_steps(training_steps),
            inverse_dynamics_optimisation=inverse_dynamics,
        )
