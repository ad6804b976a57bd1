"""Which plan is followed at which control step."""

from types import SimpleNamespace

import numpy as np
import pytest

from decision_diffuser_ros.control.receding_horizon import (
    RecedingHorizonController,
    RecedingHorizonSettings,
)
from decision_diffuser_ros.errors import ConfigurationError, PlanError, StateError

MANIFEST = SimpleNamespace(state_dim=2, plan_steps=6, history=3)


def controller_with(**settings):
    """A controller whose action is (first number of the measured state, of the planned one)."""
    return RecedingHorizonController(
        manifest=MANIFEST,
        inverse_dynamics=lambda state, next_state: np.array([state[0], next_state[0]]),
        settings=RecedingHorizonSettings(**settings),
    )


def state_at(control_step):
    return np.array([float(control_step), 0.0])


def plan_for(request):
    """A perfect plan for `state_at`: its states are those of the steps after the origin."""
    steps = request.control_step + 1 + np.arange(MANIFEST.plan_steps)
    return SimpleNamespace(states=np.stack([state_at(step) for step in steps]))


def test_every_action_leads_from_the_measured_state_to_the_state_planned_for_the_next_step():
    controller = controller_with(replan_every=3, planning_latency_steps=1)
    for control_step in range(20):
        request = controller.observe(state_at(control_step))
        if request is not None:
            controller.accept(request, plan_for(request))
        np.testing.assert_array_equal(controller.action(), [control_step, control_step + 1])


def test_a_request_is_made_every_replan_every_steps():
    controller = controller_with(replan_every=3)
    requested = [step for step in range(10) if controller.observe(state_at(step)) is not None]
    assert requested == [0, 3, 6, 9]


