"""The faults that are tried on the running nodes, one at a time and in combination.

A scenario's `inject` is a context: the fault begins when it is entered and ends when it is left.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from decision_diffuser_ros.nodes import sensor_faults as spoil
from decision_diffuser_ros.nodes.fault_bench import FaultBench
from decision_diffuser_ros.nodes.process_faults import (
    kill_planning,
    node_stopped,
    planning_killed,
    planning_slow,
    planning_stopped,
    planning_without_memory,
    simulator_paused,
    simulator_restarted,
)
from decision_diffuser_ros.nodes.service_faults import ask_for_nonsense, call_services_quickly

SAFE, GOES_ON, ANY = "safe", "active", "any"
NOTICED_WITHIN = 1.0
"""When the bench's planner must have noticed what is not safe [s]: its watchdog's 0.25 s, and a busy computer."""


@dataclass(frozen=True, kw_only=True)
class FaultScenario:
    """A fault.

    Attributes:
        name: for the command line.
        description: what is done, for people.
        inject: called with the bench; a context that lasts as long as the fault.
        expected: `safe`: the planner must leave ACTIVE; `active`: it must go on; `any`: either.
        safe_within: from the beginning of the fault until it must have left ACTIVE, where it must [s].
        all_good: whether all readings that arrive are good, so that none may be refused.
        simulated_time: whether it is tried in lockstep with /clock instead of real time.
        short: whether it is among the few most telling ones.
    """

    name: str
    description: str
    inject: Callable[[FaultBench], contextlib.AbstractContextManager[None]]
    expected: str
    safe_within: float = NOTICED_WITHIN
    all_good: bool = False
    simulated_time: bool = False
    short: bool = False


def _spoilt(
    seconds: float,
    *,
    joints: Callable[[], Callable] | None = None,
    imu: Callable[[], Callable] | None = None,
    clock: Callable[[], Callable] | None = None,
    meanwhile: Callable[[FaultBench], None] | None = None,
) -> Callable[[FaultBench], contextlib.AbstractContextManager[None]]:
    """A wire that spoils messages for so long; each spoiler is made anew for each run."""

    @contextlib.contextmanager
    def inject(bench: FaultBench) -> Iterator[None]:
        wire = bench.wire
        with wire.lock:
            wire.spoil_joints = joints() if joints else wire.spoil_joints
            wire.spoil_imu = imu() if imu else wire.spoil_imu
            wire.spoil_clock = clock() if clock else wire.spoil_clock
        try:
            yield
            if meanwhile is not None:
                meanwhile(bench)
            time.sleep(seconds)
        finally:
            wire.repair()

    return inject


def _gap(seconds: float) -> Callable[[FaultBench], contextlib.AbstractContextManager[None]]:
    return _spoilt(seconds, joints=lambda: spoil.nothing_passes, imu=lambda: spoil.nothing_passes)


@contextlib.contextmanager
def _quick_services(bench: FaultBench) -> Iterator[None]:
    yield
    call_services_quickly(bench, seconds=3.0, rate=100.0)


@contextlib.contextmanager
def _nonsense_asked(bench: FaultBench) -> Iterator[None]:
    yield
    ask_for_nonsense(bench)


def _quick_services_meanwhile(bench: FaultBench) -> None:
    call_services_quickly(bench, seconds=2.0, rate=100.0)


def _sensor(
    name: str,
    description: str,
    expected: str,
    *,
    short: bool = False,
    seconds: float = 1.5,
    safe_within: float = NOTICED_WITHIN,
    all_good: bool = False,
    **spoilers: Callable,
) -> FaultScenario:
    return FaultScenario(
        name=name,
        description=description,
        expected=expected,
        safe_within=safe_within,
        all_good=all_good,
        short=short,
        inject=_spoilt(seconds, **spoilers),
    )


SCENARIOS: tuple[FaultScenario, ...] = (
    _sensor(
        "joints_shuffled", "a new order each time", GOES_ON, joints=lambda: spoil.shuffled(0), all_good=True, short=True
    ),
    _sensor(
        "joints_extra", "other joints beside, with NaN", GOES_ON, joints=lambda: spoil.with_other_joints, all_good=True
    ),
    _sensor("joint_missing", "one joint is missing", SAFE, joints=lambda: spoil.without_joint(4), short=True),
    _sensor("joints_renamed", "all joints have other names", SAFE, joints=lambda: spoil.renamed),
    _sensor("joint_twice", "one joint is there twice", SAFE, joints=lambda: spoil.doubled),
    _sensor("values_missing", "fewer positions than names", SAFE, joints=lambda: spoil.too_short),
    _sensor(
        "position_nan", "NaN for a position", SAFE, joints=lambda: spoil.with_value("position", math.nan), short=True
    ),
    _sensor("position_inf", "infinity for a position", SAFE, joints=lambda: spoil.with_value("position", math.inf)),
    _sensor("position_huge", "1e300 rad for a position", ANY, joints=lambda: spoil.with_value("position", 1e300)),
    _sensor(
        "position_nan_rarely",
        "NaN in every third message",
        GOES_ON,
        joints=lambda: spoil.with_value("position", math.nan, every=3),
    ),
    _sensor("velocity_nan", "NaN for a velocity", GOES_ON, joints=lambda: spoil.with_value("velocity", math.nan)),
    _sensor("velocity_inf", "infinity for a velocity", SAFE, joints=lambda: spoil.with_value("velocity", -math.inf)),
    _sensor("imu_nan", "NaN for an angular velocity", SAFE, imu=lambda: spoil.imu_with(math.nan)),
    _sensor("imu_no_orientation", "a quaternion of length 0", SAFE, imu=lambda: spoil.imu_without_orientation),
    _sensor(
        "values_frozen",
        "the same values with new stamps",
        SAFE,
        seconds=3.0,
        safe_within=NOTICED_WITHIN + 0.5,  # equal readings make a frozen sensor after half a second
        joints=lambda: spoil.Frozen(stamps_too=False),
        imu=lambda: spoil.Frozen(stamps_too=False),
        short=True,
    ),
    _sensor("message_repeated", "the same message again and again", SAFE, joints=lambda: spoil.Frozen(stamps_too=True)),
    FaultScenario(
        name="gap_0.05", description="no readings for 0.05 s", inject=_gap(0.05), expected=GOES_ON, all_good=True
    ),
    FaultScenario(name="gap_0.5", description="no readings for 0.5 s", inject=_gap(0.5), expected=SAFE, short=True),
    FaultScenario(name="gap_2", description="no readings for 2 s", inject=_gap(2.0), expected=SAFE),
    FaultScenario(name="gap_5", description="no readings for 5 s", inject=_gap(5.0), expected=SAFE),
    _sensor(
        "stamps_forward",
        "sensors' clock 10 s ahead",
        ANY,
        joints=lambda: spoil.shifted(10.0),
        imu=lambda: spoil.shifted(10.0),
    ),
    _sensor(
        "stamps_back",
        "sensors' clock 10 s behind",
        ANY,
        joints=lambda: spoil.shifted(-10.0),
        imu=lambda: spoil.shifted(-10.0),
    ),
    FaultScenario(
        name="planner_killed",
        description="SIGKILL to the process that plans",
        inject=planning_killed,
        expected=ANY,
        short=True,
    ),
    FaultScenario(
        name="planner_stopped",
        description="SIGSTOP to the process that plans",
        inject=planning_stopped,
        expected=SAFE,
        short=True,
    ),
    FaultScenario(
        name="planner_slow", description="plans take several times as long", inject=planning_slow, expected=ANY
    ),
    FaultScenario(
        name="planner_out_of_memory",
        description="no more memory for the process that plans",
        inject=planning_without_memory,
        expected=ANY,
    ),
    FaultScenario(name="node_stopped", description="SIGSTOP to the node for 1 s", inject=node_stopped, expected=ANY),
    FaultScenario(
        name="simulator_restarted",
        description="the simulator is killed and started again",
        inject=simulator_restarted,
        expected=SAFE,
    ),
    FaultScenario(
        name="services_quick",
        description="a skill switch 100 times a second",
        inject=_quick_services,
        expected=GOES_ON,
        all_good=True,
    ),
    FaultScenario(
        name="services_nonsense",
        description="service requests without sense, all refused",
        inject=_nonsense_asked,
        expected=GOES_ON,
        all_good=True,
        short=True,
    ),
    _sensor(
        "shuffled_and_services",
        "shuffled joints and 100 switches a second",
        GOES_ON,
        seconds=0.0,
        all_good=True,
        joints=lambda: spoil.shuffled(1),
        meanwhile=_quick_services_meanwhile,
    ),
    _sensor(
        "nan_and_planner_killed",
        "NaN for a position while the process that plans is killed",
        SAFE,
        joints=lambda: spoil.with_value("position", math.nan),
        meanwhile=kill_planning,
    ),
    _sensor(
        "gap_and_stamps_back",
        "no joint states for 1 s, IMU with old stamps",
        SAFE,
        seconds=1.0,
        joints=lambda: spoil.nothing_passes,
        imu=lambda: spoil.shifted(-10.0),
    ),
    FaultScenario(
        name="clock_forward",
        description="/clock and stamps jump 10 s ahead",
        inject=_spoilt(
            1.0, joints=lambda: spoil.shifted(10.0), imu=lambda: spoil.shifted(10.0), clock=lambda: spoil.shifted(10.0)
        ),
        expected=ANY,
        simulated_time=True,
    ),
    FaultScenario(
        name="clock_back",
        description="/clock and stamps jump 0.3 s back",
        inject=_spoilt(
            1.0,
            joints=lambda: spoil.shifted(-0.3),
            imu=lambda: spoil.shifted(-0.3),
            clock=lambda: spoil.shifted(-0.3),
        ),
        expected=ANY,
        simulated_time=True,
        short=True,
    ),
    FaultScenario(
        name="pause",
        description="the simulator pauses for 3 s",
        inject=simulator_paused,
        expected=ANY,
        simulated_time=True,
    ),
    FaultScenario(
        name="nan_in_lockstep",
        description="NaN for a position in simulated time",
        inject=_spoilt(2.5, joints=lambda: spoil.with_value("position", math.nan)),
        expected=SAFE,
        safe_within=NOTICED_WITHIN + 1.0,  # a simulation may be slow
        simulated_time=True,
    ),
    FaultScenario(
        name="planner_killed_in_lockstep",
        description="SIGKILL to the process that plans, in simulated time",
        inject=planning_killed,
        expected=ANY,
        simulated_time=True,
    ),
)
