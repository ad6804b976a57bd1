"""How many denoising steps fit is learnt from the times of recent plans."""

import pytest

from decision_diffuser_ros.planner.step_times import REMEMBERED, StepTimes


def times_of(*plans: tuple[int, int, float, float]) -> StepTimes:
    times = StepTimes()
    for denoising_steps, rows, sampling, besides in plans:
        times.note(denoising_steps=denoising_steps, rows=rows, sampling=sampling, besides=besides)
    return times


def test_before_anything_is_known_all_steps_are_run() -> None:
    assert StepTimes().fitting_steps(0.001, rows=2, most=10) == 10


@pytest.mark.parametrize("seconds, expected", [(0.0125, 1), (0.0145, 2), (0.0205, 5), (1.0, 10), (0.0, 1), (-1.0, 1)])
def test_as_many_steps_as_fit_but_at_least_one(seconds: float, expected: int) -> None:
    times = times_of((10, 2, 0.020, 0.010))  # 2 ms a step, 10 ms besides
    assert times.fitting_steps(seconds, rows=2, most=10) == expected


def test_more_rows_take_longer() -> None:
    times = times_of((10, 2, 0.020, 0.0))
    assert times.fitting_steps(0.0081, rows=4, most=10) == 2


def test_one_plan_in_twenty_may_be_slower() -> None:
    times = times_of(*[(1, 1, 0.001, 0.0)] * 97, *[(1, 1, 0.1, 0.0)] * 3)
    assert times.fitting_steps(0.0051, rows=1, most=10) == 5
    times = times_of(*[(1, 1, 0.001, 0.0)] * 90, *[(1, 1, 0.1, 0.0)] * 10)
    assert times.fitting_steps(0.0051, rows=1, most=10) == 1


def test_old_plans_are_forgotten() -> None:
    times = times_of(*[(1, 1, 0.1, 0.0)] * 50, *[(1, 1, 0.001, 0.0)] * REMEMBERED)
    assert times.fitting_steps(0.0051, rows=1, most=10) == 5
