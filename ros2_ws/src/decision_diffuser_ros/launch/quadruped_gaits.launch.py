"""A simulated Unitree A1 and the planner that makes it walk.

    ros2 launch decision_diffuser_ros quadruped_gaits.launch.py skill:=trot

and from another terminal, while it walks:

    ros2 service call /planner/set_skill decision_diffuser_msgs/srv/SetSkill "{skills: [pace]}"

Every simulation publishes /clock, whatever its namespace: several simulated robots need a ROS domain each.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = "decision_diffuser_ros"


def generate_launch_description() -> LaunchDescription:
    """The launch arguments, the simulated robot and its planner; when one of the two ends, so does the other."""
    return LaunchDescription([*_arguments(), _simulated_robot(), _planner()])


def _arguments() -> list[DeclareLaunchArgument]:
    default_params_file = PathJoinSubstitution([FindPackageShare(PACKAGE), "config", "quadruped_gaits.yaml"])
    return [
        DeclareLaunchArgument(
            "namespace",
            default_value="",
            description="Namespace of both nodes and their topics and services, but for /clock and /diagnostics.",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="true",
            choices=["true", "false"],
            description="Whether the planner goes by the simulation's /clock instead of this computer's clock.",
        ),
        DeclareLaunchArgument(
            "params_file",
            default_value=default_params_file,
            description="Parameters of both nodes; the launch arguments below win over what it says.",
        ),
        DeclareLaunchArgument(
            "skill",
            default_value="trot",
            description="Gait to begin with, one of the model's skills: trot, pace or bound.",
        ),
        DeclareLaunchArgument(
            "device",
            default_value="cpu",
            description="What the network runs on: cpu, cuda, or auto for the GPU if there is one.",
        ),
        DeclareLaunchArgument(
            "gui",
            default_value="false",
            choices=["true", "false"],
            description="Whether the simulation opens a window, which needs a screen.",
        ),
        DeclareLaunchArgument(
            "autostart",
            default_value="true",
            choices=["true", "false"],
            description="Whether the planner configures and activates itself; if not, ros2 lifecycle set does it.",
        ),
    ]


def _simulated_robot() -> Node:
    return Node(
        package=PACKAGE,
        executable="quadruped_sim_node",
        name="quadruped_sim",
        namespace=LaunchConfiguration("namespace"),
        parameters=[LaunchConfiguration("params_file"), {"gui": _boolean("gui")}],
        output="screen",
        on_exit=Shutdown(reason="the simulated robot has ended"),
    )


def _planner() -> Node:
    return Node(
        package=PACKAGE,
        executable="planner_node",
        name="planner",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {
                "use_sim_time": _boolean("use_sim_time"),
                "skill": _text("skill"),
                "device": _text("device"),
                "autostart": _boolean("autostart"),
            },
        ],
        output="screen",
        on_exit=Shutdown(reason="the planner has ended"),
    )


def _boolean(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=bool)


def _text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)
