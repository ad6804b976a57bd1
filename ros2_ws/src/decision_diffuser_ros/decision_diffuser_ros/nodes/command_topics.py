"""Topics of the controllers that commands are for."""

FORWARD_COMMAND_TOPIC = "joint_group_position_controller/commands"
JOINT_TRAJECTORY_TOPIC = "joint_trajectory_controller/joint_trajectory"
GRIPPER_COMMAND_TOPIC = "gripper_controller/commands"
