"""Fixtures shared by all tests. Helpers are imported as `from tests.bundles import make_tiny_bundle`."""

import os
from pathlib import Path

import pytest

from tests.bundles import make_quadruped_bundle, make_tiny_bundle
from tests.ros_domain import claim_domain

# Before anything imports rclpy: this test run hears itself only, and nothing that it says leaves this host.
os.environ["ROS_DOMAIN_ID"] = str(claim_domain())
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> Path:
    """Directory of a bundle with two joints: state 4, action 2, history 3, plan 5, skills wave and rest, return."""
    return make_tiny_bundle(tmp_path / "tiny")


@pytest.fixture
def quadruped_bundle(tmp_path: Path) -> Path:
    """Directory of a bundle with the names and sizes of the shipped quadruped model, which stands still."""
    return make_quadruped_bundle(tmp_path / "quadruped_gaits")
