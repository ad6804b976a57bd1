"""A bundle is what its manifest says, or it is refused before anything runs."""

import logging
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from decision_diffuser_ros.errors import BundleError, ConfigurationError, PlanError, StateError
from decision_diffuser_ros.planner import graph as graph_module
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.protobuf_wire import encode_field
from tests.bundles import make_tiny_bundle, rewrite_manifest

DENOISER, INVERSE_DYNAMICS = "denoiser.onnx", "inverse_dynamics.onnx"


def replace_graph(bundle: Path, filename: str, change) -> None:
    """Changes a graph and records the new checksum, as if it had been exported so."""
    model = onnx.load(bundle / filename)
    change(model)
    (bundle / filename).write_bytes(model.SerializeToString())
    rewrite_manifest(bundle, lambda manifest: None)


def test_a_whole_bundle_loads(tiny_bundle: Path) -> None:
    bundle = Bundle.load(tiny_bundle)
    assert bundle.manifest.name == "tiny"
    assert bundle.providers == ("CPUExecutionProvider",)


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the manifest .*nowhere/manifest.json cannot be read"):
        Bundle.load(tmp_path / "nowhere")


@pytest.mark.parametrize("filename", [DENOISER, INVERSE_DYNAMICS])
def test_a_missing_graph_is_refused(tiny_bundle: Path, filename: str) -> None:
    (tiny_bundle / filename).unlink()
    with pytest.raises(BundleError, match=f"{filename} cannot be read: .*No such file"):
        Bundle.load(tiny_bundle)


@pytest.mark.parametrize("filename", [DENOISER, INVERSE_DYNAMICS])
def test_a_truncated_graph_is_refused(tiny_bundle: Path, filename: str) -> None:
    content = (tiny_bundle / filename).read_bytes()
    (tiny_bundle / filename).write_bytes(content[: len(content) // 2])
    message = f"{filename}: expected {len(content)} bytes, got {len(content) // 2}; the bundle is damaged"
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_bundle)


@pytest.mark.parametrize("filename", [DENOISER, INVERSE_DYNAMICS])
def test_one_changed_bit_is_refused(tiny_bundle: Path, filename: str) -> None:
    content = bytearray((tiny_bundle / filename).read_bytes())
    content[len(content) // 2] ^= 1
    (tiny_bundle / filename).write_bytes(content)
    with pytest.raises(BundleError, match=f"{filename}: expected SHA-256 [0-9a-f]+, got [0-9a-f]+"):
        Bundle.load(tiny_bundle)


def test_a_graph_of_another_model_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    other = make_tiny_bundle(tmp_path / "other", history=4)
    shutil.copy(other / DENOISER, tiny_bundle / DENOISER)
    with pytest.raises(BundleError, match="denoiser.onnx: expected "):
        Bundle.load(tiny_bundle)
    rewrite_manifest(tiny_bundle, lambda manifest: None)
    message = r"input 'trajectory' expected float \(batch, 8, 4\), got tensor\(float\) \(batch, 9, 4\)"
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_bundle)


def test_swapped_graphs_are_refused_even_with_matching_checksums(tiny_bundle: Path) -> None:
    denoiser = (tiny_bundle / DENOISER).read_bytes()
    shutil.copy(tiny_bundle / INVERSE_DYNAMICS, tiny_bundle / DENOISER)
    (tiny_bundle / INVERSE_DYNAMICS).write_bytes(denoiser)
    rewrite_manifest(tiny_bundle, lambda manifest: None)
    message = "denoiser.onnx: expected inputs condition, condition_present, .*; got next_state, state"
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_bundle)


def test_a_file_that_is_no_graph_is_refused(tiny_bundle: Path) -> None:
    (tiny_bundle / DENOISER).write_bytes(b"not an ONNX graph")
    rewrite_manifest(tiny_bundle, lambda manifest: None)
    message = "denoiser.onnx is no ONNX graph: no protobuf message: .*; restore it or export again"
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_bundle)


