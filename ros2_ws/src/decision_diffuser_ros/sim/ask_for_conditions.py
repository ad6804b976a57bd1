"""A simulated Unitree A1 walks as expressions say, one after the other: no ROS, one loop.

    python ask_for_conditions.py "trot & !bound" "pace | bound" "bound & forward_speed=0.8"

What an expression can say stands in docs/conditions.md.
"""

import sys

import numpy as np

from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.evaluation.gait_pattern import leading_gait
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.expression import alternative_of, alternative_text
from decision_diffuser_ros.planner.expression_parser import ExpressionError, parse
from decision_diffuser_ros.planner.feasibility import possible_expression
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

CONTROL_STEPS = 75

bundle = Bundle.load(model_directory("quadruped_gaits"))
planner, world, rng = Planner(bundle), QuadrupedWorld(), np.random.default_rng(0)
controller = RecedingHorizonController(manifest=bundle.manifest, inverse_dynamics=bundle.inverse_dynamics)
for text in sys.argv[1:] or ["pace | bound", "trot & !bound", "trot & galop", "trot & !trot"]:
    try:
        expression = possible_expression(parse(text, bundle.manifest)).expression
    except ConditionError as error:
        print(error.marked if isinstance(error, ExpressionError) else error)
        continue
    controller.set_conditions(expression.weighted_branches(planner.settings.negation_weight))
    contacts = []
    for _ in range(CONTROL_STEPS):
        request = controller.observe(world.state())
        if request is not None:  # The previous plan says which alternative is in use.
            plan = planner.plan(request.history, request.conditions, rng=rng, previous=request.previous)
            controller.accept(request, plan)
        world.step(controller.action(), duration=bundle.manifest.step_duration)
        contacts.append(world.foot_contacts)
    followed, seen = alternative_text(alternative_of(plan.conditions)), leading_gait(np.array(contacts))[-25]
    print(f"asked {expression}   followed {followed}   the feet show {seen or 'no gait'}")
