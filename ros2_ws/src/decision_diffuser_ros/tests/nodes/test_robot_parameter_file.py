"""The samples for a real robot say what the nodes understand, and nothing wider than the robot."""

import numpy as np
import pytest
import yaml

from decision_diffuser_ros.resources import config_file
from decision_diffuser_ros.simulation import quadruped_model as model
from tests.nodes.test_quadruped_parameter_file import flattened

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.nodes import planner_parameters
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC, JOINT_TRAJECTORY_TOPIC

PLANNER = yaml.safe_load(config_file("robot").read_text())["/**/planner"]["ros__parameters"]


def test_every_parameter_of_the_sample_exists_and_is_within_its_range():
    specs = {spec.name: spec for spec in planner_parameters.SPECS}
    names = set(flattened(PLANNER))
    assert names <= set(specs)
    for name in names:
        value = PLANNER
        for part in name.split("."):
            value = value[part]
        spec = specs[name]
        assert not spec.choices or value in spec.choices
        if spec.minimum is not None and not isinstance(value, list):
            assert spec.minimum <= value <= (np.inf if spec.maximum is None else spec.maximum), name


def test_the_samples_limits_are_within_the_robots():
    limits = PLANNER["limits"]
    assert tuple(PLANNER["joints"]) == model.JOINT_NAMES
    assert (np.array(limits["velocity"]) <= model.MAX_VELOCITY).all()
    assert (np.array(limits["effort"]) <= model.MAX_EFFORT).all()
    rest_pose = np.array(PLANNER["damping"]["rest_pose"])
    assert (rest_pose >= model.JOINT_LOWER + limits["position_margin"]).all()
    assert (rest_pose <= model.JOINT_UPPER - limits["position_margin"]).all()


@pytest.mark.parametrize(
    "name, topic",
    [
        ("controllers_forward_command", FORWARD_COMMAND_TOPIC),
        ("controllers_joint_trajectory", JOINT_TRAJECTORY_TOPIC),
    ],
)
def test_the_controllers_of_the_sample_are_those_that_the_planner_commands(name, topic):
    sections = yaml.safe_load(config_file(name).read_text())
    controller = topic.split("/")[0]
    assert controller in sections["controller_manager"]["ros__parameters"]
    assert tuple(sections[controller]["ros__parameters"]["joints"]) == tuple(PLANNER["joints"])
