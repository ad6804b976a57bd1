"""As many denoising steps as the deadline allows, by a clock that is turned by hand."""

from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.composition_follower import CompositionFollower
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings

STEP = 0.004  # [s], of one denoising step of one row
BESIDES = 0.002  # [s], of everything else in a plan
WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})
SETTINGS = SamplingSettings(history=2, denoising_steps=10, guidance_weight=1.0)
STATE = np.array([[0.3, -0.2, 0.0, 0.0]])


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[False, True], ids=["step by step", "one call"])
def planner(tiny_bundle: Path, clock: Clock, request, monkeypatch) -> Planner:
    """A planner of 10 steps, each of which takes `STEP` on the clock."""
    planner = Planner(Bundle.load(tiny_bundle), settings=SETTINGS, samples_in_one_call=request.param, clock=clock)
    slow_down(planner, clock, monkeypatch)
    return planner


def slow_down(planner: Planner, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Lets each denoising step of a row take `STEP`, and the rest `BESIDES`; returns (rows, steps) of plans to come."""
    taken: list[tuple[int, int]] = []
    sample, inverse_dynamics = planner._sampler.sample, planner.bundle.inverse_dynamics

    def slow_sample(denoiser, start, levels, **options):
        clock.now += STEP * len(levels) * denoiser.rows.count
        taken.append((denoiser.rows.count, len(levels)))
        return sample(denoiser, start, levels, **options)

    def slow_inverse_dynamics(*states):
        clock.now += BESIDES
        return inverse_dynamics(*states)

    monkeypatch.setattr(planner._sampler, "sample", slow_sample)
    monkeypatch.setattr(planner.bundle, "inverse_dynamics", slow_inverse_dynamics)
    return taken


def plan_within(planner: Planner, clock: Clock, seconds: float | None, *conditions: Condition, **options):
    deadline = None if seconds is None else clock.now + seconds
    return planner.plan(STATE, conditions or (WAVE,), rng=np.random.default_rng(0), deadline=deadline, **options)


def test_before_a_plan_has_been_made_all_steps_are_run(planner: Planner, clock: Clock) -> None:
    assert plan_within(planner, clock, 0.001).denoising_steps == 10


@pytest.mark.parametrize("seconds, steps", [(0.0145, 3), (0.0065, 1), (0.001, 1), (1.0, 10), (None, 10)])
def test_as_many_steps_as_fit_are_run(planner: Planner, clock: Clock, seconds: float | None, steps: int) -> None:
    plan_within(planner, clock, None)
    began = clock.now
    plan = plan_within(planner, clock, seconds)
    assert plan.denoising_steps == steps
    assert plan.seconds == pytest.approx(clock.now - began) == pytest.approx(steps * STEP + BESIDES)


def test_the_plan_is_that_of_a_sampler_with_so_many_steps(planner: Planner, clock: Clock) -> None:
    plan_within(planner, clock, None)
    hurried = plan_within(planner, clock, 0.0145)
    settings = SamplingSettings(history=2, denoising_steps=3, guidance_weight=1.0)
    expected = Planner(planner.bundle, settings=settings).plan(STATE, (WAVE,), rng=np.random.default_rng(0))
    np.testing.assert_allclose(hurried.states, expected.states, atol=1e-5)


def test_what_a_warm_up_took_is_not_learnt(planner: Planner, clock: Clock, monkeypatch) -> None:
    sample = planner._sampler.sample

    def sample_for_a_minute(*inputs, **options):
        clock.now += 60.0
        return sample(*inputs, **options)

    with monkeypatch.context() as cold:
        cold.setattr(planner._sampler, "sample", sample_for_a_minute)
        planner.warm_up((WAVE,))
    assert plan_within(planner, clock, 0.05).denoising_steps == 10
    assert plan_within(planner, clock, 0.0305).denoising_steps == 7


def test_several_conditions_leave_time_for_fewer_steps(planner: Planner, clock: Clock) -> None:
    plan_within(planner, clock, None)
    # With the null condition three rows.
    assert plan_within(planner, clock, 0.0265, WAVE, REST).denoising_steps == 2


def test_a_warm_start_leaves_its_noisiest_steps_out(planner: Planner, clock: Clock) -> None:
    object.__setattr__(planner.settings, "warm_start_steps", 5)
    previous = plan_within(planner, clock, None)
    assert plan_within(planner, clock, 1.0, previous=previous).denoising_steps == 5
    assert plan_within(planner, clock, 0.0105, previous=previous).denoising_steps == 2


@pytest.mark.parametrize(
    "seconds, steps",
    [
        (None, [10, 10, 10]),
        (0.0615, [1, 5, 5]),  # a third of it each, and what the composed plan leaves of its own
        (0.151, [4, 10, 10]),
        (0.001, [1, 1, 1]),
    ],
)
def test_a_composed_plan_and_those_that_it_chooses_from_share_the_time(
    tiny_bundle: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float | None, steps: list[int]
) -> None:
    follower = CompositionFollower(Bundle.load(tiny_bundle), settings=SETTINGS, clock=clock)
    taken = slow_down(follower, clock, monkeypatch)
    plan_within(follower, clock, None)
    taken.clear()
    began = clock.now
    composed = plan_within(follower, clock, seconds, WAVE, REST)
    assert taken == list(zip([3, 1, 1], steps, strict=True))
    assert composed.seconds == pytest.approx(clock.now - began)
    assert composed.denoising_steps == steps[0]
    if seconds is not None and seconds > 0.01:
        assert composed.seconds <= seconds
    chosen = plan_within(follower, clock, 0.0225, WAVE, REST, previous=composed)
    assert (chosen.denoising_steps, chosen.seconds) == (5, pytest.approx(5 * STEP + BESIDES))
