r"""A simulated Kuka iiwa with blocks on a table, and the planner that makes it stack them.

    ros2 launch decision_diffuser_ros block_stacking.launch.py

It holds still until it is asked, from another terminal:

    ros2 action send_goal --feedback /planner/stack_blocks decision_diffuser_msgs/action/StackBlocks \
        "{constraints: 'red > green & green > blue'}"

Each namespace has a clock of its own, so that several simulated robots, each in a namespace, do not disturb each other.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from decision_diffuser_ros.resources import model_directory

PACKAGE = "decision_diffuser_ros"
CLOCK_IN_NAMESPACE = ("/clock", "clock")  # two simulations on one /clock would contradict each other


def generate_launch_description() -> LaunchDescription:
    """The launch arguments, the simulated arm and its planner; when one of the two ends, so does the other."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_require_model), _simulated_robot(), _planner()])


def _require_model(context: LaunchContext) -> None:
    """Refuse to start anything without a model, in one line."""
    model_directory(LaunchConfiguration("bundle").perform(context))


def _arguments() -> list[DeclareLaunchArgument]:
    default_params_file = PathJoinSubstitution([FindPackageShare(PACKAGE), "config", "block_stacking.yaml"])
    return [
        DeclareLaunchArgument(
            "namespace",
            default_value="",
            description="Namespace of both nodes, their topics and services and their clock, but not of /diagnostics.",
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
            "bundle",
            default_value="block_stacking",
            description="Name of a shipped model, or path of a model bundle.",
        ),
        DeclareLaunchArgument(
            "seed",
            default_value="0",
            description="Of where blocks and arm are at first.",
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
        executable="stacking_sim_node",
        name="stacking_sim",
        namespace=LaunchConfiguration("namespace"),
        parameters=[LaunchConfiguration("params_file"), {"gui": _boolean("gui"), "seed": _integer("seed")}],
        remappings=[CLOCK_IN_NAMESPACE],
        output="screen",
        on_exit=Shutdown(reason="the simulated arm has ended"),
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
                "bundle": _text("bundle"),
                "device": _text("device"),
                "autostart": _boolean("autostart"),
            },
        ],
        remappings=[CLOCK_IN_NAMESPACE],
        output="screen",
        on_exit=Shutdown(reason="the planner has ended"),
    )


def _boolean(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=bool)


def _integer(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=int)


def _text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)
