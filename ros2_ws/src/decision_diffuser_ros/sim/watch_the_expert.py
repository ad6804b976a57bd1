"""The scripted expert whose demonstrations the planner learns from, walking through its three gaits.

    python watch_the_expert.py                        what its feet show, as text
    python watch_the_expert.py --gui                  in PyBullet's window
    python watch_the_expert.py --video expert.mp4     as a video, drawn without a screen

The expert knows more than the planner is given: the body's true velocity, and where in the gait's cycle it is.
"""

import argparse
import time

import imageio.v2 as imageio
import numpy as np

from decision_diffuser_ros.evaluation.gait_pattern import leading_gait
from decision_diffuser_ros.simulation.gait_expert import CONTROL_STEP, GaitExpert
from decision_diffuser_ros.simulation.quadruped_rendering import QuadrupedRenderer
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

REPORT_EVERY = 25  # control steps


def main() -> None:
    """Lets the expert walk; says every half second what its feet show."""
    options = read_command_line()
    world = QuadrupedWorld(QuadrupedWorldSettings(gui=options.gui))
    expert = GaitExpert(skill=options.gaits[0], forward_speed=options.speed)
    contacts, speeds, poses = [], [], []

    for gait in options.gaits:
        expert.switch_to(gait)
        for control_step in range(round(options.seconds / CONTROL_STEP)):
            began = time.perf_counter()
            world.step(expert.targets(world))
            contacts.append(world.foot_contacts)
            speeds.append(world.linear_velocity_in_base[0])
            poses.append((world.base_position_in_world, world.base_orientation, world.joint_position))
            if control_step % REPORT_EVERY == REPORT_EVERY - 1:
                seen = leading_gait(np.array(contacts[-REPORT_EVERY:]))[REPORT_EVERY // 2] or "no gait"
                print(f"walks {gait:6} the feet show {seen:8} {np.mean(speeds[-REPORT_EVERY:]):5.2f} m/s")
            if options.gui:
                time.sleep(max(0.0, CONTROL_STEP - (time.perf_counter() - began)))
    print("the robot has fallen" if world.fallen else "the robot stands on its feet")
    world.close()
    if options.video:
        write_video(options.video, poses)


def write_video(path: str, poses: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """Draws every other pose: 25 pictures a second."""
    renderer = QuadrupedRenderer(width=560, height=352)
    with imageio.get_writer(path, fps=0.5 / CONTROL_STEP) as writer:
        for position, orientation, joints in poses[::2]:
            writer.append_data(
                renderer.frame(base_position=position, base_orientation=orientation, joint_position=joints)
            )
    renderer.close()
    print(f"the video is in {path}")


def read_command_line() -> argparse.Namespace:
    """What is to be shown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaits", nargs="+", default=["trot", "pace", "bound"], help="one after the other")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each gait")
    parser.add_argument("--speed", type=float, default=0.6, help="forward speed [m/s]")
    parser.add_argument("--gui", action="store_true", help="open PyBullet's window, at real speed")
    parser.add_argument("--video", help="MP4 file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
