"""Composed plans that are carried through: composition chooses what is next, plans for it alone lead there.

Several skills asked at once (AND, Ajay 2023, Eq. 9) alternate in closed loop: in the stride of one, the composed plan
is a change to the other. Such a change needs new plans every few control steps to stay on its feet, but a new composed
plan in the midst of it would take it back. So composition is asked now and then, and what it chose is planned for alone
until it is asked again:

    plan number        0        1   2   3   ...  n-1      n       n+1 ...
    sampled for    trot & pace        pace             trot & pace       trot
                       |---- holds pace                     |---- holds trot

Which one is drawn by the share that each has in the composed plan: with `w*trot & (1-w)*pace` and a guidance weight of
1, a change from trot to pace has the share 1 - w and one back the share w, so that w is the share of time in trot.
"""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, Conditions, as_branches
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
    ) -> None:
        """Prepares planning.

        Args:
            bundle: the model.
            settings: how to sample; by default as the manifest says.
            samples_in_one_call: as for `Planner`.
            choose_every: plans from one composed plan to the next; 1 composes every plan, as `Planner` does.

        Raises:
            ConfigurationError: the model cannot do what is set.
        """
        if choose_every < 1:
            raise ConfigurationError(f"`choose_every` must be at least 1, got {choose_every}")
        super().__init__(bundle, settings=settings, samples_in_one_call=samples_in_one_call)
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
        **keywords: Any,
    ) -> Plan:
        """A plan as `Planner.plan` makes it, of the composition or of what it chose.

        Its `conditions` are those it was sampled for. A plan without a previous one, or for other conditions than the
        one before, is composed anew.
        """
        branch = _composition_of(conditions, self.settings.negation_weight)
        if not branch or self._choose_every == 1:
            self._composition = ()
            return super().plan(history, conditions, rng=rng, previous=previous, **keywords)
        is_due = self._plans_since_choice >= self._choose_every
        if previous is not None and branch == self._composition and not is_due:
            self._plans_since_choice += 1
            return super().plan(history, self._chosen, rng=rng, previous=previous, **keywords)
        composed = super().plan(history, branch, rng=rng, **keywords)
        self._composition, self._plans_since_choice = branch, 1
        self._chosen = self._drawn(composed, history, branch, rng=rng, **keywords)
        return composed

    def warm_up(self, conditions: Conditions | ConditionExpression = ()) -> None:
        """Plans as `Planner.warm_up` does; what that chose is forgotten."""
        super().warm_up(conditions)
        self._composition = ()

    def _drawn(
        self, composed: Plan, history: ArrayLike, branch: Branch, *, rng: np.random.Generator, **keywords: Any
    ) -> Branch:
        """One of the wanted conditions, with all that is to be avoided, by its share in the composed plan.

        It gets the weight 1: alone there is nothing that it would have to be weighed against.
        """
        avoided = tuple(condition for condition in branch if condition.weight < 0.0)
        wanted = [dataclasses.replace(condition, weight=1.0) for condition in branch if condition.weight > 0.0]
        candidates = [(condition, *avoided) for condition in wanted]
        plans = [Planner.plan(self, history, candidate, rng=rng, **keywords) for candidate in candidates]
        shares = mixture_shares(
            np.array([(plan.states / self._std).ravel() for plan in plans]), (composed.states / self._std).ravel()
        )
        return candidates[int(rng.choice(len(candidates), p=shares))]


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


def _composition_of(conditions: Conditions | ConditionExpression, negation_weight: float) -> Branch:
    """The conditions, if they are one branch with at least two that are to be fulfilled; else none."""
    if isinstance(conditions, ConditionExpression):
        branches = conditions.weighted_branches(negation_weight)
    else:
        branches = as_branches(conditions)
    if len(branches) != 1 or sum(condition.weight > 0.0 for condition in branches[0]) < 2:
        return ()
    return branches[0]
