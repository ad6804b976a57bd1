"""Composed plans that are carried through: composition chooses what is next, plans for it alone lead there.

Several skills asked at once (AND, Ajay 2023, Eq. 9) alternate in closed loop: in the stride of one, the composed plan
is a change to the other. Such a change needs new plans every few control steps to stay on its feet, but a new composed
plan in the midst of it would take it back. So composition is asked now and then, and what it chose is planned for alone
until it is asked again:

    plan number        0        1   2   3   ...  n-1      n       n+1 ...
    sampled for    trot & pace        pace             trot & pace       trot
                       |---- holds pace                     |---- holds trot

Which one is drawn by the share that each has in the composed plan. With `w*trot & (1-w)*pace` the share of the trot
grows with w, but steeply around one half: each denoising step adds the estimates by weight, and the steps after it
settle on one of the gaits.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, Conditions
from decision_diffuser_ros.planner.expression import ConditionExpression
from decision_diffuser_ros.planner.planner import Plan, Planner
from decision_diffuser_ros.planner.settings import SamplingSettings


class CompositionFollower(Planner):
    """A planner that asks for a composition once in a number of plans, and in between for what that chose.

    One wanted condition, alone or beside conditions to be avoided, and alternatives (OR) are planned for as `Planner`
    does. It remembers what was chosen from one plan to the next, so each robot needs one of its own.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        settings: SamplingSettings | None = None,
        samples_in_one_call: bool = False,
        choose_every: int = 22,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares planning.

        Args:
            bundle: the model.
            settings: how to sample; by default as the manifest says.
            samples_in_one_call: as for `Planner`.
            choose_every: plans from one composed plan to the next; 1 composes every plan, as `Planner` does.
            clock: as for `Planner`.

        Raises:
            ConfigurationError: the model cannot do what is set.
        """
        if choose_every < 1:
            raise ConfigurationError(f"`choose_every` must be at least 1, got {choose_every}")
        super().__init__(bundle, settings=settings, samples_in_one_call=samples_in_one_call, clock=clock)
        self._choose_every = choose_every
        self._composition: Branch = ()
        self._chosen: Branch = ()
        self._plans_since_choice = 0

    def plan(
        self,
        history: ArrayLike,
        conditions: Conditions | ConditionExpression,
        *,
        rng: np.random.Generator,
        previous: Plan | None = None,
        deadline: float | None = None,
        **keywords: Any,
    ) -> Plan:
        """A plan as `Planner.plan` makes it, of the composition or of what it chose.

        Its `conditions` are those it was sampled for. A plan without a previous one, or for other conditions than the
        one before, is composed anew. To choose takes a plan for each wanted condition, too: with a `deadline` all of
        them share the time that is left, and `seconds` is what they took together.
        """
        began, branches = self._clock(), self._branches(conditions)
        branch = _composition_of(branches)
        if not branch or self._choose_every == 1:
            self._composition = ()
            return super().plan(history, branches, rng=rng, previous=previous, deadline=deadline, **keywords)
        is_due = self._plans_since_choice >= self._choose_every
        if previous is not None and branch == self._composition and not is_due:
            self._plans_since_choice += 1
            return super().plan(history, self._chosen, rng=rng, previous=previous, deadline=deadline, **keywords)
        candidates = _candidates_of(branch)
        first_deadline = self._shared(deadline, plans=1 + len(candidates))
        composed = super().plan(history, branch, rng=rng, deadline=first_deadline, **keywords)
        self._composition, self._plans_since_choice = branch, 1
        self._chosen = self._drawn(composed, history, candidates, rng=rng, deadline=deadline, **keywords)
        return dataclasses.replace(composed, seconds=self._clock() - began)

    def warm_up(self, conditions: Conditions | ConditionExpression = ()) -> None:
        """Plans as `Planner.warm_up` does; what that chose is forgotten."""
        super().warm_up(conditions)
        self._composition = ()

    def _drawn(
        self,
        composed: Plan,
        history: ArrayLike,
        candidates: Sequence[Branch],
        *,
        rng: np.random.Generator,
        deadline: float | None,
        **keywords: Any,
    ) -> Branch:
        """One of the candidates, by its share in the composed plan."""
        parts = []
        for number, candidate in enumerate(candidates):
            own = self._shared(deadline, plans=len(candidates) - number)
            plan = super().plan(history, candidate, rng=rng, deadline=own, **keywords)
            parts.append((plan.states / self._std).ravel())
        shares = mixture_shares(np.array(parts), (composed.states / self._std).ravel())
        return candidates[int(rng.choice(len(candidates), p=shares))]

    def _shared(self, deadline: float | None, *, plans: int) -> float | None:
        """The deadline of the next of so many plans that share the time until a deadline equally."""
        now = self._clock()
        return None if deadline is None else now + (deadline - now) / plans


def mixture_shares(parts: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """The share of each part in a mixture, (parts,), at least 0 and 1 in all.

    They are the weights, with a sum of 1, of the parts' combination that comes nearest to the mixture. What lies beyond
    a part holds nothing of the others.

    Args:
        parts: (parts, size), at least one.
        mixture: (size,).
    """
    differences = (parts[1:] - parts[0]).T
    weights, *_ = np.linalg.lstsq(differences.astype(float), (mixture - parts[0]).astype(float), rcond=None)
    shares = np.clip(np.concatenate([[1.0 - weights.sum()], weights]), 0.0, None)
    return shares / shares.sum()


def _composition_of(branches: Sequence[Branch]) -> Branch:
    """The conditions, if they are one branch with at least two that are to be fulfilled; else none."""
    if len(branches) != 1 or sum(condition.weight > 0.0 for condition in branches[0]) < 2:
        return ()
    return branches[0]


def _candidates_of(composition: Branch) -> list[Branch]:
    """Each of the wanted conditions, with all that is to be avoided.

    It gets the weight 1: alone there is nothing that it would have to be weighed against.
    """
    avoided = tuple(condition for condition in composition if condition.weight < 0.0)
    wanted = [dataclasses.replace(condition, weight=1.0) for condition in composition if condition.weight > 0.0]
    return [(condition, *avoided) for condition in wanted]
