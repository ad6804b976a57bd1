"""Planner nodes as processes, and robots for them."""

import pytest

from tests.bundles import make_quadruped_bundle


@pytest.fixture(scope="module")
def context():
    """ROS in this process."""
    rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
    pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
    context = rclpy.Context()
    context.init()
    yield context
    context.try_shutdown()


@pytest.fixture(scope="module")
def standing_bundle(tmp_path_factory):
    """A quadruped bundle that stands still, for all tests of a module."""
    return make_quadruped_bundle(tmp_path_factory.mktemp("bundle") / "quadruped_gaits")
