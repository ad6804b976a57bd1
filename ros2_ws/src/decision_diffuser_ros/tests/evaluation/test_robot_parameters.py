"""What is evaluated is what is deployed: of a robot's parameter file nothing that matters is passed over in silence."""

from types import SimpleNamespace

import pytest
import yaml

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation import robot_parameters
from decision_diffuser_ros.evaluation.deployment import PLANNER_NODE, DeploymentSettings
from decision_diffuser_ros.evaluation.quadruped_policies import QUADRUPED
from decision_diffuser_ros.evaluation.robot_parameters import (
    DEPLOYMENT,
    GROUPS_WITHOUT_EFFECT,
    PRESUMED,
    PRESUMED_OF_A_ROBOT,
    SAMPLING,
    WITHOUT_EFFECT,
)
from decision_diffuser_ros.evaluation.stacking_deployment import stacking_model
from decision_diffuser_ros.evaluation.stacking_policies import STACKING_ARM
from decision_diffuser_ros.nodes.control_assembly import sampling_settings
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME, config_file, model_directory
from tests.parameter_tables import parameter_rows

ROBOTS = {"quadruped_gaits": QUADRUPED, "quadruped_composition": QUADRUPED, "block_stacking": STACKING_ARM}
OTHER_SAMPLING = {
    "sampler": "ddpm", "denoising_steps": 4, "guidance_weight": 1.7, "unguided_levels": 3, "temperature": 0.3,
    "history": 2, "candidates": 2, "branch_margin": 5.0, "negation_weight": 0.5, "outcome_steps": 7,
}  # fmt: skip


@pytest.fixture
def change(tmp_path, monkeypatch):
    """Changes parameters of a robot's file, named with dots, for as long as the test runs."""

    def changed_file(robot, **changes):
        content = yaml.safe_load(config_file(robot.parameter_file).read_text())
        for name, value in changes.items():
            *groups, last = name.split(".")
            parameters = content[PLANNER_NODE]["ros__parameters"]
            for group in groups:
                parameters = parameters.setdefault(group, {})
            parameters[last] = value
        path = tmp_path / f"{robot.parameter_file}.yaml"
        path.write_text(yaml.safe_dump(content))
        monkeypatch.setattr(robot_parameters, "config_file", lambda name: path)

    return changed_file


def manifest_of(bundle) -> Manifest:
    return Manifest.read(model_directory(bundle) / MANIFEST_NAME)


@pytest.mark.parametrize("bundle", ROBOTS)
def test_the_files_that_ship_change_nothing_of_the_model(bundle):
    robot = ROBOTS[bundle]
    model = robot.model(bundle)
    assert model.sampling == manifest_of(bundle).sampling
    assert model.deployment == DeploymentSettings.from_parameter_file(config_file(robot.parameter_file))
    assert hash(model) == hash(robot.model(bundle))


def test_every_parameter_of_the_planner_is_accounted_for_once():
    tables = [SAMPLING, DEPLOYMENT, frozenset(PRESUMED), PRESUMED_OF_A_ROBOT, WITHOUT_EFFECT]
    declared = {name for name in parameter_rows("planner") if not name.startswith(GROUPS_WITHOUT_EFFECT)}
    assert frozenset().union(*tables) == declared
    assert sum(map(len, tables)) == len(declared)
    for robot in (QUADRUPED, STACKING_ARM):
        assert robot.presumed.keys() <= PRESUMED_OF_A_ROBOT | {"limits.position_margin"}


def test_settings_of_a_plan_in_the_file_are_used_as_the_node_uses_them(change):
    change(QUADRUPED, **OTHER_SAMPLING)
    assert OTHER_SAMPLING.keys() == SAMPLING
    sampling = QUADRUPED.model("quadruped_gaits").sampling
    assert sampling == sampling_settings(SimpleNamespace(**OTHER_SAMPLING), manifest_of("quadruped_gaits"))
    assert {name: getattr(sampling, name) for name in OTHER_SAMPLING} == OTHER_SAMPLING
    assert QUADRUPED.model("quadruped_gaits", denoising_steps=9).sampling.denoising_steps == 9


def test_settings_of_a_plan_that_the_model_cannot_do_are_refused(change):
    change(STACKING_ARM, denoising_steps=5000)
    with pytest.raises(ConfigurationError, match="`denoising_steps` must be at most"):
        stacking_model(None)


@pytest.mark.parametrize(
    "robot, name, value",
    [
        (QUADRUPED, "joints", list(reversed(QUADRUPED.presumed["joints"]))),
        (QUADRUPED, "step_duration", 0.01),
        (QUADRUPED, "commands_per_step", 2),
        (QUADRUPED, "command_interface", "joint_trajectory"),
        (QUADRUPED, "limits.position_lower", [-0.5] * 12),
        (QUADRUPED, "limits.position_upper", [0.5] * 12),
        (QUADRUPED, "limits.velocity", [10.0] * 12),
        (QUADRUPED, "limits.velocity", [52.4, 28.6, 28.6]),
        (QUADRUPED, "robot_description_file", "a1.urdf"),
        (STACKING_ARM, "trajectory_shape", "hold"),
        (STACKING_ARM, "composition_choose_every", 5),
        (STACKING_ARM, "limits.velocity", [2.0] * 7),
        (STACKING_ARM, "limits.position_margin", 0.05),
        (STACKING_ARM, "gripper.velocity", 0.1),
        (STACKING_ARM, "objects.are_cubes", False),
    ],
)
def test_what_an_evaluation_would_not_do_is_refused_by_name(change, robot, name, value):
    change(robot, **{name: value})
    with pytest.raises(ConfigurationError, match=f"an evaluation does not use `{name}`, and takes it for granted"):
        robot.model(robot.parameter_file)


def test_parameters_that_make_no_difference_are_passed_over(change):
    others = {"use_sim_time": True, "threads": 4, "diagnostics.window": 5.0, "seed": 3}
    change(QUADRUPED, **others, **{"qos_overrides./imu.subscription.depth": 5})
    model = QUADRUPED.model("quadruped_gaits")
    assert model.deployment == DeploymentSettings.from_parameter_file(config_file("quadruped_gaits"))


def test_a_parameter_that_there_is_not_is_refused(change):
    change(QUADRUPED, denoising_step=4)
    with pytest.raises(ConfigurationError, match="`denoising_step` is not a parameter of the planner"):
        QUADRUPED.model("quadruped_gaits")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/**/planner:",
        "/**/quadruped_sim: {ros__parameters: {gui: false}}",
        "/**/planner: {ros__parameters: }",
        "[1",
    ],
)
def test_a_file_without_parameters_of_the_planner_is_refused(tmp_path, monkeypatch, text):
    (tmp_path / "robot.yaml").write_text(text)
    monkeypatch.setattr(robot_parameters, "config_file", lambda name: tmp_path / "robot.yaml")
    with pytest.raises(ConfigurationError, match=r"robot.yaml: expected parameters of node '/\*\*/planner'"):
        QUADRUPED.model("quadruped_gaits")
