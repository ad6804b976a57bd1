"""The planner node's parameters that watch over it: watchdogs, the planner's process, thresholds of the diagnostics."""

from __future__ import annotations

from decision_diffuser_ros.nodes.parameter_declaration import ParameterSpec, ParameterType

SAFETY_SPECS = (
    ParameterSpec(
        "watchdog.hold_after", 0.1, "age of a joint state or IMU reading that leads to HOLD", "s", 0.001, 60.0
    ),
    ParameterSpec(
        "watchdog.hold_after_in_simulation",
        5.0,
        "the same with use_sim_time, on the steady clock all the same: a simulation may be slow or paused",
        "s",
        0.001,
        3600.0,
    ),
    ParameterSpec(
        "watchdog.damping_after", 0.5, "age that leads to DAMPING; never with use_sim_time", "s", 0.001, 600.0
    ),
    ParameterSpec(
        "watchdog.damping_after_without_plan",
        10.0,
        "HOLD without a plan that leads to DAMPING; never with use_sim_time",
        "s",
        0.01,
        3600.0,
    ),
    ParameterSpec(
        "watchdog.frozen_after",
        0.0,
        "readings equal to the last bit for so long are refused; 0: for any time, for sensors without noise",
        "s",
        0.0,
        3600.0,
    ),
    ParameterSpec("watchdog.recovery_time", 0.2, "all must be fresh for so long to leave HOLD", "s", 0.0, 60.0),
    ParameterSpec("watchdog.tilt_limit", 0.8, "angle of the base that leads to DAMPING", "rad", 0.01, 3.2),
    ParameterSpec(
        "damping.rest_pose",
        ParameterType.DOUBLE_ARRAY,
        "of each of `joints`: where DAMPING leads without joint states; not set: the last command stays",
        "rad",
        -100.0,
        100.0,
    ),
    ParameterSpec("damping.velocity", 1.0, "joint velocity to the rest pose", "rad/s", 0.01, 100.0),
    ParameterSpec("planner_process.start_timeout", 60.0, "for loading and warming up", "s", 0.1, 3600.0),
    ParameterSpec("planner_process.hang_timeout", 1.0, "without a plan the process is replaced", "s", 0.01, 3600.0),
    ParameterSpec(
        "planner_process.refusal_limit", 5, "answers without a plan in a row, which are one too many", "1", 1, 1000
    ),
    ParameterSpec(
        "planner_process.memory_limit",
        ParameterType.INTEGER,
        "of the process's address space, with `device: cpu` only; not set: the machine's",
        "MiB",
        64,
        1048576,
    ),
    ParameterSpec(
        "planner_process.realtime_priority",
        0,
        "of that process's threads: Linux's SCHED_FIFO, less than the node's; 0: ordinary scheduling",
        "1",
        0,
        99,
    ),
    ParameterSpec("planner_process.restart_limit", 5, "replacements in a row until it is given up", "1", 0, 1000),
)

DIAGNOSTICS_SPECS = (
    ParameterSpec("diagnostics.window", 10.0, "what the figures in /diagnostics look back on", "s", 1.0, 3600.0),
    ParameterSpec(
        "diagnostics.rate_warn", 0.95, "commands a second, as a share of what they should be, below it", "1", 0.0, 1.0
    ),
    ParameterSpec("diagnostics.rate_error", 0.8, "the same for ERROR", "1", 0.0, 1.0),
    ParameterSpec(
        "diagnostics.jitter_warn", 0.005, "99th percentile of the commands' deviation from their period", "s", 0.0, 10.0
    ),
    ParameterSpec("diagnostics.jitter_error", 0.02, "the same for ERROR", "s", 0.0, 10.0),
    ParameterSpec("diagnostics.inference_warn", 0.02, "99th percentile of the time to make a plan", "s", 0.0, 3600.0),
    ParameterSpec("diagnostics.inference_error", 0.2, "the same for ERROR", "s", 0.0, 3600.0),
    ParameterSpec("diagnostics.stale_age_warn", 0.05, "age of the oldest of the newest readings", "s", 0.0, 3600.0),
    ParameterSpec("diagnostics.stale_age_error", 0.1, "the same for ERROR", "s", 0.0, 3600.0),
    ParameterSpec(
        "diagnostics.drops_warn", 0, "refused readings, and refused and late plans, within the window", "1", 0, 1000000
    ),
    ParameterSpec("diagnostics.drops_error", 50, "the same for ERROR", "1", 0, 1000000),
    ParameterSpec("diagnostics.limited_warn", 0.2, "share of commands that the limits have changed", "1", 0.0, 1.0),
    ParameterSpec("diagnostics.limited_error", 0.8, "the same for ERROR", "1", 0.0, 1.0),
)
