"""What the planner node's parameters on time and providers come to, without ROS."""

import dataclasses
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.control_assembly import (
    DEADLINE_SHARE,
    ControlAssembly,
    assemble_control,
    sampling_settings,
)
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.nodes.parameter_declaration import ParameterType
from decision_diffuser_ros.nodes.planner_parameters import SPECS, PlannerParameters
from decision_diffuser_ros.planner.manifest import ConditionKind, Manifest
from decision_diffuser_ros.planner.planner import Plan
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME
from tests.bundles import GAITS, QUADRUPED_JOINTS, make_quadruped_bundle

LIMITS = {
    "limits_position_lower": (-3.0,) * 12,
    "limits_position_upper": (3.0,) * 12,
    "limits_velocity": (20.0,) * 12,
}


def parameters(bundle, **changes) -> PlannerParameters:
    defaults = {
        spec.name.replace(".", "_"): None if isinstance(spec.default, ParameterType) else spec.default for spec in SPECS
    }
    values = defaults | LIMITS | {"bundle": str(bundle), "joints": QUADRUPED_JOINTS} | changes
    return PlannerParameters(**{field.name: values[field.name] for field in dataclasses.fields(PlannerParameters)})


def assembly(bundle, *, simulated_time: bool = False, **changes) -> ControlAssembly:
    return assemble_control(parameters(bundle, **changes), simulated_time=simulated_time)


def worker(assembled: ControlAssembly):
    return assembled.planner._worker


def test_a_plan_may_take_most_of_the_longest_latency(quadruped_bundle) -> None:
    assert worker(assembly(quadruped_bundle)).time_limit == pytest.approx(DEADLINE_SHARE * 0.02)
    longer = assembly(quadruped_bundle, longest_planning_latency_steps=3)
    assert worker(longer).time_limit == pytest.approx(DEADLINE_SHARE * 0.06)


def test_plans_are_made_with_the_model_that_is_configured_only(quadruped_bundle) -> None:
    assembled = assembly(quadruped_bundle)
    assert worker(assembled).manifest == assembled.manifest


def test_a_speed_that_the_model_does_not_take_is_refused_and_an_expression_goes_in_its_place(tmp_path) -> None:
    kinds = (ConditionKind("skill", names=GAITS), ConditionKind("return", scale=1.0, unit="1"))
    bundle = make_quadruped_bundle(tmp_path / "composition", conditions=kinds)
    reason = "`forward_speed` is set, which model '.*' does not take; it takes: skill, return. Say in `condition`"
    with pytest.raises(ConfigurationError, match=reason):
        assembly(bundle, forward_speed=0.6)
    asked = assembly(bundle, forward_speed=0.6, condition="pace & return=0.5").request
    assert asked.text() == "pace & return=0.5"


def test_every_plan_is_composed_unless_it_is_set(quadruped_bundle) -> None:
    assert worker(assembly(quadruped_bundle)).choose_every == 1
    assert worker(assembly(quadruped_bundle, composition_choose_every=14)).choose_every == 14


def test_without_a_deadline_and_in_simulated_time_all_steps_are_run(quadruped_bundle) -> None:
    assert worker(assembly(quadruped_bundle, plan_to_deadline=False)).time_limit is None
    assert worker(assembly(quadruped_bundle, planning_latency_steps=0)).time_limit is None
    simulated = assembly(quadruped_bundle, simulated_time=True, longest_planning_latency_steps=3)
    assert worker(simulated).time_limit is None
    assert simulated.latency is None


def test_the_latency_follows_the_planning_time_that_is_measured(quadruped_bundle) -> None:
    assembled = assembly(quadruped_bundle, longest_planning_latency_steps=3)
    stepper = ControlStepper(assembled, simulated_time=False, wait_for_plans=False, wait_for_first_plan=False)
    controller = assembled.safe.controller
    assert controller.latency_steps == 1
    mean = assembled.manifest.normaliser.mean
    request = controller.observe(mean)
    states = [mean] * assembled.manifest.plan_steps
    plan = Plan(states, [], request.conditions, 2, 0.03)
    stepper._accept(SimpleNamespace(request=request, plan=plan, error="", duration=0.035))
    assert controller.latency_steps == 2


def test_a_device_means_its_providers_and_the_cpu_stands_in_where_it_is_allowed(quadruped_bundle) -> None:
    tensorrt = worker(assembly(quadruped_bundle, device="tensorrt"))
    assert tensorrt.providers == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert not tensorrt.allow_cpu_fallback
    assert worker(assembly(quadruped_bundle, device="cuda", allow_cpu_fallback=True)).allow_cpu_fallback
    assert worker(assembly(quadruped_bundle, device="auto")).allow_cpu_fallback
    with pytest.raises(ConfigurationError, match="`device` must be one of cpu, cuda, tensorrt, auto. Got 'tpu'"):
        parameters(quadruped_bundle, device="tpu")


SAMPLING = {
    "sampler": "ddpm",
    "denoising_steps": 7,
    "guidance_weight": 1.9,
    "unguided_levels": 15,
    "temperature": 0.3,
    "history": 2,
    "candidates": 5,
    "branch_margin": 3.0,
    "negation_weight": 0.4,
    "outcome_steps": 6,
}


def test_every_parameter_of_sampling_changes_the_settings_and_nothing_else(quadruped_bundle) -> None:
    names = ({field.name for field in dataclasses.fields(kind)} for kind in (SamplingSettings, PlannerParameters))
    assert set.intersection(*names) == set(SAMPLING)
    manifest = Manifest.read(quadruped_bundle / MANIFEST_NAME)
    assert sampling_settings(parameters(quadruped_bundle), manifest) == manifest.sampling
    for name, value in SAMPLING.items():
        changed = sampling_settings(parameters(quadruped_bundle, **{name: value}), manifest)
        assert changed == dataclasses.replace(manifest.sampling, **{name: value}), name
        assert changed != manifest.sampling, name
    with pytest.raises(ConfigurationError, match="`unguided_levels` must be at most 99"):
        sampling_settings(parameters(quadruped_bundle, unguided_levels=100), manifest)


def test_commands_between_control_steps_are_limited_by_their_own_period(quadruped_bundle) -> None:
    assembled = assembly(quadruped_bundle, commands_per_step=2, commit_prefix=True, one_call_sampling=True)
    assert assembled.safe.controller.settings.commands_per_step == 2
    assert assembled.safe.controller.settings.commits_prefix
    assert worker(assembled).samples_in_one_call
    pose = assembled.manifest.normaliser.mean[:12]
    assembled.safe.limiter.reset(pose)
    limited = assembled.safe.limiter.limit([value + 1.0 for value in pose])
    assert limited - pose == pytest.approx([20.0 * 0.01] * 12, abs=1e-9)
