"""ROS 2 nodes, thin: parameters in, messages to arrays, one library call, publish."""
