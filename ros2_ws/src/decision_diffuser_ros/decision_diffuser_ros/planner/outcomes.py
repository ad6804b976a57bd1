"""Where a plan leads in the end: outcomes that are drawn, compared and kept.

A plan of two seconds shows a block on its way, not what is being built. Two constraints have little in common in the
next two seconds, since each may be met by moving another block; but they have outcomes in common. A model with an
outcome therefore plans one more state, the one in which the demonstration would end, and it is there that conditions
compose (Ajay 2023, Eq. 9 and App. J). Then the way is planned for the outcome alone, which says all there is to know:

    history, conditions  ->  outcomes, many at once  ->  one of them        when there is a reason
    history, that outcome  ->  plan                                         every time

What is drawn is right about which objects end in one pile and roughly in which order, and not always about both at
once. So it is let settle: objects fall as far as they can. Whether a constraint `upper > lower` holds in an outcome can
be read off it, and how much of it is there already: taken is the one with the fewest faults, of those the nearest, of
those the one that was aimed at.

An outcome is kept while the gripper is closed; and one without faults while nothing has moved since it was chosen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.diffusion.samplers import KnownStates, start_noise
from decision_diffuser_ros.diffusion.schedule import NoiseSchedule
from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, Condition, ConditionEncoder
from decision_diffuser_ros.planner.guided_denoiser import GuidedDenoiser
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.network_rows import network_rows
from decision_diffuser_ros.planner.object_relations import HEIGHT_MARGIN, OPEN_ABOVE, OPENING, object_index
from decision_diffuser_ros.planner.piles import SAME_PLACE_IN_HEIGHTS, arrangement_at, moves_between
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.planner.trajectory_sampler import TrajectorySampler

POSITION = ("/position/x", "/position/y", "/position/z")
"""How the state entries of an object's position end."""
MOVED_DISTANCE = 0.02
"""By how much an object has moved since an outcome was chosen if there is reason to choose again [m]."""
OBJECT_HEIGHT = 2.0 * HEIGHT_MARGIN
"""By how much the centre of an object is higher than that of the one it stands on [m]."""
LEAST_GAP = 1.5 * OBJECT_HEIGHT
"""Between the places of two piles [m]."""
SAME_PLACE = SAME_PLACE_IN_HEIGHTS * OBJECT_HEIGHT
"""Up to which distance in x and y objects are in one pile [m]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """Where a plan leads in the end.

    Attributes:
        state: (state_dim,) float32, raw [SI]; of its entries only the objects' positions count.
        branch: the conditions that it was drawn for.
        seen: (state_dim,) the state observed when it was chosen, raw [SI].
    """

    state: np.ndarray
    branch: Branch
    seen: np.ndarray


class ObjectOutcomes:
    """Compares outcomes by the objects of a model's state.

    Args:
        manifest: of the model: which of its names are constraints `upper > lower` between objects of its state.
    """

    def __init__(self, manifest: Manifest) -> None:
        names = manifest.state_names
        objects = [name.removesuffix(POSITION[2]) for name in names if name.endswith(POSITION[2])]
        entries = [manifest.state_indices([name + part for part in POSITION]) for name in objects]
        self._positions = np.array(entries, int).reshape(-1, len(POSITION))
        self._opening = names.index(OPENING) if OPENING in names else None
        self._pairs: dict[tuple[str, str], tuple[int, int]] = {}
        for kind in manifest.conditions:
            for name in kind.names if kind.is_choice else ():
                found = [end for word in name.split(" > ") if (end := object_index(word, objects)) is not None]
                if len(found) == 2:
                    self._pairs[kind.kind, name] = (found[0], found[1])

    def is_outdated(self, outcome: Outcome, now: np.ndarray) -> bool:
        """Whether there is reason to choose again in a state `(state_dim,)`, raw."""
        if self._opening is not None and now[self._opening] <= OPEN_ABOVE:
            return False
        return self.faults(outcome) > 0 or bool((self._distances(outcome.seen, now) > MOVED_DISTANCE).any())

    def best(self, outcomes: Sequence[Outcome], *, in_use: Outcome | None = None) -> Outcome:
        """The outcome to take: see the module.

        Args:
            outcomes: at least one, all from the same observed state.
            in_use: the one that was aimed at, which is among them.
        """

        def order(outcome: Outcome) -> tuple[int, int, bool]:
            return self.faults(outcome), self.moves(outcome), outcome is not in_use

        return min(outcomes, key=order)

    def faults(self, outcome: Outcome) -> int:
        """How many conditions fail in it, and how many objects stand in each other's way."""
        return self.failed_conditions(outcome) + self.crowded_objects(outcome)

    def moves(self, outcome: Outcome) -> int:
        """How many objects have to be moved from where it was chosen, one after another, some of them twice."""
        start, end = (
            arrangement_at(state[self._positions], object_height=OBJECT_HEIGHT)
            for state in (outcome.seen, outcome.state)
        )
        return moves_between(start, end)

    def failed_conditions(self, outcome: Outcome) -> int:
        """How many of the conditions that it was drawn for do not hold in it, as far as that can be seen."""
        height = outcome.state[self._positions[:, 2]]
        failed = 0
        for condition in outcome.branch:
            pair = self._pair(condition)
            if pair is not None and condition.weight != 0.0:
                upper, lower = pair
                holds = bool(height[upper] - height[lower] > HEIGHT_MARGIN)
                failed += holds != (condition.weight > 0.0)
        return failed

    def crowded_objects(self, outcome: Outcome) -> int:
        """How many objects of a settled outcome are too near to another one, or come to where one stands now."""
        start, end = outcome.seen[self._positions], outcome.state[self._positions]
        apart = _distances_in_plane(end, end)
        beside = (apart > SAME_PLACE) & (apart < LEAST_GAP)
        stays = np.diagonal(_distances_in_plane(end, start)) < SAME_PLACE
        comes_to_the_table = _is_lowest(end) & ~(_is_lowest(start) & stays)
        taken = _distances_in_plane(end, start) < LEAST_GAP
        np.fill_diagonal(taken, False)
        return int((beside.any(axis=1) | (comes_to_the_table & taken.any(axis=1))).sum())

    def settled(self, state: np.ndarray) -> np.ndarray:
        """A state (state_dim,), raw, in which every object has fallen onto the one below, or to where the lowest is."""
        settled = state.copy()
        x, y, z = self._positions.T
        order = np.argsort(state[z], kind="stable")
        for number, upper in enumerate(order):
            below = [
                lower
                for lower in order[:number]
                if np.hypot(state[x[upper]] - state[x[lower]], state[y[upper]] - state[y[lower]]) < SAME_PLACE
            ]
            on_table = state[z[order[0]]]
            settled[z[upper]] = max((settled[z[lower]] + OBJECT_HEIGHT for lower in below), default=on_table)
        return settled

    def _pair(self, condition: Condition) -> tuple[int, int] | None:
        """The upper and the lower object of a constraint, None of anything else."""
        if len(condition.values) != 1:
            return None
        ((kind, name),) = condition.values.items()
        return self._pairs.get((kind, str(name)))

    def _distances(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How far apart each object is in two states, (objects,) [m]."""
        return np.linalg.norm((one - other)[self._positions], axis=-1)


class OutcomeSampler:
    """Draws outcomes from a model, and keeps them while that makes sense.

    Args:
        bundle: a model with an outcome.
        settings: `candidates` outcomes are drawn for each branch, in `outcome_steps` denoising steps.
        encoder: of the model's conditions.
        schedule: of its training.
        sampler: runs the denoising steps.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: SamplingSettings,
        *,
        encoder: ConditionEncoder,
        schedule: NoiseSchedule,
        sampler: TrajectorySampler,
    ) -> None:
        manifest = bundle.manifest
        self._bundle, self._settings, self._encoder, self._sampler = bundle, settings, encoder, sampler
        self._levels = schedule.levels(settings.outcome_steps, spacing=settings.step_spacing)
        self._mean = np.asarray(manifest.normaliser.mean, np.float32)
        self._std = np.asarray(manifest.normaliser.std, np.float32)
        self.objects = ObjectOutcomes(manifest)

    def outcome(
        self,
        branches: tuple[Branch, ...],
        now: np.ndarray,
        *,
        in_use: Outcome | None,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> Outcome:
        """The outcome to plan for: the one in use, or where there is reason the best of new ones and that.

        Args:
            branches: conditions, those of one branch to be fulfilled.
            now: (state_dim,) observed state, raw [SI].
            in_use: the outcome of the plan before.
            known: the states of the window that are given.
            observation_mask: (horizon,) 1 observed, 0 planned, -1 missing.
            rng: source of the noise.

        Raises:
            ConditionError, PlanError: as `Planner.plan`.
        """
        kept = [in_use] if in_use is not None and in_use.branch in branches else []
        if kept and not self.objects.is_outdated(kept[0], now):
            return kept[0]
        drawn = self._draw(branches, now, known, observation_mask, rng)
        still = [dataclasses.replace(each, seen=now) for each in kept]
        return self.objects.best([*drawn, *still], in_use=still[0] if still else None)

    def write_into(self, outcome: Outcome, known: KnownStates, observation_mask: np.ndarray) -> None:
        """Gives an outcome as the last of the known states."""
        known.states[-1] = (outcome.state - self._mean) / self._std
        known.slots[-1] = True
        observation_mask[-1] = 1.0

    def _draw(
        self,
        branches: tuple[Branch, ...],
        now: np.ndarray,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> list[Outcome]:
        manifest, settings = self._bundle.manifest, self._settings
        asked = [(part, branch) for branch in branches for part in _parts(branch) for _ in range(settings.candidates)]
        drawn_for = [part for part, _ in asked]
        rows = network_rows(drawn_for, self._encoder, guidance_weight=settings.guidance_weight)
        denoiser = GuidedDenoiser(
            self._bundle, rows, observation_mask=observation_mask, clean_limit=settings.clean_limit
        )
        start = start_noise((len(drawn_for), manifest.horizon, manifest.state_dim), rng=rng)
        ends = self._sampler.sample(denoiser, start, self._levels, known=known, rng=rng)[:, -1]
        if not np.isfinite(ends).all():
            raise PlanError(f"model '{manifest.name}' returned outcomes that are not finite")
        states = [self.objects.settled(end) for end in ends * self._std + self._mean]
        return [Outcome(state, branch, now) for state, (_, branch) in zip(states, asked, strict=True)]


def _parts(branch: Branch) -> list[Branch]:
    """What outcomes of a branch are drawn for: all of it, and what is wanted one by one."""
    wanted = [(condition,) for condition in branch if condition.weight > 0.0]
    return [branch, *wanted] if len(wanted) > 1 else [branch]


def _distances_in_plane(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """From each object of one to each of another, (objects, objects) [m], of positions (objects, 3)."""
    return np.linalg.norm(one[:, None, :2] - other[:, :2], axis=-1)


def _is_lowest(position: np.ndarray) -> np.ndarray:
    """Which objects are as low as the lowest, (objects,) bool, of positions (objects, 3)."""
    return position[:, 2] - position[:, 2].min(initial=np.inf) < HEIGHT_MARGIN
