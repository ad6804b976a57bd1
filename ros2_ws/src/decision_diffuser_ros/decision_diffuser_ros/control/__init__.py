"""From plans to safe joint commands, without ROS: numpy alone.

state_assembly    messages' joint values by name -> state vector
receding_horizon  state -> plan request, plan -> joint targets
blending          the first command is the current pose
limits            clamps on what is published
watchdog          fresh or stale, level or tilted -> what the robot may do
planner_process   the planner in a supervised process of its own
"""
