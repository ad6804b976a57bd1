"""Inverse kinematics for tensors are those of the simulation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.kinematic_chain import KUKA_IIWA
from decision_diffuser_ros.training.forward_kinematics import ForwardKinematics
from decision_diffuser_ros.training.inverse_kinematics import InverseKinematics, ToolPlaces
from tests.training.stacking import random_tool_place


def places(count: int = 40) -> tuple[list, ToolPlaces]:
    random = np.random.default_rng(3)
    numpy_places = [
        dataclasses.replace(random_tool_place(random), elbow_angle=random.uniform(-0.3, 0.3)) for _ in range(count)
    ]
    columns = np.array([dataclasses.astuple(place) for place in numpy_places], dtype=np.float32).T
    return numpy_places, ToolPlaces(*torch.from_numpy(columns))


def test_joints_are_those_of_the_simulations_kinematics():
    numpy_places, tensors = places()
    joints = InverseKinematics(KUKA_IIWA)(tensors)
    np.testing.assert_allclose(joints, [place.joint_position() for place in numpy_places], atol=2e-5)


def test_the_tool_gets_to_its_place():
    _, tensors = places()
    position, rotation = ForwardKinematics(KUKA_IIWA)(InverseKinematics(KUKA_IIWA)(tensors))
    torch.testing.assert_close(position[:, 0], tensors.radius * tensors.azimuth.cos(), atol=1e-5, rtol=0.0)
    torch.testing.assert_close(position[:, 2], tensors.height, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(torch.atan2(-rotation[:, 0, 1], rotation[:, 1, 1]), tensors.yaw, atol=1e-5, rtol=0.0)


def test_gradients_are_finite_out_of_reach_too():
    radius = torch.tensor([0.5, 2.0], requires_grad=True)
    zero = 0.0 * radius
    joints = InverseKinematics(KUKA_IIWA)(ToolPlaces(radius, zero, zero + 0.1, zero, zero))
    joints.sum().backward()
    assert joints.isfinite().all()
    assert radius.grad.isfinite().all()


def test_another_arm_is_refused():
    with pytest.raises(ConfigurationError, match="need an arm of seven joints with a spherical shoulder and wrist"):
        InverseKinematics(dataclasses.replace(KUKA_IIWA, axes=(2, 1, 2, 1, 2, 1, 0)))
