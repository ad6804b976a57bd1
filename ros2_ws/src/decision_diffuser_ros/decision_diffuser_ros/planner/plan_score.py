"""How well a finished candidate is what its branch asks for: the score that chooses between candidates.

    score = log p(x|h) + sum_i w_i (log p(x|y_i,h) - log p(x|h)) - sum_j w_j max(0, log p(x|y_j,h) - log p(x|h))

for conditions y_i to be fulfilled and y_j to be avoided, given the history h, up to a constant [nats]. It is the log
density of what guidance samples from (Ajay 2023, Eq. 9 with a guidance weight of 1), measured by denoising energies
(`diffusion.likelihood`): the first term asks whether the plan is plausible from here, the sums whether it shows the
conditions and not those to be avoided, by the gap between conditional and unconditional denoising error.

That is for candidates of one branch. Between branches the wanted weights are divided by their sum first, which changes
nothing where they add up to 1. Of a plan that shows what it should, each of their terms adds -w log p(y), so that
`2*pace` or `trot & pace` would be better than `trot` for having more of them.

Why not the gap alone: log p(x|y) - log p(x) = log p(y|x) - log p(y), so that between two plans which both clearly show
what they should, the gap favours the one that was *less* to be expected after the history. A pacing robot that is asked
for `pace | bound` would be made to bound, and a bounding one to pace. For candidates of one condition log p(y) is the
same for all, and the gap is part of the score as it stands.

Why a condition to be avoided counts only from 0 on: p(not y|x) saturates at 1, so a plan earns nothing by being further
and further away from y.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.diffusion.guidance import clean_from_noise
from decision_diffuser_ros.diffusion.likelihood import EnergyLevels, denoising_energy, energy_levels, noised
from decision_diffuser_ros.diffusion.samplers import KnownStates
from decision_diffuser_ros.diffusion.schedule import NoiseSchedule
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, ConditionEncoder

ENERGY_LEVELS = 3
"""Levels of noise of a score; each is a row of the network's batch for every condition of every candidate."""