@pytest.mark.parametrize("latency", [0, 1, 2])
def test_a_plan_is_not_followed_before_the_latency_has_passed(latency):
    controller = controller_with(replan_every=3, planning_latency_steps=latency)
    origins, followed = [], []
    for control_step in range(9):
        request = controller.observe(state_at(control_step))
        if request is not None:
            controller.accept(request, plan_for(request))
        controller.action()
        origins.append(controller.plan_request.control_step)
        followed.append(controller.plans_followed)
    expected = [max(0, (step - latency) // 3 * 3) for step in range(9)]
    assert origins == expected
    assert followed == [1 + origin // 3 for origin in origins]


def test_a_late_plan_is_entered_at_the_index_of_its_age():
    controller = controller_with(replan_every=3)
    first = controller.observe(state_at(0))
    controller.accept(first, plan_for(first))
    requests = [controller.observe(state_at(step)) for step in range(1, 6)]
    second = requests[2]
    assert controller.plan_age_steps == 5
    controller.accept(second, plan_for(second))
    assert controller.plan_age_steps == 2
    np.testing.assert_array_equal(controller.action(), [5.0, 6.0])


def test_plans_that_arrive_out_of_order_never_replace_newer_ones():
    controller = controller_with(replan_every=1)
    requests = [controller.observe(state_at(step)) for step in range(3)]
    assert controller.accept(requests[1], plan_for(requests[1]))
    assert not controller.accept(requests[0], plan_for(requests[0]))
    assert controller.plan_request.control_step == 1


def test_history_is_oldest_first_and_as_long_as_the_model_takes():
    controller = controller_with(replan_every=1)
    histories = [controller.observe(state_at(step)).history[:, 0].tolist() for step in range(5)]
    assert histories == [[0], [0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]


def test_a_recalled_history_goes_before_the_first_state_which_still_makes_the_first_request():
    controller = controller_with(replan_every=2)
    controller.recall([state_at(step) for step in (-4, -3, -2, -1)])
    request = controller.observe(state_at(0))
    assert request.history[:, 0].tolist() == [-2, -1, 0]
    assert request.control_step == controller.control_step == 0
    controller.reset()
    assert controller.observe(state_at(1)).history[:, 0].tolist() == [1]


def test_histories_hold_copies_of_the_states():
    controller = controller_with(replan_every=1)
    state = state_at(7)
    first = controller.observe(state)
    state[0] = 8.0
    second = controller.observe(state)
    np.testing.assert_array_equal(first.history, [[7.0, 0.0]])
    np.testing.assert_array_equal(second.history, [[7.0, 0.0], [8.0, 0.0]])


def test_changed_conditions_are_asked_for_at_the_next_step():
    controller = controller_with(replan_every=5)
    controller.set_conditions(["trot"])
    assert controller.observe(state_at(0)).conditions == ("trot",)
    controller.set_conditions(["pace"])
    assert controller.observe(state_at(1)).conditions == ("pace",)
    controller.set_conditions(["pace"])
    assert controller.observe(state_at(2)) is None


def test_requests_carry_the_followed_plan_and_its_age_for_warm_starts():
    controller = controller_with(replan_every=2, planning_latency_steps=1)
    first = controller.observe(state_at(0))
    plan = plan_for(first)
    controller.accept(first, plan)
    controller.observe(state_at(1))
    second = controller.observe(state_at(2))
    assert first.previous is None
    assert second.previous is plan
    assert second.warm_start_shift == 2


def test_the_overdue_request_is_the_newest_whose_plan_should_be_followed_by_now():
    controller = controller_with(replan_every=1, planning_latency_steps=2)
    first = controller.observe(state_at(0))
    assert controller.overdue_request is first
    controller.accept(first, plan_for(first))
    request = controller.observe(state_at(1))
    controller.observe(state_at(2))
    assert controller.overdue_request is None
    controller.observe(state_at(3))
    assert controller.overdue_request is request
    controller.accept(request, plan_for(request))
    assert controller.overdue_request is None


def test_no_plan_yet_is_an_error():
    controller = controller_with()
    controller.observe(state_at(0))
    with pytest.raises(PlanError, match="no plan to follow yet"):
        controller.action()


def test_an_exhausted_plan_is_an_error_that_says_its_age():
    controller = controller_with()
    request = controller.observe(state_at(0))
    controller.accept(request, plan_for(request))
    for control_step in range(1, 6):
        controller.observe(state_at(control_step))
        controller.action()
    controller.observe(state_at(6))
    with pytest.raises(PlanError, match="exhausted: it has 6 steps and is 6 control steps old"):
        controller.action()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_plan_that_is_not_finite_is_refused_and_the_old_one_goes_on(value):
    controller = controller_with(replan_every=1)
    first = controller.observe(state_at(0))
    controller.accept(first, plan_for(first))
    second = controller.observe(state_at(1))
    broken = plan_for(second)
    broken.states[3, 1] = value
    with pytest.raises(PlanError, match="NaN or infinity"):
        controller.accept(second, broken)
    np.testing.assert_array_equal(controller.action(), [1.0, 2.0])


def test_a_plan_of_another_shape_is_refused():
    controller = controller_with()
    request = controller.observe(state_at(0))
    with pytest.raises(PlanError, match=r"shape \(6, 2\). Got \(5, 2\)"):
        controller.accept(request, SimpleNamespace(states=np.zeros((5, 2))))


def test_targets_that_are_not_finite_are_an_error():
    controller = RecedingHorizonController(
        manifest=MANIFEST, inverse_dynamics=lambda state, next_state: np.array([np.nan])
    )
    request = controller.observe(state_at(0))
    controller.accept(request, plan_for(request))
    with pytest.raises(PlanError, match="inverse dynamics gave NaN"):
        controller.action()


@pytest.mark.parametrize(
    "state, message",
    [
        (np.zeros(3), r"shape \(2,\). Got \(3,\)"),
        ([0.0, np.nan], "finite. Got nan at index 1"),
    ],
)
def test_a_bad_state_is_refused_and_not_counted_as_a_step(state, message):
    controller = controller_with()
    with pytest.raises(StateError, match=message):
        controller.observe(state)
    assert controller.control_step == -1


def test_a_reset_forgets_history_and_plans_and_refuses_plans_under_way():
    controller = controller_with(replan_every=1)
    controller.set_conditions(["trot"])
    requests = [controller.observe(state_at(step)) for step in range(3)]
    controller.accept(requests[1], plan_for(requests[1]))
    controller.reset()
    assert not controller.accept(requests[2], plan_for(requests[2]))
    request = controller.observe(state_at(9))
    assert (request.control_step, len(request.history), request.conditions) == (0, 1, ("trot",))
    assert controller.plan is None


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"replan_every": 0}, "`replan_every` must be at least 1. Got 0"),
        ({"commands_per_step": 0}, "`commands_per_step` must be at least 1. Got 0"),
        ({"planning_latency_steps": -1}, "`planning_latency_steps` must not be negative. Got -1"),
        ({"replan_every": 5, "planning_latency_steps": 2}, r"at most 6. Got 2 \+ 5"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        controller_with(**settings)


def offset_plan_for(request, offset):
    """A plan for `state_at` that is off by `offset`, but begins with what is committed."""
    plan = plan_for(request)
    plan.states[:, 1] = offset
    if request.committed is not None:
        plan.states[: len(request.committed)] = request.committed
    return plan


@pytest.mark.parametrize("latency, replan_every", [(1, 1), (1, 2), (2, 2), (3, 3)])
def test_old_and_new_plan_agree_until_the_new_one_comes_in_use(latency, replan_every):
    controller = controller_with(replan_every=replan_every, planning_latency_steps=latency, commits_prefix=True)
    seams = 0
    for control_step in range(16):
        old = controller.plan_request, controller.plan
        request = controller.observe(state_at(control_step))
        if request is not None:
            controller.accept(request, offset_plan_for(request, offset=control_step))
        if old[0] is None:
            assert request.committed is None
            continue
        new = controller.plan_request, controller.plan
        if new[0] is not old[0]:
            seams += 1
            for step in range(new[0].control_step + 1, new[0].control_step + latency + 1):
                of_old, of_new = (plan.states[step - asked.control_step - 1] for asked, plan in (old, new))
                np.testing.assert_array_equal(of_old, of_new)
    assert seams >= 3


def test_a_plan_that_waits_for_its_step_is_part_of_what_is_committed():
    controller = controller_with(replan_every=1, planning_latency_steps=3, commits_prefix=True)
    for control_step in range(3):
        request = controller.observe(state_at(control_step))
        controller.accept(request, offset_plan_for(request, offset=control_step))
    request = controller.observe(state_at(3))
    # Steps 4 and 5 are still led to by the plan of step 0 and 1; that of step 2 begins with what it committed to.
    assert [float(state[0]) for state in request.committed] == [4.0, 5.0, 6.0]


def test_what_is_committed_ends_where_a_plan_under_way_comes_in_use():
    controller = controller_with(replan_every=1, planning_latency_steps=3, commits_prefix=True)
    first = controller.observe(state_at(0))
    controller.accept(first, plan_for(first))
    controller.observe(state_at(1))  # comes in use at step 4
    request = controller.observe(state_at(2))
    assert [float(state[0]) for state in request.committed] == [3.0, 4.0]


def test_nothing_is_committed_unless_it_is_asked_for():
    controller = controller_with(replan_every=1)
    for control_step in range(3):
        request = controller.observe(state_at(control_step))
        controller.accept(request, plan_for(request))
        assert request.committed is None


def test_a_plan_keeps_the_latency_that_it_was_asked_with():
    controller = controller_with(replan_every=2, planning_latency_steps=1)
    in_use = []
    for control_step in range(9):
        controller.latency_steps = 2 if control_step >= 4 else 1
        request = controller.observe(state_at(control_step))
        if request is not None:
            assert request.latency_steps == controller.latency_steps
            controller.accept(request, plan_for(request))
        in_use.append(controller.plan_request.control_step)
    assert in_use == [0, 0, 0, 2, 2, 2, 4, 4, 6]


def test_a_latency_that_plans_would_not_last_for_is_cut():
    controller = controller_with(replan_every=2)
    controller.latency_steps = 100
    assert controller.latency_steps == MANIFEST.plan_steps - 2


def half_state_at(half_step):
    return np.array([half_step / 2.0, 0.0])


def test_between_control_steps_the_command_is_that_of_the_step():
    controller = controller_with(replan_every=2, commands_per_step=2)
    actions, requested = [], []
    for half_step in range(12):
        request = controller.observe(half_state_at(half_step))
        if request is not None:
            requested.append(half_step)
            controller.accept(request, plan_for(request))
        actions.append(controller.action())
    np.testing.assert_allclose(actions, [[half // 2, half // 2 + 1] for half in range(12)])
    assert requested == [0, 4, 8]
    assert controller.control_step == 5


def test_only_states_of_control_steps_are_planned_from():
    controller = controller_with(replan_every=2, commands_per_step=4)
    requests = [controller.observe(np.array([quarter / 4.0, 0.0])) for quarter in range(9)]
    np.testing.assert_allclose(requests[8].history[:, 0], [0.0, 1.0, 2.0])


def test_a_state_that_is_refused_between_two_control_steps_is_not_counted():
    controller = controller_with(commands_per_step=2)
    request = controller.observe(half_state_at(0))
    controller.accept(request, plan_for(request))
    with pytest.raises(StateError):
        controller.observe([np.nan, 0.0])
    controller.observe(half_state_at(1))
    assert controller.control_step == 0
    controller.observe(half_state_at(2))
    assert controller.control_step == 1


def test_a_plan_that_comes_between_two_control_steps_is_followed_from_there_on():
    controller = controller_with(commands_per_step=2)
    request = controller.observe(half_state_at(0))
    with pytest.raises(PlanError, match="no plan"):
        controller.action()
    controller.observe(half_state_at(1))
    controller.accept(request, plan_for(request))
    np.testing.assert_allclose(controller.action(), [0.5, 1.0])


def test_the_last_planned_state_serves_a_whole_control_step():
    controller = controller_with(replan_every=2, commands_per_step=2)
    request = controller.observe(half_state_at(0))
    controller.accept(request, plan_for(request))
    np.testing.assert_allclose(controller.action(), [0.0, 1.0])
    for half_step in range(1, 12):
        controller.observe(half_state_at(half_step))
        np.testing.assert_allclose(controller.action(), [half_step // 2, half_step // 2 + 1])
    controller.observe(half_state_at(12))
    with pytest.raises(PlanError, match="exhausted"):
        controller.action()


def test_a_reset_begins_with_a_control_step():
    controller = controller_with(commands_per_step=2)
    controller.observe(half_state_at(0))
    controller.reset()
    assert controller.observe(half_state_at(1)) is not None
