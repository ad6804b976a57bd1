"""The package description agrees with the code: executables, dependencies, version, shared files."""

import ast
import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import decision_diffuser_ros
from decision_diffuser_ros.resources import package_version, share_directory
from tests.test_layers import imported_modules, layer_of, source_files

SHARE = share_directory()
SETUP = SHARE / "setup.py"
PACKAGE = "decision_diffuser_ros"

ROSDEP_KEYS = {
    "lark": "python3-lark-parser",
    "numpy": "python3-numpy",
    "onnxruntime": "python3-onnxruntime-pip",
    "rich": "python3-rich",
    "typer": "python3-typer",
    "gymnasium": "python3-gymnasium-pip",
    "h5py": "python3-h5py",
    "imageio": "python3-imageio",
    "matplotlib": "python3-matplotlib",
    "pybullet": "python3-pybullet-pip",
    "pybullet_data": "python3-pybullet-pip",
    "pybullet_utils": "python3-pybullet-pip",
    "PIL": "python3-pil",
    "yaml": "python3-yaml",
}
"""Import names whose rosdep key is another; any other import is its own key."""

OF_TRAINING = {"rosbags"}
"""Libraries besides those of the layer `training` that only the computer needs on which models are trained."""

IMPORTED_FROM = {
    "lark": "lark-parser",
    "pybullet_data": "pybullet",
    "pybullet_utils": "pybullet",
    "PIL": "pillow",
    "yaml": "pyyaml",
}
"""Import names whose distribution is called otherwise."""

REQUIREMENTS = SHARE.parents[2] / "requirements"

pytestmark = pytest.mark.skipif(not SETUP.is_file(), reason="the source tree of the package is not here")


def declared_dependencies() -> set[str]:
    root = ElementTree.parse(SHARE / "package.xml").getroot()
    return {element.text for tag in ("depend", "exec_depend") for element in root.iter(tag)}


def test_every_import_outside_training_has_a_dependency_in_package_xml():
    names = {
        name.split(".")[0] for file in source_files() if layer_of(file) != "training" for name in imported_modules(file)
    }
    foreign = {name for name in names if name not in sys.stdlib_module_names and name != PACKAGE} - OF_TRAINING
    assert {ROSDEP_KEYS.get(name, name) for name in foreign} <= declared_dependencies()


@pytest.mark.skipif(not REQUIREMENTS.is_dir(), reason="the pinned requirements of the repository are not here")
def test_every_library_that_is_imported_is_pinned_in_the_requirements():
    imported = {name.split(".")[0] for file in source_files() for name in imported_modules(file)}
    libraries = {IMPORTED_FROM.get(name, name) for name in imported if name not in sys.stdlib_module_names}
    ros = {name for name in libraries if name in declared_dependencies()}
    pins = "\n".join(file.read_text() for file in REQUIREMENTS.glob("*.txt") if file.name != "constraints.txt")
    unpinned = {name for name in libraries - ros - {PACKAGE} if not re.search(rf"(?m)^{name}==", pins)}
    assert unpinned == set()


def test_every_executable_has_its_function():
    entry_points = re.findall(r'"([\w-]+) = ([\w.]+):(\w+)"', SETUP.read_text())
    assert len(entry_points) >= 3
    for executable, module, function in entry_points:
        specification = importlib.util.find_spec(module)
        assert specification is not None, f"{executable}: there is no module {module}"
        names = {
            node.name
            for node in ast.parse(Path(specification.origin).read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        assert function in names, f"{executable}: {module} has no function {function}"


def test_the_version_stands_in_package_xml_alone():
    assert re.fullmatch(r"\d+\.\d+\.\d+", package_version())
    assert not hasattr(decision_diffuser_ros, "__version__")
    assert package_version() not in SETUP.read_text()


def test_both_packages_have_the_same_version():
    interfaces = SHARE.parent / "decision_diffuser_msgs" / "package.xml"
    assert ElementTree.parse(interfaces).findtext("version") == package_version()


def test_the_changelog_names_this_version():
    assert package_version() in (SHARE / "CHANGELOG.rst").read_text()


def test_every_field_of_every_interface_has_a_comment():
    uncommented = [
        f"{path.name}: {line}"
        for folder in ("msg", "srv", "action")
        for path in (SHARE.parent / "decision_diffuser_msgs" / folder).glob("*.*")
        for line in path.read_text().splitlines()
        if line.strip() and line.strip() != "---" and "#" not in line
    ]
    assert uncommented == []
