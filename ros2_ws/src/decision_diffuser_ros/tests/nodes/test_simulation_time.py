"""When simulated time goes on."""

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes import simulation_time
from decision_diffuser_ros.nodes.simulation_time import Due, SimulationTime, TimeSettings

SETTINGS = {
    "lockstep": True,
    "lockstep_timeout": 10.0,
    "repeat_period": 0.05,
    "real_time_factor": 1.0,
    "control_period": 0.1,
    "state_rate": 40.0,
}


class Steady:
    """A clock that the test sets."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(simulation_time.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Steady(monkeypatch)


def test_in_lockstep_a_state_is_repeated_until_it_is_answered(clock):
    time = SimulationTime(TimeSettings(**SETTINGS))
    assert time.due() is Due.NOTHING
    clock.now += 0.06
    assert time.due() is Due.REPEAT
    time.note_published()
    assert time.due() is Due.NOTHING
    time.note_answer()
    assert time.due() is Due.ADVANCE
    assert time.due() is Due.NOTHING


def test_time_does_not_go_faster_than_the_real_time_factor(clock):
    time = SimulationTime(TimeSettings(**SETTINGS | {"real_time_factor": 2.0}))
    time.note_answer()
    assert time.due() is Due.ADVANCE
    time.note_answer()
    assert time.due() is Due.NOTHING
    assert time.wait() == pytest.approx(0.05)
    clock.now += 0.051
    assert time.due() is Due.ADVANCE


def test_without_lockstep_time_goes_on_by_itself(clock):
    time = SimulationTime(TimeSettings(**SETTINGS | {"lockstep": False}))
    assert time.period == pytest.approx(0.025)
    assert time.due() is Due.ADVANCE
    assert time.due() is Due.NOTHING
    clock.now += 0.03
    assert time.due() is Due.ADVANCE
    with pytest.raises(ConfigurationError, match="`real_time_factor` must be above 0 without lockstep"):
        TimeSettings(**SETTINGS | {"lockstep": False, "real_time_factor": 0.0})


def test_nobody_answering_is_worth_a_warning_once_in_a_while(clock):
    time = SimulationTime(TimeSettings(**SETTINGS))
    clock.now += 10.0
    assert time.warning_is_due()
    assert not time.warning_is_due()
