"""config/quadruped_gaits.yaml says what the robot's model says, and only parameters that exist."""

import inspect

import numpy as np
import pytest
import yaml

from decision_diffuser_ros.command_line.experiments.gait_composition import gait_composition
from decision_diffuser_ros.simulation import quadruped_model as model
from tests.nodes.processes import CONFIG

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.nodes import planner_parameters, quadruped_parameters

SECTIONS = yaml.safe_load(CONFIG.read_text())
PLANNER = SECTIONS["/**/planner"]["ros__parameters"]


def flattened(values, prefix=""):
    """Parameter names with dots."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize(
    "section, specs",
    [("/**/planner", planner_parameters.SPECS), ("/**/quadruped_sim", quadruped_parameters.SPECS)],
)
def test_every_parameter_in_the_file_exists(section, specs):
    names = set(flattened(SECTIONS[section]["ros__parameters"]))
    assert names <= {spec.name for spec in specs}


def test_joints_and_limits_are_the_robots():
    assert tuple(PLANNER["joints"]) == model.JOINT_NAMES
    limits = PLANNER["limits"]
    np.testing.assert_allclose(limits["position_lower"], model.JOINT_LOWER, atol=1e-6)
    np.testing.assert_allclose(limits["position_upper"], model.JOINT_UPPER, atol=1e-6)
    np.testing.assert_allclose(limits["velocity"], model.MAX_VELOCITY, atol=1e-6)
    assert (np.array(limits["position_lower"]) >= model.JOINT_LOWER).all()
    assert (np.array(limits["position_upper"]) <= model.JOINT_UPPER).all()


def test_composition_chooses_as_often_as_in_its_evaluation():
    evaluated = inspect.signature(gait_composition).parameters["choose_every"].default
    assert PLANNER["composition_choose_every"] == evaluated


def test_the_rest_pose_is_within_the_limits():
    rest_pose = np.array(PLANNER["damping"]["rest_pose"])
    assert (rest_pose >= model.JOINT_LOWER).all()
    assert (rest_pose <= model.JOINT_UPPER).all()