class PlanScorer:
    """Scores candidates of all branches with one evaluation of the network."""

    def __init__(
        self, bundle: Bundle, encoder: ConditionEncoder, schedule: NoiseSchedule, *, levels: EnergyLevels | None = None
    ) -> None:
        """Prepares scoring.

        Args:
            bundle: the model.
            encoder: of its conditions.
            schedule: of its training.
            levels: of noise; by default `ENERGY_LEVELS` of the schedule.
        """
        self._bundle = bundle
        self._encoder = encoder
        self._levels = levels if levels is not None else energy_levels(schedule, ENERGY_LEVELS)

    def scores(
        self,
        trajectories: np.ndarray,
        branches: Sequence[Branch],
        *,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The score of each candidate (candidates,) [nats]; only differences have a meaning.

        The best of each branch has the score that branches are compared by, and the others of the branch are as much
        behind it as their own scores say.

        Args:
            trajectories: (candidates, horizon, state_dim) clean, normalised.
            branches: conditions of each candidate.
            known: states that are given, not sampled.
            observation_mask: (horizon,) 1 observed, 0 planned, -1 missing.
            rng: source of the noise, which is the same for all candidates, so that it cancels in the differences.

        Raises:
            ConditionError: a condition is not one of the model's.
            PlanError: the network could not be evaluated.
        """
        needed = [_needed_conditions(branch) for branch in branches]
        energies = self._energies(trajectories, branches, needed, known, observation_mask, rng)
        pairs = list(zip(branches, energies, strict=True))
        within = np.array([branch_score(branch, own) for branch, own in pairs])
        across = np.array([branch_score(with_shares(branch), own) for branch, own in pairs])
        return comparable_scores(within, across, branches)

    def gaps(
        self,
        trajectories: np.ndarray,
        branch: Branch,
        *,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """What each condition adds, log p(x|y_i,h) - log p(x|h), to each candidate of a branch (candidates, n) [nats].

        Arguments and errors as `scores`, with one branch for all candidates.
        """
        every = list(range(len(branch) + 1))
        branches, needed = [branch] * len(trajectories), [every] * len(trajectories)
        energies = self._energies(trajectories, branches, needed, known, observation_mask, rng)
        gaps = np.array([own[0] - own[index] for own in energies for index in every[1:]])
        return gaps.reshape(len(trajectories), len(branch))

    def _energies(
        self,
        trajectories: np.ndarray,
        branches: Sequence[Branch],
        needed: Sequence[list[int]],
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> list[dict[int, float]]:
        """For each candidate -log p under those of [null, y_1, ..., y_n] that are needed, by index."""
        candidate = np.repeat(np.arange(len(branches)), [len(own) for own in needed])
        encoded = [self._encoder.encode_batch(branch) for branch in branches]
        condition = np.concatenate([vectors[own] for (vectors, _), own in zip(encoded, needed, strict=True)])
        present = np.concatenate([flags[own] for (_, flags), own in zip(encoded, needed, strict=True)])
        energies = self._row_energies(trajectories[candidate], condition, present, known, observation_mask, rng)
        return [dict(zip(own, energies[candidate == index].tolist(), strict=True)) for index, own in enumerate(needed)]

    def _row_energies(
        self,
        clean: np.ndarray,
        condition: np.ndarray,
        condition_present: np.ndarray,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The denoising energy of each row (rows,), from one batch of levels x rows."""
        levels, rows = len(self._levels.denoising_step), len(clean)
        noise = rng.standard_normal((levels, 1, *clean.shape[1:]), dtype=np.float32)
        noisy = noised(clean, noise, self._levels).astype(np.float32)
        known.write_into(noisy)
        predictions = self._bundle.denoise(
            noisy.reshape(-1, *clean.shape[1:]),
            np.tile(observation_mask.astype(np.float32), (levels * rows, 1)),
            np.repeat(self._levels.denoising_step, rows),
            np.tile(condition, (levels, 1)),
            np.tile(condition_present, (levels, 1)),
        ).reshape(noisy.shape)
        if self._bundle.manifest.prediction == "noise":
            a = self._levels.alpha_cumprod
            predictions = np.stack([clean_from_noise(*each) for each in zip(noisy, predictions, a, strict=True)])
        is_planned = ~known.slots
        return denoising_energy(clean[:, is_planned], predictions[:, :, is_planned], self._levels)


def branch_score(branch: Branch, energies: dict[int, float]) -> float:
    """The score of one candidate, to be compared with those of the same branch; see the module.

    Args:
        branch: its conditions.
        energies: -log p under [null, y_1, ..., y_n] by index, those that `_needed_conditions` names.
    """
    wanted = sum(condition.weight for condition in branch if condition.weight > 0.0)
    score = -(1.0 - wanted) * energies.get(0, 0.0)
    for index, condition in enumerate(branch, start=1):
        if condition.weight > 0.0:
            score -= condition.weight * energies[index]
        elif condition.weight < 0.0:
            score += condition.weight * max(0.0, energies[0] - energies[index])
    return float(score)


def with_shares(branch: Branch) -> Branch:
    """The branch with its wanted weights divided by their sum, so that they add up to 1; as it is if none is wanted."""
    wanted = sum(condition.weight for condition in branch if condition.weight > 0.0)
    return tuple(
        dataclasses.replace(condition, weight=condition.weight / wanted) if condition.weight > 0.0 else condition
        for condition in branch
    )


def comparable_scores(within: np.ndarray, across: np.ndarray, branches: Sequence[Branch]) -> np.ndarray:
    """One score for each candidate (candidates,) [nats] that may be compared within a branch and across branches.

    Args:
        within: the scores by which a branch's candidates are told apart [nats]; one that is not a number is the worst.
        across: the scores by which branches are compared [nats].
        branches: of each candidate.
    """
    comparable = np.empty_like(within)
    distinct = [branch for number, branch in enumerate(branches) if branch not in branches[:number]]
    for branch in distinct:
        own = np.flatnonzero([each == branch for each in branches])
        best = own[np.argmax(np.where(np.isnan(within[own]), -np.inf, within[own]))]
        with np.errstate(invalid="ignore"):  # where even the best is not finite
            comparable[own] = across[best] + (within[own] - within[best])
    return comparable


def _needed_conditions(branch: Branch) -> list[int]:
    """Indices into [null, y_1, ..., y_n] of those that count; the null condition cancels if the weights add up to 1."""
    weights = [condition.weight for condition in branch]
    wanted = sum(weight for weight in weights if weight > 0.0)
    needs_null = wanted != 1.0 or any(weight < 0.0 for weight in weights)
    return [0] * needs_null + [index for index, weight in enumerate(weights, start=1) if weight != 0.0]


def chosen_candidate(
    scores: np.ndarray, branches: Sequence[Branch], branch_in_use: Branch | None, *, margin: float
) -> int:
    """Index of the candidate to follow: the best, unless the branch in use is nearly as good.

    Without the preference a replanning loop would waver between branches that are about equal, and a gait that changes
    ten times a second is none.

    Args:
        scores: of each candidate [nats]; one that is not a number counts as the worst.
        branches: of each candidate.
        branch_in_use: that the plan now followed was made for; None if there is none.
        margin: by which another branch must be better than the one in use [nats].
    """
    comparable = np.where(np.isnan(scores), -np.inf, scores)
    in_use = np.array([branch == branch_in_use for branch in branches])
    return int(np.argmax(comparable + np.where(in_use, margin, 0.0)))
