"""The planner as the quadruped's learner: in full stride from its first command on, reproducible, and named."""

import json
from dataclasses import replace

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.deployment import DeployedPlanner, DeploymentSettings, EvaluatedModel
from decision_diffuser_ros.evaluation.quadruped_learner import QuadrupedLearner, with_learner
from decision_diffuser_ros.evaluation.quadruped_policies import LIMITS
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import MANIFEST_NAME, config_file, share_directory
from decision_diffuser_ros.robots import demonstrations_of
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv
from tests.bundles import GAITS, make_quadruped_bundle, make_stacking_bundle

SHIPPED = share_directory() / "models" / "quadruped_gaits"
SPEED = ConditionKind("forward_speed", scale=1.1, unit="m/s")
SKILL, FORWARD_SPEED = "trot", 0.5


class WatchedPlanner(Planner):
    """A planner that writes down how long the histories were, and for which conditions it was asked."""

    history_lengths: list[int]
    asked: list[Condition]

    def plan(self, history, conditions, **options):
        self.history_lengths.append(len(history))
        self.asked.extend(conditions)
        return super().plan(history, conditions, **options)


def watched_planner(directory):
    planner = WatchedPlanner(Bundle.load(directory))
    planner.history_lengths, planner.asked = [], []
    return planner


@pytest.fixture(scope="module")
def env():
    made = QuadrupedGaitsEnv()
    yield made
    made.close()


def walk(env, steps):
    """The world at each of some control steps, with what the expert commands there; the robot does so afterwards."""
    env.reset(seed=1)
    expert = GaitExpert(skill=SKILL, forward_speed=FORWARD_SPEED)
    for _ in range(steps):
        targets = expert.targets(env.world)
        yield env.world, targets
        env.step(targets)


def test_its_first_command_is_the_one_of_a_planner_that_has_run_all_along(env):
    settings = replace(DeploymentSettings.from_parameter_file(config_file("quadruped_gaits")), blend_duration=0.0)
    planner = Planner(Bundle.load(SHIPPED))
    learner, running = QuadrupedLearner(planner, settings), DeployedPlanner(planner, settings, LIMITS)
    learner.start(np.random.default_rng(1))
    conditions = (Condition({"skill": SKILL, "forward_speed": FORWARD_SPEED}),)
    running.start(conditions, np.random.default_rng(1))
    for control_step, (world, targets) in enumerate(walk(env, 36)):
        learner.observe(world, skill=SKILL, forward_speed=FORWARD_SPEED)
        expected = running.command(world.state(), measured=world.joint_position, tilt=world.tilt)
        if control_step < 31:
            running.overrule(targets)
        if control_step == 30:  # even: the running planner plans then, too
            assert learner.take_over() == 1
            learner.prepare(targets)
        elif control_step > 30:
            np.testing.assert_allclose(learner.targets(), expected, atol=1e-9)
            assert np.abs(expected - targets).max() < 0.3, "the planner does not follow the expert"


def test_a_turn_at_the_start_of_an_episode_waits_for_a_whole_history(env, quadruped_bundle):
    planner = watched_planner(quadruped_bundle)
    history = planner.bundle.manifest.history
    learner = QuadrupedLearner(planner, DeploymentSettings())
    learner.start(np.random.default_rng(1))
    preparing = None
    for control_step, (world, targets) in enumerate(walk(env, 12)):
        learner.observe(world, skill=SKILL, forward_speed=FORWARD_SPEED)
        preparing = learner.take_over() if preparing is None else preparing
        if control_step < preparing:
            learner.prepare(targets)
        else:
            learner.targets()
    assert preparing == history  # the one state that is there, and a step of latency
    assert planner.history_lengths[0] == 1
    assert planner.history_lengths[-1] == history


def test_it_plans_nothing_but_in_its_turns_and_then_for_what_is_asked_at_the_step(env, quadruped_bundle):
    planner = watched_planner(quadruped_bundle)
    learner = QuadrupedLearner(planner, DeploymentSettings())
    learner.start(np.random.default_rng(1))
    for control_step, (world, targets) in enumerate(walk(env, 24)):
        learner.observe(world, skill="pace" if control_step >= 22 else SKILL, forward_speed=FORWARD_SPEED)
        if control_step == 19:
            assert planner.history_lengths == []
            learner.take_over()
            learner.prepare(targets)
        elif control_step > 19:
            learner.targets()
    asked_at_19, asked_at_21, asked_at_22 = (condition.values["skill"] for condition in planner.asked)
    assert (asked_at_19, asked_at_21, asked_at_22) == (SKILL, SKILL, "pace")
    assert set(planner.history_lengths) == {planner.bundle.manifest.history}


