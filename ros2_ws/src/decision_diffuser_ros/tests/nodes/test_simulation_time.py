"""When simulated time goes on."""

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes import simulation_time
from decision_diffuser_ros.nodes.simulation_time import Due, SimulationTime, TimeSettings, even_pieces

SETTINGS = {
    "lockstep": True,
    "lockstep_timeout": 10.0,
    "repeat_period": 0.05,
    "real_time_factor": 1.0,
    "control_period": 0.1,
    "state_rate": 40.0,
    "reaction_time": 0.0,
    "time_step": 0.005,
}

FINE = {"reaction_time": 0.001, "time_step": 0.001}


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


def test_a_command_takes_hold_in_between_states(clock):
    time = SimulationTime(TimeSettings(**SETTINGS | {"lockstep": False, "state_rate": 200.0, **FINE}))
    assert time.period == pytest.approx(0.001)
    done = []
    for _ in range(20):
        done.append(time.due())
        clock.now += 0.001 + 1e-9
    assert done == ([Due.SLICE] * 4 + [Due.ADVANCE]) * 4


def test_a_slice_that_comes_late_is_made_up_for_and_a_long_pause_is_not(clock):
    time = SimulationTime(TimeSettings(**SETTINGS | {"lockstep": False, "state_rate": 200.0, **FINE}))
    assert time.due() is Due.SLICE
    clock.now += 0.0035
    assert [time.due() for _ in range(5)] == [Due.SLICE] * 3 + [Due.NOTHING] * 2
    clock.now += 1.0
    assert [time.due() for _ in range(7)] == [Due.ADVANCE] + [Due.SLICE] * 4 + [Due.NOTHING] * 2


@pytest.mark.parametrize(("reaction_time", "slices"), [(0.0, 1), (0.001, 5), (0.002, 5), (0.01, 1), (0.0001, 5)])
def test_slices_are_whole_steps_of_the_physics(reaction_time, slices):
    times = {"lockstep": False, "state_rate": 100.0, "reaction_time": reaction_time, "time_step": 0.002}
    assert TimeSettings(**SETTINGS | times).slices == slices


@pytest.mark.parametrize(("lockstep", "name"), [(True, "`control_period`"), (False, "1 / `state_rate`")])
def test_physics_whose_steps_do_not_fit_is_refused(lockstep, name):
    with pytest.raises(ConfigurationError, match=f"{name} must be a multiple of the physics' step of 0.03 s"):
        TimeSettings(**SETTINGS | {"lockstep": lockstep, "time_step": 0.03})


@pytest.mark.parametrize("pieces", [1, 2, 3, 4, 5, 8])
def test_pieces_are_about_as_long_as_one_another_and_add_up(pieces):
    for steps in range(1, 41):
        lengths = even_pieces(steps, pieces)
        assert sum(lengths) == steps
        assert len(lengths) == min(steps, pieces)
        assert 1 <= min(lengths) <= max(lengths) <= min(lengths) + 1


def test_in_lockstep_there_are_no_slices(clock):
    time = SimulationTime(TimeSettings(**SETTINGS | FINE))
    assert time.period == 0.1
    time.note_answer()
    assert time.due() is Due.ADVANCE


def test_nobody_answering_is_worth_a_warning_once_in_a_while(clock):
    time = SimulationTime(TimeSettings(**SETTINGS))
    clock.now += 10.0
    assert time.warning_is_due()
    assert not time.warning_is_due()
