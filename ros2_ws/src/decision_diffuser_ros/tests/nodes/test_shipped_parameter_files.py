"""The parameter files of the robots, each with the model that it names."""

import dataclasses

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.nodes.control_assembly import assemble_control
from decision_diffuser_ros.nodes.parameter_declaration import ParameterType
from decision_diffuser_ros.nodes.planner_parameters import SPECS, PlannerParameters
from decision_diffuser_ros.resources import share_directory
from decision_diffuser_ros.simulation import quadruped_model

NODE = "/**/planner"
FILES = [
    file
    for file in sorted((share_directory() / "config").glob("*.yaml"))
    if NODE in yaml.safe_load(file.read_text(encoding="utf-8"))
]


def planner_parameters(file) -> PlannerParameters:
    """What the planner node reads of the file."""
    values = yaml.safe_load(file.read_text(encoding="utf-8"))[NODE]["ros__parameters"]
    given = {}
    for spec in SPECS:
        value = values
        for part in spec.name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        default = None if isinstance(spec.default, ParameterType) else spec.default
        name = spec.name.replace(".", "_")
        given[name] = default if value is None else tuple(value) if isinstance(value, list) else value
    return PlannerParameters(**{field.name: given[field.name] for field in dataclasses.fields(PlannerParameters)})


def quadruped_description() -> str:
    """The URDF that robot_state_publisher sends."""
    model = quadruped_model
    joints = "".join(
        f'<joint name="{name}" type="revolute">'
        f'<limit lower="{lower}" upper="{upper}" velocity="60" effort="40"/></joint>'
        for name, lower, upper in zip(model.JOINT_NAMES, model.JOINT_LOWER, model.JOINT_UPPER, strict=True)
    )
    return f'<robot name="a1">{joints}</robot>'


def test_there_is_a_file_for_each_robot():
    assert {file.stem for file in FILES} == {"block_stacking", "quadruped_gaits", "robot"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_fits_its_model_and_warns_of_nothing(file):
    given, warnings = planner_parameters(file), []
    urdf = quadruped_description() if given.robot_description_topic else ""
    assemble_control(given, simulated_time=False, robot_description=urdf, warn=warnings.append)
    assert warnings == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_limits_velocity_and_acceleration_of_every_joint(file):
    given = planner_parameters(file)
    for values in (given.limits_velocity, given.limits_acceleration):
        assert len(values) == len(given.joints)
        assert (np.array(values) > 0.0).all()
        assert np.isfinite(values).all()
