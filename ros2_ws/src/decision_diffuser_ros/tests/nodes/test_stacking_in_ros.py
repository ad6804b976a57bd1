"""The simulated arm, the planner and the demonstration as processes: constraints in, a pile of blocks out."""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from action_msgs.msg import GoalStatus
from decision_diffuser_msgs.action import StackBlocks
from decision_diffuser_msgs.msg import PlannerStatus
from decision_diffuser_msgs.srv import SetConstraints
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor

from decision_diffuser_ros.evaluation.process_facts import descendants, is_running
from decision_diffuser_ros.evaluation.stacking_plot import plot_recording
from decision_diffuser_ros.evaluation.stacking_recording import StackingRecording
from decision_diffuser_ros.nodes.stacking_demo import StackingDemoSettings, run_stacking_demo
from decision_diffuser_ros.nodes.stacking_monitor import StackingMonitor
from decision_diffuser_ros.resources import config_file
from tests.bundles import make_stacking_bundle
from tests.nodes.processes import NodeProcess
from tests.nodes.robot import Robot
from tests.waiting import TIMEOUT

pytestmark = pytest.mark.ros
CYCLE = "red > blue & blue > green & green > red"


@pytest.fixture(scope="module")
def stacking_bundle(tmp_path_factory):
    return make_stacking_bundle(tmp_path_factory.mktemp("stacking") / "block_stacking")


def test_the_demonstration_refuses_what_cannot_be_and_builds_what_can(stacking_bundle, tmp_path, monkeypatch):
    # The planner's process and that one's own child import from the tests.
    search_path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, search_path)))
    planner = [
        sys.executable, "-m", "tests.nodes.expert_planner_node", "--ros-args", "--params-file",
        str(config_file("block_stacking")), "-p", "synchronous_planning:=true", "-p", "replan_every:=1",
        "-p", "planning_latency_steps:=0", "-p", "commit_prefix:=false",
    ]  # fmt: skip
    settings = StackingDemoSettings(
        goals=(CYCLE, "red > blue"), output=tmp_path, bundle=str(stacking_bundle), real_time_factor=0.0, seed=1,
        planner=planner,
    )  # fmt: skip
    others = set(descendants(os.getpid()))  # of other tests, such as multiprocessing's resource tracker
    recording = run_stacking_demo(settings, show=lambda view: None)
    assert set(descendants(os.getpid())) <= others
    refused, built = recording.goals
    assert not refused.success
    assert "red > blue, blue > green and green > red contradict each other" in refused.message
    assert recording.arm_motion(refused) < 1e-3
    assert built.success, built.message
    assert built.holding == ("red > blue",)
    assert built.ended_at - built.asked_at < 20.0
    assert {"reaching", "carrying"} & set(recording.phase)  # as fast as it goes, any may pass between two feedbacks
    heights = recording.block_heights()[-1]
    assert heights[0] - heights[2] == pytest.approx(0.05, abs=0.005)
    summary = json.loads(json.dumps(recording.summary()))
    assert [goal["success"] for goal in summary["goals"]] == [False, True]
    picture = plot_recording(recording, tmp_path / "blocks.png", title="test")
    assert picture.stat().st_size > 10_000


