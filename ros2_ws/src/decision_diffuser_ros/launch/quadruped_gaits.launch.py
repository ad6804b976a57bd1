r"""A simulated Unitree A1 and the planner that makes it walk.

    ros2 launch decision_diffuser_ros quadruped_gaits.launch.py skill:=trot

and from another terminal, while it walks:

    ros2 service call /planner/set_skill decision_diffuser_msgs/srv/SetSkill "{skills: [pace]}"

With the model that composes gaits, two at once at a share of its speed:

    ros2 launch decision_diffuser_ros quadruped_gaits.launch.py bundle:=quadruped_composition \
        condition:='trot & pace & return=0.6'

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
    """The launch arguments, the simulated robot and its planner; when one of the two ends, so does the other."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_planner), _simulated_robot()])


def _arguments() -> list[DeclareLaunchArgument]:
    default_params_file = PathJoinSubstitution([FindPackageShare(PACKAGE), "config", "quadruped_gaits.yaml"])
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
            "skill",
            default_value="trot",
            description="Gait to begin with, one of the model's skills: trot, pace or bound.",
        ),
        DeclareLaunchArgument(
            "condition",
            default_value="",
            description="Expression to begin with in place of the skill and of the speed in params_file.",
        ),
        DeclareLaunchArgument(
            "bundle",
            default_value="",
            description="Name of a shipped model, or path of a model bundle; empty for what params_file says.",
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
        remappings=[CLOCK_IN_NAMESPACE],
        output="screen",
        on_exit=Shutdown(reason="the simulated robot has ended"),
    )


def _planner(context: LaunchContext) -> list[Node]:
    """The planner; without its model nothing is started, and this ends in one line."""
    given = [name for name in ("condition", "bundle") if LaunchConfiguration(name).perform(context)]
    if "bundle" in given:
        model_directory(LaunchConfiguration("bundle").perform(context))
    return [
        Node(
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
                    **{name: _text(name) for name in given},
                },
            ],
            remappings=[CLOCK_IN_NAMESPACE],
            output="screen",
            on_exit=Shutdown(reason="the planner has ended"),
        )
    ]


def _boolean(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=bool)


def _text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)
