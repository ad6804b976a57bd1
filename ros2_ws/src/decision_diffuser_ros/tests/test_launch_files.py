"""The launch files are as documented; without launch_ros they are read as text, with it they are loaded."""

import ast
import importlib.util
import re

import pytest

from decision_diffuser_ros.resources import share_directory

LAUNCH_FILES = sorted((share_directory() / "launch").glob("*.launch.py"))
COMMON_ARGUMENTS = {"namespace", "use_sim_time", "params_file", "bundle", "device", "gui", "autostart"}


def calls_of(function: str, source: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function
    ]


def nodes_of(source: str) -> list[ast.Call]:
    return calls_of("Node", source) + calls_of("LifecycleNode", source)


def keyword_text(call: ast.Call, name: str) -> str:
    values = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return ast.literal_eval(values[0]) if values else ""


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_every_launch_argument_is_described(file):
    declared = calls_of("DeclareLaunchArgument", file.read_text())
    assert declared
    for call in declared:
        assert keyword_text(call, "description").endswith("."), f"{file.name}: {ast.unparse(call)}"


def test_the_quadruped_has_the_documented_arguments():
    source = (share_directory() / "launch" / "quadruped_gaits.launch.py").read_text()
    names = {ast.literal_eval(call.args[0]) for call in calls_of("DeclareLaunchArgument", source)}
    assert names == COMMON_ARGUMENTS | {"skill", "condition"}


def test_block_stacking_has_the_documented_arguments():
    source = (share_directory() / "launch" / "block_stacking.launch.py").read_text()
    names = {ast.literal_eval(call.args[0]) for call in calls_of("DeclareLaunchArgument", source)}
    assert names == COMMON_ARGUMENTS | {"seed"}


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_every_executable_that_is_launched_is_installed(file):
    installed = set(re.findall(r'"([\w-]+) = ', (share_directory() / "setup.py").read_text()))
    launched = {keyword_text(call, "executable") for call in nodes_of(file.read_text())}
    assert launched
    assert launched <= installed


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_launch_ros_accepts_the_launch_file(file):
    pytest.importorskip("launch_ros")
    specification = importlib.util.spec_from_file_location(file.stem.replace(".", "_"), file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    description = module.generate_launch_description()
    assert len(description.entities) > len(nodes_of(file.read_text()))


@pytest.mark.parametrize("file", LAUNCH_FILES, ids=lambda file: file.stem)
def test_the_namespace_says_which_topics_it_does_not_move(file):
    nodes = share_directory() / "decision_diffuser_ros" / "nodes"
    sources = "".join(path.read_text(encoding="utf-8") for path in nodes.glob("*.py"))
    assert set(re.findall(r'publisher\(\w+, "(/\w+)"', sources)) == {"/clock", "/diagnostics"}
    declared = {call.args[0].value: call for call in calls_of("DeclareLaunchArgument", file.read_text())}
    told = set(re.findall(r"/\w+", keyword_text(declared["namespace"], "description")))
    assert told == {"/diagnostics"}


@pytest.mark.parametrize("name", ["quadruped_gaits", "block_stacking"])
def test_simulation_and_planner_share_a_clock_that_the_namespace_moves(name):
    source = (share_directory() / "launch" / f"{name}.launch.py").read_text()
    assert 'CLOCK_IN_NAMESPACE = ("/clock", "clock")' in source
    nodes = nodes_of(source)
    assert len(nodes) == 2
    for node in nodes:
        remapped = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}["remappings"]
        assert remapped == "[CLOCK_IN_NAMESPACE]"


def test_a_real_robot_is_not_activated_by_itself_and_goes_by_its_own_clock():
    source = (share_directory() / "launch" / "robot.launch.py").read_text()
    declared = {ast.literal_eval(call.args[0]): call for call in calls_of("DeclareLaunchArgument", source)}
    assert keyword_text(declared["autostart"], "default_value") == "false"
    assert '"use_sim_time": False' in source
