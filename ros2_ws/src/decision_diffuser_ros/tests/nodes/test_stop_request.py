"""Signals to a node's process."""

import signal

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.nodes.node_runner import STOP_SIGNALS, StopRequest, is_stop_requested


@pytest.fixture(autouse=True)
def restored():
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_where_no_node_runs_no_stop_is_requested():
    assert not is_stop_requested()


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_a_request_until_the_node_has_ended(number):
    stop = StopRequest()
    assert not is_stop_requested()
    signal.raise_signal(number)
    assert stop.is_requested
    assert is_stop_requested()
    stop.ignore_more()
    assert not is_stop_requested()
