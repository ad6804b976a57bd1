"""Where a plan leads in the end: outcomes that are drawn, compared and kept.

A plan of two seconds shows a block on its way, not what is being built. Two constraints have little in common in the
next two seconds, since each may be met by moving another block; but they have outcomes in common. A model with an
outcome therefore plans one more state, the one in which the demonstration would end, and it is there that conditions
compose (Ajay 2023, Eq. 9 and App. J). On the way there objects are moved one by one (`piles.next_move`). So the way is
planned for a milestone, in which the next one has been moved and all else is as it is, and for that alone: it says all
there is to know.

    history, conditions  ->  outcomes, many at once  ->  one of them  ->  milestone     when there is a reason
    history, that milestone  ->  plan                                                   every time

Taken is the outcome that fails the fewest conditions, of those the nearest, of those the one that was aimed at;
`object_outcomes` says how that is seen.

An outcome and its milestone are kept while the gripper is closed; and where no condition fails in the outcome, while
nothing has moved since it was chosen.
"""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.diffusion.samplers import KnownStates, start_noise
from decision_diffuser_ros.diffusion.schedule import NoiseSchedule
from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, ConditionEncoder
from decision_diffuser_ros.planner.guided_denoiser import GuidedDenoiser
from decision_diffuser_ros.planner.network_rows import network_rows
from decision_diffuser_ros.planner.object_outcomes import ObjectOutcomes, Outcome
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.planner.trajectory_sampler import TrajectorySampler


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
        still = [Outcome(self.objects.tidied(each.state, now), each.branch, now) for each in kept]
        return self.objects.best([*drawn, *still], in_use=still[0] if still else None)

    def given(self, state: np.ndarray, branch: Branch, now: np.ndarray, *, in_use: Outcome | None) -> Outcome:
        """A wanted state (state_dim,) as the outcome: the one in use, if that is it and there is no reason to go anew.

        Args:
            state: wanted, raw [SI].
            branch: conditions that it stands for.
            now: (state_dim,) observed state, raw [SI].
            in_use: the outcome of the plan before.
        """
        if in_use is not None and np.array_equal(in_use.state, state) and not self.objects.is_outdated(in_use, now):
            return in_use
        return Outcome(state, branch, now)

    def write_into(self, outcome: Outcome, known: KnownStates, observation_mask: np.ndarray) -> None:
        """Gives what is to be reached first as the last of the known states."""
        known.states[-1] = (self.objects.milestone(outcome) - self._mean) / self._std
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
        rows = network_rows(
            drawn_for,
            self._encoder,
            guidance_weight=settings.guidance_weight,
            unguided_levels=settings.unguided_levels,
        )
        denoiser = GuidedDenoiser(
            self._bundle, rows, observation_mask=observation_mask, clean_limit=settings.clean_limit
        )
        start = start_noise((len(drawn_for), manifest.horizon, manifest.state_dim), rng=rng)
        ends = self._sampler.sample(denoiser, start, self._levels, known=known, rng=rng)[:, -1]
        if not np.isfinite(ends).all():
            raise PlanError(f"model '{manifest.name}' returned outcomes that are not finite")
        states = [self.objects.tidied(end, now) for end in ends * self._std + self._mean]
        return [Outcome(state, branch, now) for state, (_, branch) in zip(states, asked, strict=True)]


def _parts(branch: Branch) -> list[Branch]:
    """What outcomes of a branch are drawn for: all of it, and what is wanted one by one."""
    wanted = [(condition,) for condition in branch if condition.weight > 0.0]
    return [branch, *wanted] if len(wanted) > 1 else [branch]
