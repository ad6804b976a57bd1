"""What the READMEs say is so: parameters, names, commands, links and the example."""

import re
from pathlib import Path

import pytest

from decision_diffuser_ros import resources
from decision_diffuser_ros.command_line.main import build_application
from decision_diffuser_ros.resources import share_directory
from tests.bundles import make_quadruped_bundle
from tests.parameter_tables import HEADER, MODULES, NODES, parameter_fields, parameter_rows

yaml = pytest.importorskip("yaml")

PACKAGE = share_directory()
ROOT = PACKAGE.parents[2]
README = PACKAGE / "README.md"
INTERFACES = PACKAGE.parent / "decision_diffuser_msgs"
DOCUMENTS = [
    path
    for path in (
        ROOT / "README.md", README, PACKAGE / "sim" / "README.md", PACKAGE / "QUALITY_DECLARATION.md",
        INTERFACES / "README.md",
    )
    if path.is_file()
]  # fmt: skip

pytestmark = pytest.mark.skipif(not README.is_file(), reason="the source tree of the package is not here")


def section(document: Path, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{document.name} has no heading '{heading}'"
    return found[1]


def code_blocks(document: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def prose(document: Path) -> str:
    """The text without code, in which brackets are links."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """The anchors that a document's headings make."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("node", MODULES)
def test_the_readme_has_every_parameter_as_it_is_declared(node):
    rows = [line for line in section(README, f"Parameters of {node}").splitlines() if line.startswith("|")]
    expected = [*HEADER, *parameter_rows(node).values()]
    assert rows == expected, f"print the table with: python -m tests.parameter_tables {node}"


@pytest.mark.parametrize("node", MODULES)
def test_the_parameters_are_those_that_the_node_reads(node):
    assert [name.replace(".", "_") for name in parameter_rows(node)] == parameter_fields(node)


def flat(parameters: dict, prefix: str = "") -> set[str]:
    names = set()
    for name, value in parameters.items():
        names |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}"}
    return names


PARAMETER_FILES = [PACKAGE / "config" / f"{name}.yaml" for name in ("quadruped_gaits", "block_stacking", "robot")]


@pytest.mark.parametrize("file", [*PARAMETER_FILES, README], ids=lambda file: file.name)
def test_every_parameter_that_is_set_is_declared(file):
    texts = [text for language, text in code_blocks(file) if language == "yaml"] or [file.read_text(encoding="utf-8")]
    of_nodes = [(key, value) for text in texts for key, value in yaml.safe_load(text).items() if key.startswith("/**/")]
    assert of_nodes
    for key, value in of_nodes:
        declared = set(parameter_rows(key.removeprefix("/**/")))
        assert flat(value["ros__parameters"]) <= declared, f"{file.name}: {key}"


def test_every_private_name_of_the_nodes_is_in_the_readme():
    sources = "".join(path.read_text(encoding="utf-8") for path in NODES.glob("*.py"))
    text = README.read_text(encoding="utf-8")
    for name in set(re.findall(r'"(~/\w+)"', sources)):
        assert f"| `{name}` |" in text, f"{name} is not in the README"


@pytest.mark.parametrize("name, heading", [("quadruped_gaits", "Start"), ("block_stacking", "Block stacking")])
def test_every_launch_argument_is_in_the_readme(name, heading):
    source = (PACKAGE / "launch" / f"{name}.launch.py").read_text(encoding="utf-8")
    declared = re.findall(r'DeclareLaunchArgument\(\s*"(\w+)"', source)
    documented = re.findall(r"^\| `(\w+)` \|", section(README, heading), re.MULTILINE)
    assert documented == declared


def test_every_interface_is_in_its_readme():
    text = (INTERFACES / "README.md").read_text(encoding="utf-8")
    for folder in ("msg", "srv", "action"):
        for path in sorted((INTERFACES / folder).iterdir()):
            assert f"]({folder}/{path.name})" in text, path.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), f"{document.name}: {target}"
        assert not anchor or anchor in anchors(linked), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(document):
    typer_main = pytest.importorskip("typer.main")
    commands = typer_main.get_command(build_application()).commands
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    for name, arguments in re.findall(r"bin/decision-diffuser (\w+)([^\n`]*)", text):
        assert name in commands, f"{document.name}: decision-diffuser {name}"
        command = commands[name]
        if hasattr(command, "commands"):  # evaluate EXPERIMENT, bench [ros]
            part = (arguments.split() or [""])[0]
            by_itself = command.invoke_without_command and part not in command.commands
            assert by_itself or part in command.commands, f"{document.name}: decision-diffuser {name} {part}"
            command = command if by_itself else command.commands[part]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", arguments)) <= options | {"--help"}, f"{document.name}: {name}{arguments}"


def test_the_example_of_the_python_library_runs(tmp_path, monkeypatch, capsys):
    bundle = make_quadruped_bundle(tmp_path / "quadruped_gaits")
    monkeypatch.setattr(resources, "model_directory", lambda name: bundle)
    (example,) = [text for language, text in code_blocks(README) if language == "python"]
    exec(compile(example, str(README), "exec"), {})
    assert capsys.readouterr().out == "(24, 30) (24, 12)\n"
