"""Pictures of the robot, wherever it has walked to."""

import numpy as np
import pytest

from decision_diffuser_ros.simulation import quadruped_body
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.quadruped_rendering import QuadrupedRenderer


def picture(x, y):
    renderer = QuadrupedRenderer(width=240, height=150)
    level = np.array([0.0, 0.0, 0.0, 1.0])
    position = np.array([x, y, 0.3])
    frame = renderer.frame(base_position=position, base_orientation=level, joint_position=model.STANDING_POSE)
    renderer.close()
    return frame.astype(int)


@pytest.mark.parametrize("x, y", [(10.9, 3.2), (60.7, -57.4)])
def test_nobody_sees_that_the_floor_goes_along(x, y, monkeypatch):
    monkeypatch.setattr(quadruped_body, "FLOOR_REACH", 90.0)
    where_it_lay = picture(x, y)
    monkeypatch.setattr(quadruped_body, "FLOOR_REACH", 2.0)
    assert (np.abs(picture(x, y) - where_it_lay).max(axis=2) > 40).mean() < 0.001
    assert (np.abs(picture(x + 1.0, y) - where_it_lay).max(axis=2) > 40).mean() > 0.1
