"""A simulated Unitree A1 walks by diffusion plans, and changes its gait on the way: no ROS, one loop.

    python walk_without_ros.py                          trot, pace, bound, two seconds each
    python walk_without_ros.py --gaits bound trot --gui
    python walk_without_ros.py --model ./my_bundle

The planner node adds to this loop: planning in a process of its own, limits, blending in, a watchdog, and messages.
"""

import argparse
import time

import numpy as np

from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController
from decision_diffuser_ros.evaluation.gait_pattern import leading_gait
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

REPORT_EVERY = 25  # control steps


def main() -> None:
    """Lets the robot walk; says every half second what its feet show."""
    options = read_command_line()
    bundle = Bundle.load(model_directory(options.model))
    planner = Planner(bundle)
    controller = RecedingHorizonController(manifest=bundle.manifest, inverse_dynamics=bundle.inverse_dynamics)
    world = QuadrupedWorld(QuadrupedWorldSettings(gui=options.gui))
    rng = np.random.default_rng(options.seed)
    step_duration = bundle.manifest.step_duration
    contacts, speeds, plan_ms = [], [], []

    for gait in options.gaits:
        # From the next step on, plans are asked for this gait.
        controller.set_conditions([Condition({"skill": gait, "forward_speed": options.speed})])
        for control_step in range(round(options.seconds / step_duration)):
            began = time.perf_counter()
            # Observe: joint positions and velocities, gravity direction, angular velocity. No position, no contacts.
            request = controller.observe(world.state())

            # Plan, at every other step: the states to come, sampled for the gait, going on from the last ones observed.
            if request is not None:
                plan = planner.plan(request.history, request.conditions, rng=rng)
                controller.accept(request, plan)
                plan_ms.append(1e3 * plan.seconds)

            # Act: inverse dynamics gives the joint targets that lead from the measured state to the plan's next one.
            world.step(controller.action(), duration=step_duration)

            contacts.append(world.foot_contacts)
            speeds.append(world.linear_velocity_in_base[0])
            if control_step % REPORT_EVERY == REPORT_EVERY - 1:
                seen = leading_gait(np.array(contacts[-REPORT_EVERY:]))[REPORT_EVERY // 2] or "no gait"
                speed, milliseconds = np.mean(speeds[-REPORT_EVERY:]), np.median(plan_ms)
                print(f"asked {gait:6} the feet show {seen:8} {speed:5.2f} m/s   a plan takes {milliseconds:.1f} ms")
            if options.gui:
                time.sleep(max(0.0, step_duration - (time.perf_counter() - began)))
    print("the robot has fallen" if world.fallen else "the robot stands on its feet")
    world.close()


def read_command_line() -> argparse.Namespace:
    """What is to be shown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="quadruped_gaits", help="shipped model, or directory of a bundle")
    parser.add_argument("--gaits", nargs="+", default=["trot", "pace", "bound"], help="one after the other")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each gait")
    parser.add_argument("--speed", type=float, default=0.6, help="forward speed asked [m/s]")
    parser.add_argument("--seed", type=int, default=0, help="of the planner's noise")
    parser.add_argument("--gui", action="store_true", help="open PyBullet's window, at real speed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