class Client:
    """Somebody who asks the planner for arrangements."""

    def __init__(self, context):
        self.node = StackingMonitor(StackingRecording(), context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._action = ActionClient(self.node, StackBlocks, "planner/stack_blocks")
        self._service = self.node.create_client(SetConstraints, "planner/set_constraints")

    def spin_until(self, condition, *, timeout=TIMEOUT):
        return Robot.spin_until(self, condition, timeout=timeout)

    def wait_for(self, future):
        assert self.spin_until(future.done)
        return future.result()

    def set_constraints(self, text):
        assert self.spin_until(self._service.service_is_ready)
        return self.wait_for(self._service.call_async(SetConstraints.Request(constraints=text)))

    def send(self, text, **options):
        assert self.spin_until(self._action.server_is_ready)
        return self.wait_for(self._action.send_goal_async(StackBlocks.Goal(constraints=text, **options)))

    def result(self, goal):
        return self.wait_for(goal.get_result_async())

    def wait_for_mode(self, mode):
        assert self.spin_until(lambda: self.node.status is not None and self.node.status.mode == mode), self.node.status
        return self.node.status

    def joints(self):
        """The newest joint positions after another control step."""
        count = len(self.node.recording)
        assert self.spin_until(lambda: len(self.node.recording) > count + 2)
        return self.node.recording.state[-1][:7]

    def close(self):
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture(scope="module")
def nodes(stacking_bundle, tmp_path_factory):
    """The simulated arm, and a planner that has configured and activated itself and waits for its plans."""
    directory, config = tmp_path_factory.mktemp("nodes"), config_file("block_stacking")
    planner = {"autostart": True, "use_sim_time": True, "synchronous_planning": True, "bundle": stacking_bundle}
    started = [
        NodeProcess("stacking_sim_node", directory / "sim", parameters={"real_time_factor": 0.0}, config=config),
        NodeProcess("planner_node", directory / "planner", parameters=planner, config=config),
    ]
    yield started
    for node in started:
        node.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def shared_client(context, nodes):
    client = Client(context)
    client.wait_for_mode(PlannerStatus.HOLD)
    yield client
    client.close()


@pytest.fixture
def client(shared_client):
    """A client of a planner that is asked for nothing."""
    assert shared_client.set_constraints("").success
    shared_client.wait_for_mode(PlannerStatus.HOLD)
    return shared_client


def test_the_arm_holds_until_something_is_asked_that_can_be(client):
    assert client.node.status.message == "nothing is asked"
    client.joints()
    before = client.joints()
    refusal = client.set_constraints("red > blue & blue > red")
    assert not refusal.success
    assert "red > blue and blue > red contradict each other" in refusal.message
    assert "'red > orange'" in client.set_constraints("red > orange").message
    goal = client.send(CYCLE)
    assert goal.accepted
    end = client.result(goal)
    assert end.status == GoalStatus.STATUS_ABORTED
    assert "contradict each other" in end.result.message
    np.testing.assert_allclose(client.joints(), before, atol=1e-3)
    assert client.set_constraints("red > blue").normalised == "red > blue"
    client.wait_for_mode(PlannerStatus.ACTIVE)
    client.joints()
    assert np.abs(client.joints() - before).max() > 1e-3


def test_a_cancelled_goal_leaves_the_arm_holding(client):
    goal = client.send("red > green")
    client.wait_for_mode(PlannerStatus.ACTIVE)
    client.wait_for(goal.cancel_goal_async())
    end = client.result(goal)
    assert end.status == GoalStatus.STATUS_CANCELED
    assert end.result.message == "cancelled; the arm holds"
    assert list(end.result.failing) == ["red > green"]
    assert client.wait_for_mode(PlannerStatus.HOLD).condition == "unconditioned"
    client.joints()
    np.testing.assert_allclose(client.joints(), client.joints(), atol=2e-3)


def test_a_goal_ends_when_its_time_is_over_or_something_else_is_asked_for(client):
    assert "not built within 0.3 s" in client.result(client.send("red > green", time_limit=0.3)).result.message
    first, second = client.send("red > green"), client.send("green > red")
    assert client.result(first).result.message == "another goal took its place"
    assert client.set_constraints("").success
    assert "something else was asked for" in client.result(second).result.message


def test_ctrl_c_leaves_no_process_behind(client, nodes):
    children = [child for node in nodes for child in node.children()]
    assert children
    assert [node.stop(signal.SIGINT) for node in nodes] == [0, 0]
    assert client.spin_until(lambda: not any(map(is_running, children)))
    assert not any("Traceback" in node.log for node in nodes)
