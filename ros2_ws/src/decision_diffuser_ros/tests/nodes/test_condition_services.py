"""What the services that ask for something do with requests for nothing."""

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_msgs.srv import SetCondition, SetConstraints

from decision_diffuser_ros.nodes.condition_request import read_condition
from decision_diffuser_ros.nodes.condition_services import ConditionServices
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory

pytestmark = pytest.mark.ros
OPTIONS = SimpleNamespace(
    objects_height_margin=0.025, objects_settle_time=1.0, objects_settle_distance=0.002, gripper_open_above=0.06
)


class Node:
    """Takes note of services."""

    def __init__(self):
        self.services = {}

    def create_service(self, kind, name, callback, **options):
        self.services[name] = (kind, callback)

    def call(self, name, **request):
        kind, callback = self.services[name]
        return callback(kind.Request(**request), kind.Response())

    def get_logger(self):
        return SimpleNamespace(info=lambda *_, **__: None, warning=lambda *_, **__: None)


class Session:
    """Takes note of what it is asked for."""

    def __init__(self, model: str, objects: tuple[str, ...]):
        manifest = Manifest.read(model_directory(model) / MANIFEST_NAME)
        layout = SimpleNamespace(names=objects)
        self.assembly = SimpleNamespace(manifest=manifest, assembler=SimpleNamespace(objects=layout))
        self.options = OPTIONS
        self.asked: list[str] = []

    def read_condition(self, text: str):
        return read_condition(text, self.assembly.manifest, negation_weight=1.0)

    def ask_for(self, request) -> None:
        self.asked.append(request.text())

    def ask_for_nothing(self, reason: str) -> None:
        self.asked.append(f"hold: {reason}")


def services_of(session: Session) -> Node:
    node = Node()
    ConditionServices(node, lambda: session, on_change=lambda: None)
    return node


def test_no_constraints_hold_the_arm_and_no_condition_is_the_parameters_affair():
    session = Session("block_stacking", ("red", "blue", "green", "yellow"))
    node = services_of(session)
    answer: SetConstraints.Response = node.call("~/set_constraints", constraints="")
    assert (answer.success, answer.normalised) == (True, "unconditioned")
    whatever: SetCondition.Response = node.call("~/set_condition", expression="")
    assert whatever.success
    assert node.call("~/set_constraints", constraints="red > blue").normalised == "red > blue"
    assert session.asked == ["hold: nothing is asked", "unconditioned", "red > blue"]


def test_a_model_that_sees_no_objects_is_not_held_in_its_stride():
    session = Session("quadruped_gaits", ())
    refusal = services_of(session).call("~/set_constraints", constraints="")
    assert not refusal.success
    assert refusal.message == "model 'quadruped_gaits' sees no objects that constraints could relate"
    assert session.asked == []
