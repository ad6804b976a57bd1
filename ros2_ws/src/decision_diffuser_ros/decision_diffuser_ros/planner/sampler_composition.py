"""The whole sampler of a plan as one ONNX graph, put together around a bundle's denoiser.

The denoiser's nodes and weights become the body of an ONNX `Loop`, between what writes the known states and what takes
one step of the sampler:

    start ──> [ known states ──> a row for each condition ──> DENOISER ──> guided sum ──> clean ──> step ] ──> plan
                                        as often as there are denoising steps

Step count, levels, guidance, temperature and sampler are inputs, so one graph serves all of them. It is composed from
the verified bytes of `denoiser.onnx` when a bundle is loaded: no second file, no second copy of the weights on disk,
and nothing but numpy and ONNX Runtime needed. Every step is linear in the noisy trajectory x, the guided prediction p
and fresh noise z, whatever sampler it belongs to:

    clean = clip(p_share * p + x_share * x)            x after = clean_share * clean + noisy_share * x + noise_share * z

A prediction that is not finite is a matter of its own plan: times the coefficient 0 that it has in the sums of the
others it would be NaN there, too. So it is left out of the product, and NaN is put where it has a part.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.protobuf_wire import decode_fields, encode_field

# Field numbers of onnx.proto.
_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPSET = 1, 7, 8
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_TYPE, _NODE_ATTRIBUTE = 1, 2, 3, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TYPE = 1, 3, 6, 20
_ATTRIBUTE_TYPE_INT, _ATTRIBUTE_TYPE_GRAPH = 2, 5
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_DATA = 1, 2, 8, 9
_FLOAT, _INT64, _BOOL = 1, 7, 9
_ELEMENT_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64, np.dtype(np.bool_): _BOOL}

INPUTS: Mapping[str, tuple[type, tuple[str, ...]]] = {
    "sampler/start": (np.float32, ("plans", "horizon", "state_dim")),
    "sampler/known_states": (np.float32, ("known_plans", "horizon", "state_dim")),
    "sampler/known_slots": (np.bool_, ("horizon", "one")),
    "sampler/plan_of_row": (np.int64, ("rows",)),
    "sampler/guidance": (np.float32, ("steps", "plans", "rows")),
    "observation_mask": (np.float32, ("rows", "horizon")),
    "condition": (np.float32, ("rows", "condition_dim")),
    "condition_present": (np.float32, ("rows", "condition_kinds")),
    "sampler/denoising_steps": (np.int64, ("steps",)),
    "sampler/step_shares": (np.float32, ("steps", "five")),
    "sampler/noise": (np.float32, ("noise_steps", "noise_plans", "noise_horizon", "noise_state_dim")),
    "sampler/clean_limit": (np.float32, ()),
}
"""Inputs of a composed sampler: element type and axes. Three bear the names that they have in the denoiser."""

OUTPUT = "sampler/plan"


def compose_sampler(denoiser: bytes) -> bytes:
    """The sampler's ONNX model.

    Args:
        denoiser: content of a `denoiser.onnx` that has been found to take and return what it must.

    Raises:
        BundleError: the content is no ONNX model.
    """
    model = list(decode_fields(denoiser))
    graphs = [value for number, value in model if number == _MODEL_GRAPH]
    if len(graphs) != 1 or not isinstance(graphs[0], bytes):
        raise BundleError("the denoiser is no ONNX model: it has no graph")
    kept = [encode_field(number, value) for number, value in model if number in (_MODEL_IR_VERSION, _MODEL_OPSET)]
    return b"".join([*kept, encode_field(_MODEL_GRAPH, _sampler_graph(_loop_body(graphs[0])))])


def _sampler_graph(body: bytes) -> bytes:
    constants = {"sampler/first": np.array(0, np.int64), "sampler/go_on": np.array(True)}
    nodes = [
        _node("Neg", ["sampler/clean_limit"], "sampler/lower_clean_limit"),
        _node("Shape", ["sampler/denoising_steps"], "sampler/step_shape"),
        _node("Gather", ["sampler/step_shape", "sampler/first"], "sampler/step_count"),
        _node("Loop", ["sampler/step_count", "sampler/go_on", "sampler/start"], "sampler/sampled", body=body),
        _node("Where", ["sampler/known_slots", "sampler/known_states", "sampler/sampled"], OUTPUT),
    ]
    inputs = [_tensor_info(name, kind, axes) for name, (kind, axes) in INPUTS.items()]
    output = _tensor_info(OUTPUT, np.float32, ("plans", "horizon", "state_dim"))
    return _graph("sampler", nodes, constants, inputs, [output])


def _loop_body(denoiser: bytes) -> bytes:
    """One denoising step; what it does not define comes from the graph around it."""
    kept = (_GRAPH_NODE, _GRAPH_INITIALIZER)
    network = b"".join(encode_field(number, value) for number, value in decode_fields(denoiser) if number in kept)
    before = [
        _node("Where", ["sampler/known_slots", "sampler/known_states", "sampler/carried"], "sampler/noisy"),
        _node("Gather", ["sampler/noisy", "sampler/plan_of_row"], "trajectory", axis=0),
        _node("Gather", ["sampler/denoising_steps", "sampler/iteration"], "sampler/level"),
        _node("Shape", ["sampler/plan_of_row"], "sampler/row_shape"),
        _node("Expand", ["sampler/level", "sampler/row_shape"], "denoising_step"),
    ]
    shares = ("prediction", "noisy_in_clean", "clean", "noisy", "noise")
    after = [
        _node("Reshape", ["prediction", "sampler/flat"], "sampler/flat_prediction"),
        _node("Gather", ["sampler/guidance", "sampler/iteration"], "sampler/coefficients", axis=0),
        *_guided_sum(),
        _node("Shape", ["sampler/noisy"], "sampler/plan_shape"),
        _node("Reshape", ["sampler/flat_guided", "sampler/plan_shape"], "sampler/guided"),
        _node("Gather", ["sampler/step_shares", "sampler/iteration"], "sampler/shares", axis=0),
        *[_node("Gather", ["sampler/shares", f"sampler/index_{share}"], f"sampler/share_{share}") for share in shares],
        _node("Mul", ["sampler/share_prediction", "sampler/guided"], "sampler/from_prediction"),
        _node("Mul", ["sampler/share_noisy_in_clean", "sampler/noisy"], "sampler/from_noisy"),
        _node("Add", ["sampler/from_prediction", "sampler/from_noisy"], "sampler/unlimited"),
        _node("Clip", ["sampler/unlimited", "sampler/lower_clean_limit", "sampler/clean_limit"], "sampler/clean"),
        _node("Gather", ["sampler/noise", "sampler/iteration"], "sampler/fresh_noise", axis=0),
        _node("Mul", ["sampler/share_clean", "sampler/clean"], "sampler/clean_part"),
        _node("Mul", ["sampler/share_noisy", "sampler/noisy"], "sampler/noisy_part"),
        _node("Mul", ["sampler/share_noise", "sampler/fresh_noise"], "sampler/noise_part"),
        _node("Add", ["sampler/clean_part", "sampler/noisy_part"], "sampler/mean"),
        _node("Add", ["sampler/mean", "sampler/noise_part"], "sampler/stepped"),
        _node("Identity", ["sampler/go_on_so_far"], "sampler/goes_on"),
    ]
    constants = {f"sampler/index_{share}": np.array(index, np.int64) for index, share in enumerate(shares)}
    constants["sampler/flat"] = np.array([0, -1], np.int64)
    for name, value in (("zero", 0.0), ("one", 1.0), ("lost", np.nan)):
        constants[f"sampler/{name}"] = np.array(value, np.float32)
    state = ("plans", "horizon", "state_dim")
    inputs = [
        _tensor_info("sampler/iteration", np.int64, ()),
        _tensor_info("sampler/go_on_so_far", np.bool_, ()),
        _tensor_info("sampler/carried", np.float32, state),
    ]
    outputs = [_tensor_info("sampler/goes_on", np.bool_, ()), _tensor_info("sampler/stepped", np.float32, state)]
    return _graph("denoising_step_of_sampler", [*before, network, *after], constants, inputs, outputs)


def _guided_sum() -> list[bytes]:
    """From `sampler/flat_prediction` and `sampler/coefficients` to `sampler/flat_guided`, a row for each plan."""
    prediction, coefficients = "sampler/flat_prediction", "sampler/coefficients"
    return [
        _node("Sub", [prediction, prediction], "sampler/zero_if_finite"),
        _node("Equal", ["sampler/zero_if_finite", "sampler/zero"], "sampler/is_finite"),
        _node("Where", ["sampler/is_finite", prediction, "sampler/zero"], "sampler/finite_prediction"),
        _node("MatMul", [coefficients, "sampler/finite_prediction"], "sampler/finite_sum"),
        _node("Where", ["sampler/is_finite", "sampler/zero", "sampler/one"], "sampler/not_finite"),
        _node("Abs", [coefficients], "sampler/parts"),
        _node("MatMul", ["sampler/parts", "sampler/not_finite"], "sampler/lost_parts"),
        _node("Greater", ["sampler/lost_parts", "sampler/zero"], "sampler/is_lost"),
        _node("Where", ["sampler/is_lost", "sampler/lost", "sampler/finite_sum"], "sampler/flat_guided"),
    ]


def _graph(
    name: str,
    nodes: Sequence[bytes],
    constants: Mapping[str, np.ndarray],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """A GraphProto; `nodes` are encoded fields, in the order of evaluation."""
    return b"".join(
        [
            *nodes,
            encode_field(_GRAPH_NAME, name),
            *[encode_field(_GRAPH_INITIALIZER, _tensor(key, value)) for key, value in constants.items()],
            *[encode_field(_GRAPH_INPUT, each) for each in inputs],
            *[encode_field(_GRAPH_OUTPUT, each) for each in outputs],
        ]
    )


def _node(operator: str, inputs: Sequence[str], output: str, *, axis: int | None = None, body: bytes = b"") -> bytes:
    """A graph's field with a node of one output, named after it."""
    fields = [encode_field(_NODE_INPUT, each) for each in inputs]
    fields += [encode_field(_NODE_OUTPUT, output), encode_field(_NODE_NAME, f"{output}/node")]
    fields.append(encode_field(_NODE_TYPE, operator))
    if axis is not None:
        fields.append(encode_field(_NODE_ATTRIBUTE, _attribute("axis", _ATTRIBUTE_TYPE_INT, _ATTRIBUTE_INT, axis)))
    if body:
        fields.append(encode_field(_NODE_ATTRIBUTE, _attribute("body", _ATTRIBUTE_TYPE_GRAPH, _ATTRIBUTE_GRAPH, body)))
    return encode_field(_GRAPH_NODE, b"".join(fields))


def _attribute(name: str, kind: int, number: int, value: int | bytes) -> bytes:
    return encode_field(_ATTRIBUTE_NAME, name) + encode_field(number, value) + encode_field(_ATTRIBUTE_TYPE, kind)


def _tensor(name: str, value: np.ndarray) -> bytes:
    shape = b"".join(encode_field(_TENSOR_SHAPE, size) for size in value.shape)
    kind = encode_field(_TENSOR_TYPE, _ELEMENT_TYPES[value.dtype])
    return shape + kind + encode_field(_TENSOR_NAME, name) + encode_field(_TENSOR_DATA, value.tobytes())


def _tensor_info(name: str, kind: type, axes: Sequence[str]) -> bytes:
    """A ValueInfoProto whose axes are all free."""
    shape = b"".join(encode_field(1, encode_field(2, axis)) for axis in axes)
    tensor = encode_field(1, _ELEMENT_TYPES[np.dtype(kind)]) + encode_field(2, shape)
    return encode_field(1, name) + encode_field(2, encode_field(1, tensor))
