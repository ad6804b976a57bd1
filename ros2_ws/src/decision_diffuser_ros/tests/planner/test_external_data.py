"""Tensors that keep their data in other files are found wherever an ONNX model may hold one."""

import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.external_data import PARTS, TENSOR, keeps_external_data
from decision_diffuser_ros.planner.protobuf_wire import decode_fields, encode_field
from decision_diffuser_ros.resources import share_directory
from tests.bundles import denoiser_graph

GRAPHS = sorted((share_directory() / "models").glob("*/*.onnx"))


def a_model() -> onnx.ModelProto:
    return denoiser_graph(horizon=8, state_dim=4, condition_dim=3, kind_dimensions=[2, 1], condition_effect=0.5)


def external() -> TensorProto:
    tensor = helper.make_tensor("weights", TensorProto.FLOAT, [1], [1.0])
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def external_without_a_file() -> TensorProto:
    tensor = helper.make_tensor("weights", TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def subgraph(tensor: TensorProto) -> onnx.GraphProto:
    return helper.make_graph([], "branch", [], [], [tensor])


def node_with(**attributes) -> onnx.NodeProto:
    return helper.make_node("If", ["condition"], ["chosen"], **attributes)


def put_sparse(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.graph.sparse_initializer.add().indices.CopyFrom(tensor)


def put_into_a_function(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.functions.add().node.append(node_with(then_branch=subgraph(tensor)))


def put_into_a_functions_default(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.functions.add().attribute_proto.append(helper.make_attribute("weights", tensor))


def put_into_training(model: onnx.ModelProto, tensor: TensorProto) -> None:
    model.training_info.add().algorithm.CopyFrom(subgraph(tensor))


PLACES: dict[str, Callable[[onnx.ModelProto, TensorProto], object]] = {
    "initializer": lambda model, tensor: model.graph.initializer.append(tensor),
    "sparse initializer": put_sparse,
    "attribute": lambda model, tensor: model.graph.node.append(node_with(value=tensor)),
    "attribute's list": lambda model, tensor: model.graph.node.append(node_with(values=[tensor])),
    "subgraph": lambda model, tensor: model.graph.node.append(node_with(then_branch=subgraph(tensor))),
    "subgraph's list": lambda model, tensor: model.graph.node.append(node_with(branches=[subgraph(tensor)])),
    "subgraph of a subgraph": lambda model, tensor: model.graph.node.append(
        node_with(then_branch=helper.make_graph([node_with(else_branch=subgraph(tensor))], "outer", [], []))
    ),
    "function": put_into_a_function,
    "function's default": put_into_a_functions_default,
    "training": put_into_training,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("tensor", [external(), external_without_a_file()], ids=["file", "no file"])
def test_a_tensor_with_external_data_is_found(place: str, tensor: TensorProto) -> None:
    model = a_model()
    inside = helper.make_tensor("inside", TensorProto.FLOAT, [1], [1.0])
    PLACES[place](model, inside)
    assert not keeps_external_data(model.SerializeToString())
    PLACES[place](model, tensor)
    assert keeps_external_data(model.SerializeToString())


def test_the_parts_are_those_of_onnx() -> None:
    """Every message that may hold a tensor, from the descriptors of the `onnx` package."""
    fields, waiting = {}, [onnx.ModelProto.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        if message.name not in fields:
            parts = {field.number: field.message_type for field in message.fields if field.message_type is not None}
            fields[message.name] = {number: part.name for number, part in parts.items()}
            waiting += parts.values()
    holders = {TENSOR}
    while more := {name for name, parts in fields.items() if holders & {*parts.values()}} - holders:
        holders |= more
    expected = {name: {k: v for k, v in fields[name].items() if v in holders} for name in holders}
    assert expected == PARTS


def test_a_word_in_the_data_is_no_external_data() -> None:
    model = a_model()
    model.graph.initializer.add(name="text", data_type=TensorProto.UINT8, dims=[10], raw_data=b"\x0a\x08location")
    assert not keeps_external_data(model.SerializeToString())


@pytest.mark.parametrize("file", GRAPHS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_shipped_graphs_are_looked_through_in_no_time(file: Path) -> None:
    content = file.read_bytes()
    began = time.process_time()
    assert not keeps_external_data(content)
    assert time.process_time() - began < 0.5


def test_there_are_shipped_graphs() -> None:
    assert len(GRAPHS) >= 4


def test_endless_nesting_is_refused() -> None:
    graph = b""
    for _ in range(100):
        graph = encode_field(1, encode_field(5, encode_field(6, graph)))
    with pytest.raises(BundleError, match="no ONNX model: its messages are nested more than 100 deep"):
        keeps_external_data(encode_field(7, graph))


def test_a_field_number_that_other_parsers_would_cut_short_is_refused() -> None:
    """C++'s parser takes the lower 32 bits of a key; these are those of a graph."""
    key = encode_field(2**29 + 7, b"")
    with pytest.raises(BundleError, match=f"no protobuf message: field number {2**29 + 7} "):
        list(decode_fields(key))
    assert list(decode_fields(encode_field(2**29 - 1, b"last"))) == [(2**29 - 1, b"last")]