def test_a_graph_that_onnx_runtime_does_not_know_what_to_do_with_is_refused(tiny_bundle: Path) -> None:
    def change_operator(model: onnx.ModelProto) -> None:
        model.graph.node[0].op_type = "NoSuchOperator"

    replace_graph(tiny_bundle, DENOISER, change_operator)
    with pytest.raises(BundleError, match="denoiser.onnx cannot be loaded by ONNX Runtime"):
        Bundle.load(tiny_bundle)


def test_an_unexpected_input_is_refused(tiny_bundle: Path) -> None:
    def add_input(model: onnx.ModelProto) -> None:
        model.graph.input.append(helper.make_tensor_value_info("secret", TensorProto.FLOAT, ["batch"]))
        model.graph.node.append(helper.make_node("Identity", ["secret"], ["unused"]))

    replace_graph(tiny_bundle, DENOISER, add_input)
    with pytest.raises(BundleError, match="denoiser.onnx: expected inputs condition, .*; got .*secret, trajectory"):
        Bundle.load(tiny_bundle)


def test_an_unexpected_output_is_refused(tiny_bundle: Path) -> None:
    def add_output(model: onnx.ModelProto) -> None:
        model.graph.output.append(helper.make_tensor_value_info("offset", TensorProto.FLOAT, ["batch", 4]))

    replace_graph(tiny_bundle, DENOISER, add_output)
    with pytest.raises(BundleError, match="denoiser.onnx: expected outputs prediction; got offset, prediction"):
        Bundle.load(tiny_bundle)


def test_a_fixed_batch_is_refused(tiny_bundle: Path) -> None:
    def fix_batch(model: onnx.ModelProto) -> None:
        for tensor in (*model.graph.input, *model.graph.output):
            tensor.type.tensor_type.shape.dim[0].dim_value = 2

    replace_graph(tiny_bundle, INVERSE_DYNAMICS, fix_batch)
    with pytest.raises(BundleError, match=r"expected float \(batch, 4\), got tensor\(float\) \(2, 4\)"):
        Bundle.load(tiny_bundle)


def test_another_element_type_is_refused(tiny_bundle: Path) -> None:
    def make_step_float(model: onnx.ModelProto) -> None:
        (step,) = (tensor for tensor in model.graph.input if tensor.name == "denoising_step")
        step.type.tensor_type.elem_type = TensorProto.FLOAT

    replace_graph(tiny_bundle, DENOISER, make_step_float)
    with pytest.raises(BundleError, match=r"'denoising_step' expected int64 \(batch\), got tensor\(float\) \(batch\)"):
        Bundle.load(tiny_bundle)


def test_dimensions_of_the_manifest_must_be_those_of_the_graphs(tiny_bundle: Path) -> None:
    def lengthen(manifest: dict) -> None:
        manifest["plan_steps"] += 1

    rewrite_manifest(tiny_bundle, lengthen)
    message = r"'trajectory' expected float \(batch, 9, 4\), got tensor\(float\) \(batch, 8, 4\)"
    with pytest.raises(BundleError, match=message):
        Bundle.load(tiny_bundle)


