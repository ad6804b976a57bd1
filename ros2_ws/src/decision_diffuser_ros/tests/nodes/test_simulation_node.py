"""What the nodes of all simulated robots do alike, as far as it needs no process."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.simulation_node import joint_order

JOINTS = ("hip", "knee", "ankle")


def test_joints_are_in_the_order_that_is_set_or_in_their_own():
    assert joint_order(None, JOINTS) == JOINTS
    assert joint_order(("knee", "ankle", "hip"), JOINTS) == ("knee", "ankle", "hip")


@pytest.mark.parametrize("given", [("hip", "knee"), ("hip", "knee", "knee"), ("hip", "knee", "toe")])
def test_joints_that_are_missing_doubled_or_unknown_are_refused(given):
    with pytest.raises(ConfigurationError, match=f"expected hip, knee, ankle, got {', '.join(given)}$"):
        joint_order(given, JOINTS)
