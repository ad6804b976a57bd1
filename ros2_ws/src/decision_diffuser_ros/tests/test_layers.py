"""The layers of the package: who may import what, and that a robot computer needs little."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import decision_diffuser_ros

PACKAGE = "decision_diffuser_ros"
SOURCE = Path(decision_diffuser_ros.__file__).parent
DEPLOYED = ("planner", "control", "diffusion")
"""What runs on a robot computer: numpy and onnxruntime only."""

ALLOWED_LAYERS = {
    "torch": {"training"},
    "lightning": {"training"},
    "rclpy": {"nodes"},
    "pybullet": {"simulation"},
}
"""Heavy libraries and the only layers that import them."""


def modules_below(*layers: str) -> list[str]:
    """Full names of all modules in `layers`."""
    names = []
    for layer in layers:
        names.append(f"{PACKAGE}.{layer}")
        found = pkgutil.walk_packages([str(SOURCE / layer)], prefix=f"{PACKAGE}.{layer}.")
        names.extend(module.name for module in found)
    return names


def imported_modules(file: Path) -> set[str]:
    """Full names of what `file` imports anywhere, also inside functions."""
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
    return imported


def layer_of(file: Path) -> str:
    """The folder of the package that `file` lies in, or its own name at the top."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def source_files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def run_without(blocked: tuple[str, ...], modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Imports `modules` in a fresh Python in which `blocked` cannot be imported."""
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=SOURCE.parent)


def test_every_deployed_layer_has_modules():
    assert {name.split(".")[1] for name in modules_below(*DEPLOYED)} == set(DEPLOYED)
    assert len(modules_below(*DEPLOYED)) > 2 * len(DEPLOYED)


def test_deployed_layers_import_without_torch_ros_and_simulation():
    answer = run_without(
        ("torch", "rclpy", "pybullet", "h5py", "gymnasium", "matplotlib", "lightning", "onnx", "typer"),
        modules_below(*DEPLOYED),
    )
    assert answer.returncode == 0, answer.stderr


def test_blocking_a_library_does_block_it():
    answer = run_without(("numpy",), modules_below(*DEPLOYED))
    assert answer.returncode != 0
    assert "numpy" in answer.stderr


def test_command_line_starts_without_anything_heavy():
    answer = run_without(
        ("torch", "rclpy", "pybullet", "h5py", "gymnasium", "matplotlib", "lightning", "onnx", "onnxruntime", "numpy"),
        modules_below("command_line"),
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("library", ALLOWED_LAYERS)
def test_only_its_own_layer_imports_a_heavy_library(library):
    importing = {
        layer_of(file)
        for file in source_files()
        if any(name.split(".")[0] == library for name in imported_modules(file))
    }
    assert importing <= ALLOWED_LAYERS[library]


def test_nothing_imports_the_nodes_but_the_commands_that_run_them():
    nodes = f"{PACKAGE}.nodes"
    importing = {
        str(file.relative_to(SOURCE))
        for file in source_files()
        if layer_of(file) != "nodes" and any(f"{name}.".startswith(f"{nodes}.") for name in imported_modules(file))
    }
    assert importing <= {f"command_line/{name}.py" for name in ("bench", "demo", "faults", "soak")}


def test_the_package_uses_absolute_imports_only():
    relative = [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in source_files()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative == [], "relative imports would escape the checks of this file"