def test_limits_go_on_from_what_the_robot_was_commanded_before_the_turn(env, quadruped_bundle):
    settings = DeploymentSettings(max_acceleration=(1.0,) * 12)  # [rad/s^2], from rest
    learner = QuadrupedLearner(Planner(Bundle.load(quadruped_bundle)), settings)
    learner.start(np.random.default_rng(1))
    commanded = None
    for control_step, (world, targets) in enumerate(walk(env, 12)):
        learner.observe(world, skill=SKILL, forward_speed=FORWARD_SPEED)
        if control_step == 10:
            learner.take_over()
            learner.prepare(targets)
            commanded = targets
            assert np.abs(targets - world.joint_position).max() > 0.05
        elif control_step == 11:
            assert np.abs(learner.targets() - commanded).max() <= 1.0 * 0.02**2 + 1e-9


def test_a_model_of_returns_is_asked_for_the_return_that_such_a_speed_is(env, tmp_path):
    kinds = (ConditionKind("skill", names=GAITS), ConditionKind("return", scale=1.0, unit="1"))
    directory = make_quadruped_bundle(tmp_path / "returns", conditions=kinds)
    manifest = Manifest.read(directory / MANIFEST_NAME)
    provenance = {"configuration": {"data": {"return_scale": 0.8}}}
    replace(manifest, provenance=provenance).write(directory / MANIFEST_NAME)
    planner = watched_planner(directory)
    learner = QuadrupedLearner(planner, DeploymentSettings())
    learner.start(np.random.default_rng(1))
    for control_step, (world, _) in enumerate(walk(env, 10)):
        learner.observe(world, skill=SKILL, forward_speed=0.4 if control_step < 9 else 1.0)
        if control_step == 7:
            learner.take_over()
        if control_step >= 7:
            learner.targets()
    assert planner.asked[0].values == {"skill": SKILL, "return": pytest.approx(0.5)}
    assert planner.asked[-1].values == {"skill": SKILL, "return": 1.0}, "more than it can be asked"


def demonstrations_with(directory, *, share=0.5, robot="quadruped_gaits"):
    return with_learner(demonstrations_of(robot), EvaluatedModel(bundle=str(directory)), share=share)


def test_an_episode_with_turns_is_the_same_whenever_it_is_recorded():
    demonstrations = demonstrations_with(SHIPPED, share=1.0)
    first = demonstrations.record(1, 4)
    demonstrations.record(1, 3)
    again = demonstrations.record(1, 4)
    assert first.extras["driven_by_learner"].any()
    np.testing.assert_array_equal(first.states, again.states)
    np.testing.assert_array_equal(first.extras["applied_actions"], again.extras["applied_actions"])


def test_the_attributes_name_the_bundle_and_the_share_and_keep_what_they_said_before(quadruped_bundle):
    plain = demonstrations_of("quadruped_gaits").attributes
    attributes = demonstrations_with(quadruped_bundle, share=0.25).attributes
    manifest = Manifest.read(quadruped_bundle / MANIFEST_NAME)
    learner = attributes["learner"]
    assert learner["name"] == manifest.name
    assert learner["sha256"] == {name: record.sha256 for name, record in manifest.files.items()}
    assert learner["share"] == 0.25
    assert {key: value for key, value in attributes.items() if key != "learner"} == plain
    json.dumps(attributes, allow_nan=False)


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"robot": "spot"}, "it moves spot, not unitree_a1"),
        ({"with_imu": False}, "it has other states: 24, up to 'RL_lower_joint/velocity'"),
        ({"conditions": (ConditionKind("skill", names=GAITS[:2]), SPEED)}, "it cannot be asked for bound"),
        ({"conditions": (ConditionKind("skill", names=GAITS),)}, "it cannot be asked for a forward_speed of 1.05 m/s"),
        (
            {"conditions": (ConditionKind("skill", names=GAITS), replace(SPEED, scale=0.8))},
            "it cannot be asked for a forward_speed of 1.05 m/s",
        ),
    ],
)
def test_a_bundle_that_cannot_do_what_the_demonstrations_ask_is_refused(options, complaint, tmp_path):
    directory = make_quadruped_bundle(tmp_path / "misfit", **options)
    with pytest.raises(ConfigurationError, match=f"does not fit 'quadruped_gaits': {complaint}"):
        demonstrations_with(directory)


def test_other_robots_have_no_turns(tmp_path):
    directory = make_stacking_bundle(tmp_path / "stacking")
    with pytest.raises(ConfigurationError, match="only unitree_a1 has turns of a learner .* Got kuka_iiwa"):
        demonstrations_with(directory, robot="block_stacking")
