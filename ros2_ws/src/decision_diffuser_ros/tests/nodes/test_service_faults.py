"""What is sent to the services as nonsense is refused where it is read, at once, whatever it is."""

import sys
import time

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_ros.control.arrangement import relations_of
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.condition_request import read_condition, require_few_rows
from decision_diffuser_ros.nodes.service_faults import (
    NONSENSE,
    NONSENSICAL_CONSTRAINTS,
    NONSENSICAL_EXPRESSIONS,
)
from decision_diffuser_ros.nodes.skill_request import SkillRequest
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME
from tests.bundles import make_quadruped_bundle

LONGEST = 0.2  # [s], of computing, while readings wait
ROS_FRAMES = 200
"""More frames than the node's executor has above a callback."""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return Manifest.read(make_quadruped_bundle(tmp_path_factory.mktemp("quadruped_gaits")) / MANIFEST_NAME)


def shown(value):
    return str(value)[:40]


def at_depth(frames, call):
    """What a call returns or raises, with so many frames below it."""
    return call() if frames == 0 else at_depth(frames - 1, call)


def read(text, manifest):
    def ask():
        request = read_condition(text, manifest, negation_weight=1.0).request
        require_few_rows(request.conditions(manifest), candidates=1)
        return request

    began = time.process_time()
    try:
        return at_depth(ROS_FRAMES, ask)
    finally:
        assert time.process_time() - began < LONGEST


@pytest.mark.parametrize("expression", NONSENSICAL_EXPRESSIONS, ids=shown)
def test_expressions_without_sense_are_refused(manifest, expression):
    with pytest.raises(ConditionError) as caught:
        read(expression.split("\0")[0], manifest)
    assert str(caught.value)


@pytest.mark.parametrize("constraints", NONSENSICAL_CONSTRAINTS, ids=shown)
def test_constraints_without_sense_are_refused(manifest, constraints):
    with pytest.raises(ConditionError):
        relations_of(read(constraints.split("\0")[0], manifest).expression, ())


@pytest.mark.parametrize("fields", NONSENSE, ids=shown)
def test_skills_without_sense_are_refused(manifest, fields):
    call = {"skills": [], "weights": [], "number_names": [], "numbers": [], **fields}
    with pytest.raises(ConditionError):
        SkillRequest(("pace",)).changed(**call).conditions(manifest)


@pytest.mark.parametrize("signs", ["|&", "&|"])
def test_the_deepest_nesting_of_and_and_or_is_read(manifest, signs):
    depth = 80
    text = "".join(f"trot{signs[0]}pace{signs[1]}(" for _ in range(depth)) + "trot" + ")" * depth
    assert sys.getrecursionlimit() <= 1000
    assert {"trot", "pace"} >= {term.value for terms in read(text, manifest).expression.alternatives for term in terms}
