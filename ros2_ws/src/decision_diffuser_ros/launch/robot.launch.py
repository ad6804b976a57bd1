"""The planner alone, for a real robot whose drivers and controllers run already.

    ros2 launch decision_diffuser_ros robot.launch.py params_file:=my_robot.yaml imu:=imu_sensor_broadcaster/imu

It configures itself and waits; with the robot lying safely, activate it:

    ros2 lifecycle set /planner activate
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, RegisterEventHandler, Shutdown
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare
from lifecycle_msgs.msg import Transition

PACKAGE = "decision_diffuser_ros"


def generate_launch_description() -> LaunchDescription:
    """The launch arguments and the planner, which is configured as soon as it runs."""
    planner = _planner()
    configure = EmitEvent(
        event=ChangeState(
            lifecycle_node_matcher=matches_action(planner), transition_id=Transition.TRANSITION_CONFIGURE
        ),
        condition=UnlessCondition(LaunchConfiguration("autostart")),
    )
    handler = RegisterEventHandler(
        OnProcessStart(target_action=planner, on_start=[configure]),
        condition=IfCondition(LaunchConfiguration("configure")),
    )
    return LaunchDescription([*_arguments(), handler, planner])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), "config", "robot.yaml"]),
            description="Parameters of the robot: model, joints, limits, watchdog. The default is a sample to copy.",
        ),
        DeclareLaunchArgument(
            "namespace",
            default_value="",
            description="Namespace of the node and its topics and services but for /diagnostics, one for each robot.",
        ),
        DeclareLaunchArgument(
            "device",
            default_value="cpu",
            description="What the network runs on, whatever params_file says: cpu, cuda, tensorrt, or auto for a GPU.",
        ),
        DeclareLaunchArgument(
            "joint_states",
            default_value="joint_states",
            description="Topic of the joint states.",
        ),
        DeclareLaunchArgument(
            "imu",
            default_value="imu",
            description="Topic of the IMU; the broadcaster of ros2_control has imu_sensor_broadcaster/imu.",
        ),
        DeclareLaunchArgument(
            "configure",
            default_value="true",
            choices=["true", "false"],
            description="Whether the model is loaded at once, without publishing anything.",
        ),
        DeclareLaunchArgument(
            "autostart",
            default_value="false",
            choices=["true", "false"],
            description="Whether commands begin at once; if not, ros2 lifecycle set activates the planner.",
        ),
    ]


def _planner() -> LifecycleNode:
    return LifecycleNode(
        package=PACKAGE,
        executable="planner_node",
        name="planner",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {
                "use_sim_time": False,
                "device": ParameterValue(LaunchConfiguration("device"), value_type=str),
                "autostart": ParameterValue(LaunchConfiguration("autostart"), value_type=bool),
            },
        ],
        remappings=[("joint_states", LaunchConfiguration("joint_states")), ("imu", LaunchConfiguration("imu"))],
        output="screen",
        on_exit=Shutdown(reason="the planner has ended"),
    )
