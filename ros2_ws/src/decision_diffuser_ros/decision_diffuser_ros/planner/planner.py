"""The planner: a history of states and conditions in, a plan of states and actions out.

The window of the model, with a history of K = 4 slots of which 3 are filled, and 5 planned states; `now` is the last
history slot:

    slot              0         1         2         3       4       5       6       7       8
    state        missing   observed  observed  observed    s_1     s_2     s_3     s_4     s_5
    mask             -1         1         1         1       0       0       0       0       0
    action                                            a_0     a_1     a_2     a_3     a_4

`Plan.states[i]` is s_(i+1) and `Plan.actions[i]` is a_i, the action that leads to it from the state before.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.diffusion.samplers import (
    KnownStates,
    renoise,
    shift_plan,
    start_noise,
)
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel, noise_schedule
from decision_diffuser_ros.errors import PlanError, StateError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, Condition, ConditionEncoder, Conditions, as_branches
from decision_diffuser_ros.planner.expression import ConditionExpression
from decision_diffuser_ros.planner.feasibility import possible_expression
from decision_diffuser_ros.planner.guided_denoiser import GuidedDenoiser
from decision_diffuser_ros.planner.network_rows import network_rows
from decision_diffuser_ros.planner.object_outcomes import Outcome
from decision_diffuser_ros.planner.outcomes import OutcomeSampler
from decision_diffuser_ros.planner.plan_score import PlanScorer, chosen_candidate
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.planner.step_times import StepTimes
from decision_diffuser_ros.planner.trajectory_sampler import TrajectorySampler

OBSERVED, PLANNED, MISSING = 1.0, 0.0, -1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """What a planner returns.

    Attributes:
        states: (plan_steps, state_dim) float32, raw [SI]; row 0 is one step duration after the last history state.
        actions: (plan_steps, action_dim) float32, raw [SI]; row 0 leads from the last history state to states[0].
        conditions: the conditions it was sampled for; of several branches, those of the one that was chosen.
        denoising_steps: number of denoising steps that were run.
        seconds: wall time that planning took [s].
        scores: of all candidates that it was chosen from, branch by branch [nats] (`plan_score`); empty if it was the
            only one.
        outcome: where it leads in the end, if the model plans that (`outcomes`).
    """

    states: np.ndarray
    actions: np.ndarray
    conditions: tuple[Condition, ...]
    denoising_steps: int
    seconds: float
    scores: tuple[float, ...] = ()
    outcome: Outcome | None = None


class Planner:
    """Samples plans from a model. Given the same arguments and generator state, it returns the same plan."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        settings: SamplingSettings | None = None,
        samples_in_one_call: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares planning.

        Args:
            bundle: the model.
            settings: how to sample; by default as the manifest says.
            samples_in_one_call: run all denoising steps in one graph, in place of one call of the network a step;
                the plans are the same up to rounding.
            clock: returns the time that deadlines are on [s].

        Raises:
            ConfigurationError: the model cannot do what is set.
        """
        manifest = bundle.manifest
        self.bundle = bundle
        self.settings = settings if settings is not None else manifest.sampling
        self.settings.check_against(denoising_steps=manifest.schedule.denoising_steps, history=manifest.history)
        schedule = noise_schedule(manifest.schedule.name, manifest.schedule.denoising_steps)
        self._levels = {
            count: schedule.levels(count, spacing=self.settings.step_spacing)
            for count in range(1, self.settings.denoising_steps + 1)
        }
        self._clock = clock
        self._step_times = StepTimes()
        self._encoder = ConditionEncoder(manifest)
        self._scorer = PlanScorer(bundle, self._encoder, schedule)
        self._sampler = TrajectorySampler(bundle, self.settings, in_one_call=samples_in_one_call)
        self._outcomes = (
            OutcomeSampler(bundle, self.settings, encoder=self._encoder, schedule=schedule, sampler=self._sampler)
            if manifest.outcome
            else None
        )
        self._mean = np.asarray(manifest.normaliser.mean, np.float32)
        self._std = np.asarray(manifest.normaliser.std, np.float32)

    def plan(
        self,
        history: ArrayLike,
        conditions: Conditions | ConditionExpression,
        *,
        rng: np.random.Generator,
        previous: Plan | None = None,
        warm_start_shift: int = 0,
        committed: ArrayLike | None = None,
        deadline: float | None = None,
        outcome: ArrayLike | None = None,
    ) -> Plan:
        """A plan that goes on from the history and fulfils the conditions.

        Args:
            history: (n, state_dim) observed states, raw [SI], oldest first, the last one now; n is 1 to the model's
                history, of which the last `settings.history` are used. A short history leaves slots missing.
            conditions: all to be fulfilled (Ajay 2023, Eq. 9); none for a plan without condition. Or branches of
                conditions, or an expression, one alternative of which is to be fulfilled: candidates of all are
                sampled side by side, and the best is returned, with a preference for the branch of `previous`.
            rng: source of the noise.
            previous: the last plan, to start from (App. E). It is used if the settings ask for warm starts and it was
                made for the same conditions: few denoising steps cannot lead from one skill to another.
            warm_start_shift: control steps that have passed since `previous` was planned.
            committed: (m, state_dim) states after the history, raw [SI], that the robot is led through whatever is
                planned now; 0 <= m < plan_steps. The plan begins with them, and the network sees them without noise.
            deadline: when the plan shall be there, on the planner's clock [s]: as many denoising steps are run, of
                those set, as fit by the times of the plans before, and at least one. None runs all.
            outcome: (state_dim,) state to lead to, raw [SI], for models that plan one; by default one is drawn for the
                conditions, or that of `previous` is kept (`outcomes`).

        Raises:
            StateError: history, committed states or outcome have the wrong shape or are not finite.
            ConditionError: a condition is not one of the model's.
            PlanError: the network returned values that are not finite, or `previous` is of another model.
        """
        asked, branches = self._clock(), self._branches(conditions)
        now, known, observation_mask = self._observe(history)
        aim = self._aim(outcome, branches, previous, now[0], known, observation_mask, rng)
        candidates = self._candidates(branches, aim)
        ahead = self._commit(committed, known)
        began = self._clock()
        denoiser = self._denoiser(candidates, observation_mask)
        most = self._fitting_steps(deadline, denoiser.rows.count)
        before = previous if _leads_there(previous, aim, candidates) else None
        start, levels = self._start(len(candidates), before, warm_start_shift, most, rng)
        sampling_began = self._clock()
        trajectories = self._sampler.sample(denoiser, start, levels, known=known, rng=rng)
        sampling = self._clock() - sampling_began
        scores = self._scores(trajectories, candidates, known=known, observation_mask=observation_mask, rng=rng)
        chosen = self._best_candidate(scores, candidates, previous)
        states = self._planned_states(trajectories[chosen], ahead)
        actions = self.bundle.inverse_dynamics(np.concatenate([now, states[:-1]]), states)
        ended = self._clock()
        self._step_times.note(
            denoising_steps=len(levels), rows=denoiser.rows.count, sampling=sampling, besides=ended - began - sampling
        )
        fulfilled = candidates[chosen] if aim is None else aim.branch
        return Plan(states, actions, fulfilled, len(levels), ended - asked, tuple(scores.tolist()), aim)

    def sample(
        self, history: ArrayLike, branches: Sequence[Branch], *, rng: np.random.Generator
    ) -> tuple[np.ndarray, KnownStates, np.ndarray]:
        """One trajectory for each branch, as it is sampled: what `plan` chooses from.

        Args:
            history: as for `plan`.
            branches: conditions of each trajectory; the same may be there several times.
            rng: source of the noise.

        Returns:
            Trajectories (candidates, horizon, state_dim), normalised; the known states among them; and the mask
            (horizon,) that the network was told: 1 observed, 0 planned, -1 missing.

        Raises:
            StateError, ConditionError, PlanError: as `plan`.
        """
        _, known, observation_mask = self._observe(history)
        denoiser = self._denoiser(branches, observation_mask)
        start, levels = self._start(len(branches), None, 0, self.settings.denoising_steps, rng)
        trajectories = self._sampler.sample(denoiser, start, levels, known=known, rng=rng)
        if not np.isfinite(trajectories).all():
            raise PlanError(f"model '{self.bundle.manifest.name}' returned plans that are not finite")
        return trajectories, known, observation_mask

    def warm_up(self, conditions: Conditions | ConditionExpression = ()) -> None:
        """Plans once from the mean state, so that the first real plan does not pay for one-time preparations.

        What this took is no measure for later plans and is forgotten.
        """
        self.plan(self._mean[np.newaxis], conditions, rng=np.random.default_rng(0))
        self._step_times = StepTimes()

    def _fitting_steps(self, deadline: float | None, rows: int) -> int:
        """The most denoising steps to run, for a network batch of so many rows."""
        most = self.settings.denoising_steps
        if deadline is None:
            return most
        return self._step_times.fitting_steps(deadline - self._clock(), rows=rows, most=most)

    def _observe(self, history: ArrayLike) -> tuple[np.ndarray, KnownStates, np.ndarray]:
        """The state now (1, state_dim) raw, the known rows of the window normalised, and the mask (horizon,)."""
        manifest = self.bundle.manifest
        observed = self._checked(history, "history", most=manifest.history)[-self.settings.history :]
        first = manifest.history - len(observed)
        window = np.zeros((manifest.horizon, manifest.state_dim), np.float32)
        window[first : manifest.history] = (observed - self._mean) / self._std
        mask = np.full(manifest.horizon, PLANNED, np.float32)
        mask[:first] = MISSING
        mask[first : manifest.history] = OBSERVED
        return observed[-1:], KnownStates(window, mask != PLANNED), mask

    def _commit(self, committed: ArrayLike | None, known: KnownStates) -> np.ndarray:
        """The committed states (m, state_dim) raw, m = 0 for none; adds them to the known rows of the window."""
        manifest = self.bundle.manifest
        if committed is None or np.shape(committed) == (0, manifest.state_dim):
            return np.empty((0, manifest.state_dim), np.float32)
        ahead = self._checked(committed, "committed prefix", most=manifest.plan_steps - 1)
        rows = slice(manifest.history, manifest.history + len(ahead))
        known.states[rows] = (ahead - self._mean) / self._std
        known.slots[rows] = True
        return ahead

    def _checked(self, states: ArrayLike, name: str, *, most: int) -> np.ndarray:
        """States as float32 (n, state_dim), refused unless they are 1 to `most` of them."""
        state_dim = self.bundle.manifest.state_dim
        try:
            raw = np.asarray(states)
        except ValueError as error:
            raise StateError(f"expected states of {state_dim} numbers each: {error}") from error
        is_numeric = np.issubdtype(raw.dtype, np.number) and not np.issubdtype(raw.dtype, np.complexfloating)
        has_shape = raw.ndim == 2 and 1 <= len(raw) <= most and raw.shape[1] == state_dim
        if not (is_numeric and has_shape):
            raise StateError(
                f"expected a {name} of shape (1 to {most}, {state_dim}), oldest state first; "
                f"got {raw.dtype} {raw.shape}"
            )
        with np.errstate(over="ignore"):
            checked = raw.astype(np.float32)
        if not np.isfinite(checked).all():
            row, column = np.argwhere(~np.isfinite(checked))[0]
            raise StateError(
                f"expected a {name} of finite numbers; got {self.bundle.manifest.state_names[column]} = "
                f"{raw[row, column]} in state {row + 1} of {len(raw)}"
            )
        return checked

    def _branches(self, conditions: Conditions | ConditionExpression) -> tuple[Branch, ...]:
        """What is asked, one branch of which is to be fulfilled. Raises ConditionError if it contradicts itself."""
        if isinstance(conditions, ConditionExpression):
            conditions = possible_expression(conditions).expression.weighted_branches(self.settings.negation_weight)
        return tuple(as_branches(conditions))

    def _candidates(self, branches: tuple[Branch, ...], aim: Outcome | None) -> tuple[Branch, ...]:
        """The branch of each candidate; none is needed by one that leads to an outcome."""
        if aim is not None:
            return ((),)
        return tuple(branch for branch in branches for _ in range(self.settings.candidates))

    def _aim(
        self,
        given: ArrayLike | None,
        branches: tuple[Branch, ...],
        previous: Plan | None,
        now: np.ndarray,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> Outcome | None:
        """The outcome to plan for, which becomes one of the known states; None if the model has none."""
        if self._outcomes is None:
            if given is not None:
                raise StateError(f"model '{self.bundle.manifest.name}' plans no outcome, so that none can be given")
            return None
        in_use = None if previous is None else previous.outcome
        if given is not None:
            state = self._checked(np.asarray(given)[np.newaxis], "outcome", most=1)[0]
            outcome = self._outcomes.given(state, branches[0], now, in_use=in_use)
        else:
            outcome = self._outcomes.outcome(
                branches, now, in_use=in_use, known=known, observation_mask=observation_mask, rng=rng
            )
        self._outcomes.write_into(outcome, known, observation_mask)
        return outcome

    def _denoiser(self, branches: Sequence[Branch], observation_mask: np.ndarray) -> GuidedDenoiser:
        """The denoiser of one candidate for each branch."""
        rows = network_rows(
            branches,
            self._encoder,
            guidance_weight=self.settings.guidance_weight,
            unguided_levels=self.settings.unguided_levels,
        )
        return GuidedDenoiser(
            self.bundle, rows, observation_mask=observation_mask, clean_limit=self.settings.clean_limit
        )

    def _planned_states(self, trajectory: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        """The planned states (plan_steps, state_dim) raw of a trajectory, those that were committed as they were."""
        first, last = self.bundle.manifest.history, self.bundle.manifest.history + self.bundle.manifest.plan_steps
        states = trajectory[first:last] * self._std + self._mean
        states[: len(ahead)] = ahead
        if not np.isfinite(states).all():
            name = self.bundle.manifest.name
            raise PlanError(f"model '{name}' returned a plan that is not finite; is the history plausible?")
        return states

    def _scores(
        self,
        trajectories: np.ndarray,
        candidates: tuple[Branch, ...],
        *,
        known: KnownStates,
        observation_mask: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """The score of each candidate [nats]; empty if there is no choice."""
        if len(candidates) == 1:
            return np.empty(0)
        return self._scorer.scores(trajectories, candidates, known=known, observation_mask=observation_mask, rng=rng)

    def _best_candidate(self, scores: np.ndarray, candidates: tuple[Branch, ...], previous: Plan | None) -> int:
        """Index of the candidate to follow."""
        if len(candidates) == 1:
            return 0
        in_use = None if previous is None else previous.conditions
        return chosen_candidate(scores, candidates, in_use, margin=self.settings.branch_margin)

    def _start(
        self,
        candidates: int,
        previous: Plan | None,
        warm_start_shift: int,
        most: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, tuple[DenoisingLevel, ...]]:
        """The noisy trajectories to start from and the denoising steps to run: cold, or warm (Ajay 2023, App. E).

        Of the steps set, `most` are run: a cold start spreads them over all levels, a warm one leaves the first out.

        Candidates of several branches take their steps side by side, so a warm start needs a single branch.
        """
        manifest, temperature = self.bundle.manifest, self.settings.temperature
        shape = (candidates, manifest.horizon, manifest.state_dim)
        steps = self.settings.warm_start_steps
        if previous is None or steps is None:
            return start_noise(shape, rng=rng, temperature=temperature), self._levels[most]
        if previous.states.shape != (manifest.plan_steps, manifest.state_dim) or warm_start_shift < 0:
            raise PlanError(
                f"expected a previous plan of shape ({manifest.plan_steps}, {manifest.state_dim}) and a shift of "
                f"at least 0; got {previous.states.shape} and {warm_start_shift}"
            )
        clean = np.zeros(shape, np.float32)
        planned = slice(manifest.history, manifest.history + manifest.plan_steps)
        clean[:, planned] = (shift_plan(previous.states, warm_start_shift) - self._mean) / self._std
        levels = self._levels[self.settings.denoising_steps][-min(steps, most) :]
        return renoise(clean, levels[0], rng=rng, temperature=temperature), levels


def _leads_there(previous: Plan | None, aim: Outcome | None, candidates: tuple[Branch, ...]) -> bool:
    """Whether the plan before was made for the same as all candidates are."""
    if previous is None:
        return False
    if aim is not None:
        return previous.outcome is aim
    return all(branch == previous.conditions for branch in candidates)