def test_a_graph_with_external_data_is_refused(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx.load(tiny_bundle / INVERSE_DYNAMICS)
    path = tiny_bundle / INVERSE_DYNAMICS
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    rewrite_manifest(tiny_bundle, lambda manifest: None)
    # Where the weights lie in the working directory, ONNX Runtime itself might load them.
    monkeypatch.chdir(tiny_bundle)
    assert (tiny_bundle / "weights.bin").exists()
    with pytest.raises(BundleError, match="inverse_dynamics.onnx keeps data in other files, which are not verified"):
        Bundle.load(tiny_bundle)


def test_external_data_is_noticed_however_its_key_is_written(tiny_bundle: Path) -> None:
    entry = b"\x0a\x88\x00location" + encode_field(2, "weights.bin")  # the length of the key in two bytes, not one
    tensor = b"".join(encode_field(*field) for field in ((1, 1), (2, 1), (8, "extra"), (13, entry), (14, 1)))
    content = (tiny_bundle / DENOISER).read_bytes() + encode_field(7, encode_field(5, tensor))  # joined: one graph
    (read_back,) = onnx.load_model_from_string(content).graph.initializer[-1].external_data
    assert (read_back.key, read_back.value) == ("location", "weights.bin")
    (tiny_bundle / DENOISER).write_bytes(content)
    rewrite_manifest(tiny_bundle, lambda manifest: None)
    with pytest.raises(BundleError, match="denoiser.onnx keeps data in other files"):
        Bundle.load(tiny_bundle)


def test_a_provider_that_is_not_available_is_refused(tiny_bundle: Path) -> None:
    message = "execution provider NoSuchProvider is not available; available: .*CPUExecutionProvider"
    with pytest.raises(ConfigurationError, match=message):
        Bundle.load(tiny_bundle, providers=("NoSuchProvider", "CPUExecutionProvider"))


def test_an_allowed_fallback_to_the_cpu_warns(tiny_bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        bundle = Bundle.load(tiny_bundle, providers=("NoSuchProvider",), allow_cpu_fallback=True)
    assert bundle.providers == ("CPUExecutionProvider",)
    assert "NoSuchProvider is not available; plans are made on CPUExecutionProvider" in caplog.text


def test_a_provider_that_does_not_start_is_refused_unless_the_cpu_may_stand_in(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # ONNX Runtime goes on without a provider whose driver or libraries are missing.
    session = graph_module.onnxruntime.InferenceSession
    monkeypatch.setattr(graph_module.onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(
        graph_module.onnxruntime,
        "InferenceSession",
        lambda content, options, **_: session(content, options, providers=["CPUExecutionProvider"]),
    )
    message = "CUDAExecutionProvider is installed but did not start; running: CPU"
    with pytest.raises(ConfigurationError, match=message):
        Bundle.load(tiny_bundle, providers=("CUDAExecutionProvider",))
    bundle = Bundle.load(tiny_bundle, providers=("CUDAExecutionProvider",), allow_cpu_fallback=True)
    assert bundle.providers == ("CPUExecutionProvider",)
    assert message in caplog.text


def test_no_provider_at_all_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ConfigurationError, match="at least one execution provider must be given"):
        Bundle.load(tiny_bundle, providers=())


def test_zero_threads_are_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ConfigurationError, match="`threads` must be at least 1, got 0"):
        Bundle.load(tiny_bundle, threads=0)


def test_inverse_dynamics_take_one_state_or_a_batch(tiny_bundle: Path) -> None:
    inverse_dynamics = Bundle.load(tiny_bundle).inverse_dynamics
    next_states = np.arange(12.0).reshape(3, 4)
    actions = inverse_dynamics(np.zeros((3, 4)), next_states)
    np.testing.assert_array_equal(actions, next_states[:, :2])
    np.testing.assert_array_equal(inverse_dynamics(np.zeros(4), next_states[1]), actions[1])


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((4,), (1, 4)), ((2, 4), (3, 4)), ((1, 1, 4), (1, 1, 4))])
def test_inverse_dynamics_refuse_other_shapes(tiny_bundle: Path, shapes: tuple) -> None:
    with pytest.raises(StateError, match=r"expected state and next_state of shape \(4,\) or \(batch, 4\)"):
        Bundle.load(tiny_bundle).inverse_dynamics(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_an_action_that_is_not_finite_is_an_error(tiny_bundle: Path) -> None:
    with pytest.raises(PlanError, match="inverse dynamics returned an action that is not finite"):
        Bundle.load(tiny_bundle).inverse_dynamics(np.full(4, np.nan), np.zeros(4))
