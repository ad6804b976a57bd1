"""Tiny model bundles for tests: real ONNX graphs and a valid manifest, but no training.

The denoiser's clean trajectory is a constant pose, plus a direction for each condition that is present; so what the
planner must return is known in closed form, and a plan for the quadruped stays near the standing pose.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from decision_diffuser_ros.planner.manifest import DENOISER_FILE, INVERSE_DYNAMICS_FILE, Manifest
from decision_diffuser_ros.planner.manifest_records import (
    ConditionKind,
    Entry,
    FileRecord,
    NormaliserRecord,
    ScheduleRecord,
)
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES as ARM_JOINTS
from decision_diffuser_ros.simulation.stacking_model import ACTION_ENTRIES, CONTROL_STEP, STATE_ENTRIES

OPSET = 17
IR_VERSION = 8
LEGS = ("FR", "FL", "RR", "RL")
QUADRUPED_JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "upper", "lower"))
STANDING_POSE = (0.0, 0.9, -1.8) * 4
GAITS = ("trot", "pace", "bound")
ARM_POSE = (0.0, 0.4, 0.0, -1.4, 0.0, 1.3, 0.0)
STACKING_STATE = (*ARM_POSE, 0.08, *((0.5, 0.0, 0.025, 0.0, 0.0, 0.0, 1.0) * 4))


def make_tiny_bundle(
    directory: Path,
    *,
    joint_names: Sequence[str] = ("shoulder", "elbow"),
    pose: Sequence[float] = (0.3, -0.2),
    history: int = 3,
    plan_steps: int = 5,
    conditions: Sequence[ConditionKind] = (
        ConditionKind("skill", names=("wave", "rest")),
        ConditionKind("return", scale=1.0, unit="1"),
    ),
    condition_effect: float = 0.5,
    prediction: str = "x0",
    sampling: SamplingSettings | None = None,
    with_imu: bool = False,
    name: str = "tiny",
    robot: str = "test_robot",
    noisy_share: float = 0.0,
    nan_output: bool = False,
    nan_kind: int | None = None,
) -> Path:
    """Writes a bundle into `directory` and returns it.

    Args:
        directory: made if it does not exist.
        joint_names: the robot's joints; the state is their positions and velocities.
        pose: joint positions that the planner keeps [rad].
        history: most observed states.
        plan_steps: future states.
        conditions: kinds of condition.
        condition_effect: how far an element of the condition vector moves the normalised plan.
        prediction: `x0`, or `noise` for a denoiser whose noise estimate belongs to the same clean trajectory.
        sampling: default settings; by default two DDIM steps and a history of 2.
        with_imu: adds gravity direction and angular velocity to the state.
        name: of the model.
        robot: that it moves.
        noisy_share: of the noisy trajectory, in the clean one; with 0, no denoising step depends on those before.
        nan_output: makes the denoiser return NaN.
        nan_kind: index of the kind of condition under which the denoiser returns NaN.
    """
    joints = len(joint_names)
    state = [Entry(f"{joint}/position", "rad") for joint in joint_names]
    state += [Entry(f"{joint}/velocity", "rad/s") for joint in joint_names]
    mean, std = [*pose, *[0.0] * joints], [0.25] * joints + [2.0] * joints
    if with_imu:
        state += [Entry(f"gravity_direction/{axis}", "1") for axis in "xyz"]
        state += [Entry(f"angular_velocity/{axis}", "rad/s") for axis in "xyz"]
        mean, std = mean + [0.0, 0.0, -1.0] + [0.0] * 3, std + [0.1] * 3 + [0.5] * 3
    directory.mkdir(parents=True, exist_ok=True)
    schedule = ScheduleRecord("cosine", 100)
    condition_dim = sum(kind.dimension for kind in conditions)
    graphs = {
        DENOISER_FILE: denoiser_graph(
            horizon=history + plan_steps, state_dim=len(state), condition_dim=condition_dim,
            kind_dimensions=[kind.dimension for kind in conditions], condition_effect=condition_effect,
            alphas_cumprod=cosine_alphas_cumprod(schedule.denoising_steps) if prediction == "noise" else None,
            noisy_share=noisy_share, nan_output=nan_output, nan_kind=nan_kind,
        ),
        INVERSE_DYNAMICS_FILE: inverse_dynamics_graph(state_dim=len(state), action_dim=joints),
    }  # fmt: skip
    for filename, graph in graphs.items():
        (directory / filename).write_bytes(graph.SerializeToString())
    Manifest(
        name=name, robot=robot, state=tuple(state),
        action=tuple(Entry(f"{joint}/position_target", "rad") for joint in joint_names),
        joint_names=tuple(joint_names), step_duration=0.02, history=history, plan_steps=plan_steps,
        schedule=schedule, prediction=prediction, conditions=tuple(conditions),
        normaliser=NormaliserRecord(mean=tuple(mean), std=tuple(std)),
        sampling=sampling or SamplingSettings(history=2),
        files={filename: FileRecord.of((directory / filename).read_bytes()) for filename in graphs},
        provenance={"made_by": "tests/bundles.py"}, scores={},
    ).write(directory / MANIFEST_NAME)  # fmt: skip
    return directory


def make_quadruped_bundle(directory: Path, *, condition_effect: float = 0.02, **options: object) -> Path:
    """A tiny bundle with the names and sizes of the shipped quadruped model; it stands still, whatever it is asked."""
    quadruped: dict[str, Any] = {
        "joint_names": QUADRUPED_JOINTS,
        "pose": STANDING_POSE,
        "history": 8,
        "plan_steps": 24,
        "with_imu": True,
        "conditions": (ConditionKind("skill", names=GAITS), ConditionKind("forward_speed", scale=1.1, unit="m/s")),
        "sampling": SamplingSettings(),
        "name": "quadruped_gaits",
        "robot": "unitree_a1",
    }
    return make_tiny_bundle(directory, condition_effect=condition_effect, **(quadruped | options))


def make_stacking_bundle(
    directory: Path,
    *,
    condition_effect: float = 0.01,
    plan_steps: int = 12,
    outcome: bool = False,
    noisy_share: float = 0.0,
    nan_output: bool = False,
) -> Path:
    """A tiny bundle with the names and sizes of the block stacking model.

    Its plans are one state, `STACKING_STATE`, moved a little by what is asked; an action is the next joint position and
    opening.
    """
    kinds = (ConditionKind("constraint", names=CONSTRAINT_NAMES),)
    history, state_dim = 4, len(STATE_ENTRIES)
    graphs = {
        DENOISER_FILE: denoiser_graph(
            horizon=history + plan_steps + outcome, state_dim=state_dim, condition_dim=len(CONSTRAINT_NAMES),
            kind_dimensions=[len(CONSTRAINT_NAMES)], condition_effect=condition_effect, noisy_share=noisy_share,
            nan_output=nan_output,
        ),
        INVERSE_DYNAMICS_FILE: inverse_dynamics_graph(state_dim=state_dim, action_dim=len(ACTION_ENTRIES)),
    }  # fmt: skip
    directory.mkdir(parents=True, exist_ok=True)
    for filename, graph in graphs.items():
        (directory / filename).write_bytes(graph.SerializeToString())
    Manifest(
        name="block_stacking", robot="kuka_iiwa", state=STATE_ENTRIES, action=ACTION_ENTRIES,
        joint_names=ARM_JOINTS, step_duration=CONTROL_STEP, history=history, plan_steps=plan_steps, outcome=outcome,
        schedule=ScheduleRecord("cosine", 100), prediction="x0", conditions=kinds,
        normaliser=NormaliserRecord(mean=STACKING_STATE, std=(1.0,) * state_dim),
        sampling=SamplingSettings(history=2),
        files={filename: FileRecord.of((directory / filename).read_bytes()) for filename in graphs},
        provenance={"made_by": "tests/bundles.py"}, scores={},
    ).write(directory / MANIFEST_NAME)  # fmt: skip
    return directory


def rewrite_manifest(directory: Path, change: Callable[[dict], object]) -> None:
    """Applies `change` to the manifest's JSON object in place and writes it back; file records are renewed first."""
    path = directory / MANIFEST_NAME
    value = json.loads(path.read_text())
    for filename in value["files"]:
        record = FileRecord.of((directory / filename).read_bytes())
        value["files"][filename] = {"sha256": record.sha256, "bytes": record.bytes}
    change(value)
    path.write_text(json.dumps(value))


