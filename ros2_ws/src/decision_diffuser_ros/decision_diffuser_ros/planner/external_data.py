"""Whether an ONNX model keeps data in other files, told from its bytes without the `onnx` package."""

from collections.abc import Mapping

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.protobuf_wire import decode_fields

TENSOR = "TensorProto"
PARTS: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "GraphProto": {1: "NodeProto", 5: TENSOR, 15: "SparseTensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: TENSOR, 6: "GraphProto", 10: TENSOR, 11: "GraphProto", 22: "SparseTensorProto", 23: "SparseTensorProto"
    },
    "SparseTensorProto": {1: TENSOR, 2: TENSOR},
    TENSOR: {},
}  # fmt: skip
"""The messages of onnx.proto that are tensors or may hold some, and where: field number and message."""

_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14
_DEEPEST = 100
"""So far messages may be nested, as in protobuf's own parsers."""


def keeps_external_data(model: bytes) -> bool:
    """Whether any tensor of an ONNX model names another file that holds its data, or says that there is one.

    Args:
        model: content of an ONNX file.

    Raises:
        BundleError: the content is no ONNX model.
    """
    waiting = [("ModelProto", model, 1)]
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > _DEEPEST:
            raise BundleError(f"no ONNX model: its messages are nested more than {_DEEPEST} deep")
        for number, value in decode_fields(message):
            if kind == TENSOR and (number == _TENSOR_EXTERNAL_DATA or (number == _TENSOR_DATA_LOCATION and value != 0)):
                return True
            part = PARTS[kind].get(number)
            if part is not None and isinstance(value, bytes):
                waiting.append((part, value, depth + 1))
    return False
