"""What users and programs can do to services: ask quickly, and ask for nonsense."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any

from decision_diffuser_msgs.srv import ListSkills, SetCondition, SetConstraints, SetSkill
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from decision_diffuser_ros.errors import DecisionDiffuserError
from decision_diffuser_ros.nodes.fault_bench import ANSWER_TIMEOUT, PLANNER, FaultBench

SET_SKILL = f"{PLANNER}/set_skill"

NONSENSE: tuple[dict, ...] = (
    {"skills": ["galop"]},
    {"skills": [""]},
    {"skills": ["trot", "trot"]},
    {"skills": ["trot"], "weights": [1.0, 2.0]},
    {"skills": ["trot"], "weights": [math.nan]},
    {"skills": ["trot"], "weights": [math.inf]},
    {"skills": ["trot"], "weights": [1e30]},
    {"skills": ["trot", "pace"], "weights": [1.0]},
    {"skills": [], "weights": [1.0]},
    {"skills": ["t" * 1_000_000]},
    {"skills": [f"skill {number}" for number in range(10_000)]},
    {"skills": ["трот \u0000 🐎"]},
    {"skills": ["trot"], "number_names": ["forward_speed"], "numbers": []},
    {"skills": ["trot"], "number_names": ["forward_speed"], "numbers": [math.inf]},
    {"skills": ["trot"], "number_names": ["forward_speed"], "numbers": [-1.0]},
    {"skills": ["trot"], "number_names": ["forward_speed"], "numbers": [1e300]},
    {"skills": ["trot"], "number_names": ["backward_speed"], "numbers": [0.5]},
    {"skills": ["trot"], "number_names": ["skill"], "numbers": [0.5]},
)
"""Requests of `~/set_skill`, none of which may be accepted."""

UNREADABLE = (
    "trot &",
    "& trot",
    "trot pace",
    "trot && pace",
    "(trot",
    "trot)",
    "trot & (pace | bound",
    ")(",
    "!",
    "=",
    "forward_speed=fast",
    '"trot',
    "trot; pace",
    "trot \N{HORSE}",
    "tr\N{ZERO WIDTH SPACE}ot",
    "\N{RIGHT-TO-LEFT OVERRIDE}trot",
    "galop\u0000",  # cut off there on its way
    "(" * 100,
    "(" * 10_000,
    "!" * 10_000 + "trot",
    "t" * 1_000_000,
    "\N{HORSE}" * 100_000,
    "trot & " * 10_000 + "trot",
    " | ".join(f"forward_speed={number / 10_000}" for number in range(10_000)),
)
"""No expressions, or far too long ones."""

NONSENSICAL_EXPRESSIONS = (
    *UNREADABLE,
    "galop",
    "forward_speed",
    "trot=1",
    "\N{FULLWIDTH LATIN SMALL LETTER T}rot",
    "trot & !trot",
    "trot & forward_speed=0.1 & forward_speed=0.2",
    "trot & forward_speed=1e999",
    "trot & forward_speed=-1",
    "nan*trot",
    "1e30*trot",
    "100*(100*trot)",
    "-1*trot",
    " & ".join(f"(trot | forward_speed=0.{number})" for number in range(10, 34)),
    " & ".join(f"!(forward_speed=0.{number})" for number in range(10, 50)),
    f"({' | '.join(f'{weight}*trot' for weight in range(2, 18))}) & "
    + " & ".join(f"!(forward_speed=0.{number})" for number in range(10, 38)),
)
"""Expressions of `~/set_condition`, none of which may be accepted: the last ones have too many alternatives once OR is
distributed, too many terms, or too many of both for a plan to be made in time."""

NONSENSICAL_CONSTRAINTS = (
    *UNREADABLE,
    "trot",
    "trot | pace",
    "red > blue",
    "red > red",
    "red >",
    "> blue",
    "red > > blue",
    "red < blue",
    " > ".join(["red"] * 200),
)
"""Constraints of `~/set_constraints`, none of which a model without objects may accept."""


class ServiceFaultError(DecisionDiffuserError):
    """A service did what it must not."""


def call_services_quickly(bench: FaultBench, *, seconds: float, rate: float) -> None:
    """Ask for one gait after the other, `rate` times a second, without waiting for answers.

    Raises:
        ServiceFaultError: some were not answered in the end, or a good one was refused.
    """
    waiting: deque = deque()
    asked, end = 0, time.monotonic() + seconds
    begin = time.monotonic()
    while time.monotonic() < end:
        if asked % 10 == 9:
            waiting.append(bench.call_later(ListSkills, f"{PLANNER}/list_skills"))
        else:
            request = SetSkill.Request(skills=[("trot", "pace", "bound")[asked % 3]])
            waiting.append(bench.call_later(SetSkill, SET_SKILL, request))
        asked += 1
        time.sleep(max(0.0, begin + asked / rate - time.monotonic()))
    if not bench.wait(lambda: all(future.done() for future in waiting), timeout=ANSWER_TIMEOUT):
        missing = sum(not future.done() for future in waiting)
        raise ServiceFaultError(f"{missing} of {asked} service calls were not answered")
    if not all(getattr(future.result(), "success", True) for future in waiting):
        raise ServiceFaultError("a switch to a gait that the model has was refused")


def ask_for_nonsense(bench: FaultBench) -> None:
    """Ask for what no model can do; each request must be refused with a reason, and change nothing.

    Raises:
        ServiceFaultError: one was accepted, or changed what is in force.
    """
    before = bench.call(ListSkills, f"{PLANNER}/list_skills").condition
    for fields in NONSENSE:
        _require_refusal(bench, SetSkill, "set_skill", fields)
    for expression in NONSENSICAL_EXPRESSIONS:
        _require_refusal(bench, SetCondition, "set_condition", {"expression": expression})
    for constraints in NONSENSICAL_CONSTRAINTS:
        _require_refusal(bench, SetConstraints, "set_constraints", {"constraints": constraints})
    for identity in (0, 99, 255):
        request = ChangeState.Request(transition=Transition(id=identity))
        if bench.call(ChangeState, f"{PLANNER}/change_state", request).success:
            raise ServiceFaultError(f"the lifecycle transition {identity} was accepted")
    after = bench.call(ListSkills, f"{PLANNER}/list_skills").condition
    if after != before:
        raise ServiceFaultError(f"refused requests have changed '{before}' to '{after}'")


def _require_refusal(bench: FaultBench, kind: Any, service: str, fields: dict) -> None:
    response = bench.call(kind, f"{PLANNER}/{service}", kind.Request(**fields))
    if response.success or not response.message:
        raise ServiceFaultError(f"{service} did not refuse {str(fields)[:60]} with a reason")
