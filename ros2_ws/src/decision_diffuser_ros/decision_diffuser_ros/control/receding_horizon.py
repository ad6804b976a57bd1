"""Receding-horizon control: which plan is followed at which control step.

The controller counts control steps ``c`` with :meth:`observe`. A plan made from the
states up to step ``o`` (its origin) holds the states of steps ``o+1, o+2, ...``; with
``planning_latency_steps=1`` and ``replan_every=2``::

    control step        o      o+1     o+2     o+3     o+4
    observe         request           request         request
    plan arrives        |--x          |--x            |--x
    plan followed     older     o       o      o+2     o+2
    its index           .       1       2       1       2

so that a plan is never used before the latency it was granted has passed, however early
it arrives: simulation, evaluation and robot act on plans of the same age. Only the very
first plan is followed at once, because there is no older one to go on with.

Commands may be wanted more often than the model's states are apart: with
``commands_per_step=2`` every other call of :meth:`observe` falls between two control steps. It
counts no step and asks for no plan, and the action is that of the control step again: inverse
dynamics has learnt which targets, held for a whole step, lead from one state to the next.

With ``commits_prefix`` a request also says which states the robot is led through until
its plan comes in use, as far as that is certain: those of the plans there are for the
steps ``o+1 ... o+latency``. A planner that begins its plan with them leaves no step
between the two plans: what was aimed at before the seam is what the new plan goes on from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.errors import ConfigurationError, PlanError, StateError

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.conditions import Conditions
    from decision_diffuser_ros.planner.manifest import Manifest
    from decision_diffuser_ros.planner.planner import Plan

InverseDynamics = Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True)
class RecedingHorizonSettings:
    """How often to plan and how old a plan is when it comes in use.

    Attributes:
        replan_every: control steps between two plan requests, at least 1.
        planning_latency_steps: control steps from a request until its plan is followed;
            0 follows it within the step that asked (only when planning is instantaneous).
        commits_prefix: whether requests hold the states that are passed through meanwhile.
        commands_per_step: calls of ``observe`` and ``action`` in a control step, at least 1.
    """

    replan_every: int = 2
    planning_latency_steps: int = 1
    commits_prefix: bool = False
    commands_per_step: int = 1

    def __post_init__(self) -> None:
        if self.replan_every < 1:
            raise ConfigurationError(f"`replan_every` must be at least 1. Got {self.replan_every}")
        if self.commands_per_step < 1:
            raise ConfigurationError(f"`commands_per_step` must be at least 1. Got {self.commands_per_step}")
        if self.planning_latency_steps < 0:
            raise ConfigurationError(
                f"`planning_latency_steps` must not be negative. Got {self.planning_latency_steps}"
            )


@dataclass(frozen=True, eq=False)
class PlanRequest:
    """What the planner needs to make one plan.

    Attributes:
        sequence: number of the request, increasing over the controller's whole life.
        control_step: origin of the plan: the control step of the history's last state.
        history: observed states, oldest first, ``(history, state_dim)``, SI units.
        conditions: what the plan shall fulfil: conditions, or branches of conditions to choose from.
        previous: the plan now followed, for warm starts; None on a cold start.
        warm_start_shift: control steps from the previous plan's origin to this one's.
        committed: states of the steps after the origin that the robot is led through before
            this plan can come in use ``(at most latency, state_dim)``; None for none.
        latency_steps: control steps from the origin until the plan comes in use.
    """

    sequence: int
    control_step: int
    history: NDArray[np.float64]
    conditions: Conditions
    previous: Plan | None = None
    warm_start_shift: int = 0
    committed: NDArray[np.floating] | None = None
    latency_steps: int = 1


class RecedingHorizonController:
    """Turns observed states into plan requests, and plans into joint targets.

    Once a control step: ``observe``, plan the request if there is one (now or in another
    process), ``accept`` whatever plan has arrived, ``action``.
    """

    def __init__(
        self, *, manifest: Manifest, inverse_dynamics: InverseDynamics, settings: RecedingHorizonSettings | None = None
    ) -> None:
        """Start without history, plan or conditions.

        Args:
            manifest: of the model: dimensions and the longest history it takes.
            inverse_dynamics: maps a state and the next one, both ``(state_dim,)``, to the
                action between them ``(action_dim,)`` (Ajay 2023, Eq. 7).
            settings: see :class:`RecedingHorizonSettings`.

        Raises:
            ConfigurationError: the plans would be exhausted before the next comes in use.
        """
        self.settings = settings or RecedingHorizonSettings()
        self._state_dim = manifest.state_dim
        self._plan_steps = manifest.plan_steps
        self._inverse_dynamics = inverse_dynamics
        self._history: deque[NDArray[np.float64]] = deque(maxlen=manifest.history)
        self._sequence = 0
        self._plans_followed = 0
        longest_use = self.settings.planning_latency_steps + self.settings.replan_every
        if longest_use > self._plan_steps:
            raise ConfigurationError(
                f"a plan of {self._plan_steps} steps is exhausted before the next comes in use: "
                f"`planning_latency_steps` + `replan_every` must be at most {self._plan_steps}. "
                f"Got {self.settings.planning_latency_steps} + {self.settings.replan_every}"
            )
        self._conditions: Conditions = ()
        self._latency_steps = self.settings.planning_latency_steps
        self.reset()

    def reset(self) -> None:
        """Forget history and plans; the conditions stay. Plans under way are not accepted."""
        self._history.clear()
        self._control_step = -1
        self._commands_since_step = -1
        self._targets: NDArray[np.float64] | None = None
        self._last_request: PlanRequest | None = None
        self._unanswered: deque[PlanRequest] = deque()
        self._waiting: deque[tuple[PlanRequest, Plan]] = deque()
        self._followed: tuple[PlanRequest, Plan] | None = None
        self._first_valid_sequence = self._sequence
        self._conditions_changed = True

    def recall(self, states: Iterable[ArrayLike]) -> None:
        """Take up a history that others observed, before the first state of this controller's own.

        Args:
            states: of the control steps before, oldest first, each ``(state_dim,)``, SI units.
        """
        self._history.extend(np.array(state, dtype=np.float64) for state in states)

    @property
    def conditions(self) -> Conditions:
        """What plans are asked to fulfil from now on."""
        return self._conditions

    @property
    def latency_steps(self) -> int:
        """Control steps until a plan requested now comes in use; the settings' at first."""
        return self._latency_steps

    @latency_steps.setter
    def latency_steps(self, latency_steps: int) -> None:
        """For requests from now on; at most so many that a plan does not end before the next comes in use."""
        longest = self._plan_steps - self.settings.replan_every
        self._latency_steps = min(max(latency_steps, 0), longest)

    @property
    def control_step(self) -> int:
        """Number of the control step now, from 0; -1 before the first state."""
        return self._control_step

    @property
    def plan(self) -> Plan | None:
        """The plan followed at this control step, None before the first."""
        self._promote()
        return self._followed[1] if self._followed else None

    @property
    def plan_request(self) -> PlanRequest | None:
        """The request whose plan is followed at this control step."""
        self._promote()
        return self._followed[0] if self._followed else None

    @property
    def plans_followed(self) -> int:
        """Plans that came in use in this controller's whole life."""
        self._promote()
        return self._plans_followed

    @property
    def plan_age_steps(self) -> int | None:
        """Control steps since the followed plan's last observed state, None without a plan."""
        request = self.plan_request
        return None if request is None else self._control_step - request.control_step

    @property
    def overdue_request(self) -> PlanRequest | None:
        """The newest request whose plan should be in use by now and has not arrived.

        Without any plan to follow, every unanswered request should be.
        """
        has_plan = self.plan is not None
        due = [request for request in self._unanswered if not has_plan or self._is_due(request, self._control_step)]
        return due[-1] if due else None

    def set_conditions(self, conditions: Conditions) -> None:
        """Ask for these conditions from the next observed state on, which triggers a request."""
        conditions = tuple(conditions)
        if conditions != self._conditions:
            self._conditions = conditions
            self._conditions_changed = True

    def observe(self, state: ArrayLike) -> PlanRequest | None:
        """Return the plan request due at this control step, None when none is due.

        With several commands a control step, the first call of each is the control step.

        Args:
            state: measured now ``(state_dim,)``, SI units.

        Raises:
            StateError: the state has another shape or is not finite; the step is not counted.
        """
        state = np.array(state, dtype=np.float64)
        if state.shape != (self._state_dim,):
            raise StateError(f"the state must have shape ({self._state_dim},). Got {state.shape}")
        if not np.isfinite(state).all():
            raise StateError(
                f"the state must be finite. Got {state[~np.isfinite(state)][0]} at "
                f"index {int(np.flatnonzero(~np.isfinite(state))[0])}"
            )
        self._measured = state
        self._commands_since_step = (self._commands_since_step + 1) % self.settings.commands_per_step
        if self._commands_since_step > 0:
            return None
        self._history.append(state)
        self._control_step += 1
        self._targets = None
        return self._request() if self._replan_is_due() else None

    def accept(self, request: PlanRequest, plan: Plan) -> bool:
        """Return whether the plan will be followed; False when a newer one is there already.

        Raises:
            PlanError: the plan has the wrong shape or is not finite; it is not followed.
        """
        states = np.asarray(plan.states)
        if states.shape != (self._plan_steps, self._state_dim):
            raise PlanError(
                f"the planned states must have shape ({self._plan_steps}, {self._state_dim}). Got {states.shape}"
            )
        if not np.isfinite(states).all():
            raise PlanError(f"plan {request.sequence} holds NaN or infinity and is refused")
        newest = self._waiting[-1] if self._waiting else self._followed
        if request.sequence < self._first_valid_sequence:
            return False
        if newest is not None and request.sequence <= newest[0].sequence:
            return False
        self._unanswered = deque(other for other in self._unanswered if other.sequence > request.sequence)
        self._waiting.append((request, plan))
        return True

    def action(self) -> NDArray[np.float64]:
        """Return the joint targets of this control step ``(action_dim,)`` [rad].

        Inverse dynamics of the *measured* state and the plan's state one step ahead, worked out once a step.

        Raises:
            PlanError: there is no plan yet, it is exhausted, or the targets are not finite.
        """
        if self._targets is None:
            self._targets = self._targets_now()
        return self._targets.copy()

    def _targets_now(self) -> NDArray[np.float64]:
        self._promote()
        if self._followed is None:
            raise PlanError("there is no plan to follow yet")
        request, plan = self._followed
        plan_step = self._control_step - request.control_step
        if plan_step >= self._plan_steps:
            raise PlanError(
                f"the plan is exhausted: it has {self._plan_steps} steps and is {plan_step} control steps old"
            )
        targets = np.asarray(self._inverse_dynamics(self._measured, plan.states[plan_step]), dtype=np.float64)
        if not np.isfinite(targets).all():
            raise PlanError(f"inverse dynamics gave NaN or infinity at plan step {plan_step}")
        return targets

    def _replan_is_due(self) -> bool:
        if self._last_request is None or self._conditions_changed:
            return True
        steps = self._control_step - self._last_request.control_step
        return steps >= self.settings.replan_every

    def _request(self) -> PlanRequest:
        previous = self.plan
        request = PlanRequest(
            sequence=self._sequence,
            control_step=self._control_step,
            history=np.stack(self._history),
            conditions=self._conditions,
            previous=previous,
            warm_start_shift=0 if previous is None else int(self.plan_age_steps or 0),
            committed=self._committed_states() if self.settings.commits_prefix else None,
            latency_steps=self._latency_steps,
        )
        self._sequence += 1
        self._last_request = request
        self._conditions_changed = False
        self._unanswered.append(request)
        while len(self._unanswered) > self._plan_steps:
            self._unanswered.popleft()
        return request

    def _committed_states(self) -> NDArray[np.floating] | None:
        """The states aimed at until a plan requested now comes in use; None without a plan.

        They end before the step at which a plan that is still being made comes in use.
        """
        plans = [each for each in (self._followed, *self._waiting) if each is not None]
        changes = [request.control_step + request.latency_steps for request in self._unanswered]
        end = min([self._control_step + self._latency_steps, *changes])
        states = []
        for control_step in range(self._control_step, end if plans else self._control_step):
            in_use = [each for each in plans[1:] if self._is_due(each[0], control_step)]
            request, plan = in_use[-1] if in_use else plans[0]
            plan_step = control_step - request.control_step
            if plan_step >= self._plan_steps:
                break
            states.append(plan.states[plan_step])
        return np.stack(states) if states else None

    def _promote(self) -> None:
        """Follow the newest waiting plan whose latency has passed; at once if there is none."""
        before = self._followed
        while self._waiting and (self._followed is None or self._is_due(self._waiting[0][0], self._control_step)):
            self._followed = self._waiting.popleft()
        self._plans_followed += self._followed is not before

    @staticmethod
    def _is_due(request: PlanRequest, control_step: int) -> bool:
        """Return whether the latency that the request's plan was granted has passed."""
        return request.control_step + request.latency_steps <= control_step