def cosine_alphas_cumprod(denoising_steps: int) -> np.ndarray:
    """The cosine schedule, written out independently of the package (Nichol & Dhariwal 2021, Eq. 17)."""
    level = np.cos((np.arange(denoising_steps + 1) / denoising_steps + 0.008) / 1.008 * np.pi / 2) ** 2
    betas = np.minimum(1.0 - level[1:] / level[:-1], 0.999)
    return np.cumprod(1.0 - betas)


def condition_direction(condition_dim: int, state_dim: int, effect: float) -> np.ndarray:
    """What each element of the condition vector adds to a normalised state, (condition_dim, state_dim)."""
    return (effect * np.cos(np.arange(condition_dim * state_dim)).reshape(condition_dim, state_dim)).astype(np.float32)


def denoiser_graph(
    *,
    horizon: int,
    state_dim: int,
    condition_dim: int,
    kind_dimensions: Sequence[int],
    condition_effect: float,
    alphas_cumprod: np.ndarray | None = None,
    noisy_share: float = 0.0,
    nan_output: bool = False,
    nan_kind: int | None = None,
) -> onnx.ModelProto:
    """A denoiser whose clean trajectory is (condition * its kinds' presence) @ condition_direction, in every slot.

    `noisy_share` of the noisy trajectory is added to that. With `alphas_cumprod` it returns the noise estimate that
    belongs to it, (x - sqrt(a) x0) / sqrt(1 - a).
    """
    membership = np.zeros((len(kind_dimensions), condition_dim), np.float32)
    ends = np.cumsum(kind_dimensions)
    for row, (end, size) in enumerate(zip(ends, kind_dimensions, strict=True)):
        membership[row, end - size : end] = 1.0
    constants = {
        "membership": membership,
        "direction": condition_direction(condition_dim, state_dim, condition_effect),
        "slot_axis": np.array([1], np.int64),
        "zero": np.array(np.nan if nan_output else 0.0, np.float32),
        "batch_first": np.array([-1, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["condition_present", "membership"], ["element_present"]),
        helper.make_node("Mul", ["condition", "element_present"], ["active_condition"]),
        helper.make_node("MatMul", ["active_condition", "direction"], ["finite_offset"]),
        *_nan_under(nan_kind),
        helper.make_node("Unsqueeze", ["offset", "slot_axis"], ["offset_rows"]),
        # Inputs that the toy does not need are multiplied by zero, so that they stay inputs of the graph.
        helper.make_node("Unsqueeze", ["observation_mask", "feature_axis"], ["mask_rows"]),
        helper.make_node("Add", ["trajectory", "mask_rows"], ["unused_sum"]),
        helper.make_node("Cast", ["denoising_step"], ["step_number"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["step_number", "batch_first"], ["step_rows"]),
        helper.make_node("Add", ["unused_sum", "step_rows"], ["unused_all"]),
        helper.make_node("Mul", ["unused_all", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "offset_rows"], ["asked"]),
        helper.make_node("Mul", ["trajectory", "noisy_share"], ["from_noisy"]),
        helper.make_node("Add", ["asked", "from_noisy"], ["clean"]),
    ]
    constants["feature_axis"] = np.array([2], np.int64)
    constants["noisy_share"] = np.array(noisy_share, np.float32)
    constants |= {"one": np.array(1.0, np.float32), "nan_kind": np.array([nan_kind or 0], np.int64)}
    if alphas_cumprod is None:
        nodes.append(helper.make_node("Identity", ["clean"], ["prediction"]))
    else:
        constants["signal_scale"] = np.sqrt(alphas_cumprod).astype(np.float32)
        constants["noise_scale"] = np.sqrt(1.0 - alphas_cumprod).astype(np.float32)
        for scale in ("signal", "noise"):
            nodes += [
                helper.make_node("Gather", [f"{scale}_scale", "denoising_step"], [f"{scale}_now"]),
                helper.make_node("Reshape", [f"{scale}_now", "batch_first"], [f"{scale}_rows"]),
            ]
        nodes += [
            helper.make_node("Mul", ["clean", "signal_rows"], ["signal"]),
            helper.make_node("Sub", ["trajectory", "signal"], ["noise"]),
            helper.make_node("Div", ["noise", "noise_rows"], ["prediction"]),
        ]
    inputs = [
        _tensor("trajectory", TensorProto.FLOAT, ["batch", horizon, state_dim]),
        _tensor("observation_mask", TensorProto.FLOAT, ["batch", horizon]),
        _tensor("denoising_step", TensorProto.INT64, ["batch"]),
        _tensor("condition", TensorProto.FLOAT, ["batch", condition_dim]),
        _tensor("condition_present", TensorProto.FLOAT, ["batch", len(kind_dimensions)]),
    ]
    output = _tensor("prediction", TensorProto.FLOAT, ["batch", horizon, state_dim])
    return _model(nodes, "denoiser", inputs, output, constants)


def inverse_dynamics_graph(*, state_dim: int, action_dim: int) -> onnx.ModelProto:
    """Inverse dynamics that target the next joint position: action = next_state[:action_dim] + 0 * state."""
    constants = {
        "select": np.eye(state_dim, action_dim, dtype=np.float32),
        "nothing": np.zeros((state_dim, action_dim), np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["next_state", "select"], ["next_position"]),
        helper.make_node("MatMul", ["state", "nothing"], ["zeros"]),
        helper.make_node("Add", ["next_position", "zeros"], ["action"]),
    ]
    inputs = [_tensor(input_name, TensorProto.FLOAT, ["batch", state_dim]) for input_name in ("state", "next_state")]
    output = _tensor("action", TensorProto.FLOAT, ["batch", action_dim])
    return _model(nodes, "inverse_dynamics", inputs, output, constants)


def _nan_under(kind: int | None) -> list[onnx.NodeProto]:
    """From `finite_offset` to `offset`: NaN in the rows in which a kind of condition is present."""
    if kind is None:
        return [helper.make_node("Identity", ["finite_offset"], ["offset"])]
    return [
        helper.make_node("Gather", ["condition_present", "nan_kind"], ["is_nan"], axis=1),
        helper.make_node("Sub", ["one", "is_nan"], ["divisor"]),
        helper.make_node("Div", ["zero", "divisor"], ["zero_or_nan"]),
        helper.make_node("Add", ["finite_offset", "zero_or_nan"], ["offset"]),
    ]


def _tensor(name: str, element_type: int, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element_type, shape)


def _model(nodes, name: str, inputs, output, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model
