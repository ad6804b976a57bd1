"""What the READMEs and `docs/` say is so: parameters, names, commands, links and the example."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from decision_diffuser_ros import resources
from decision_diffuser_ros.command_line.main import COMMANDS, build_application
from decision_diffuser_ros.resources import share_directory
from tests.bundles import make_quadruped_bundle
from tests.parameter_tables import HEADER, MODULES, NODES, parameter_fields, parameter_rows

yaml = pytest.importorskip("yaml")

PACKAGE = share_directory()
ROOT = PACKAGE.parents[2]
README = PACKAGE / "README.md"
INTERFACES = PACKAGE.parent / "decision_diffuser_msgs"
DOCS = PACKAGE / "docs"
PAGES = sorted(DOCS.glob("*.md"))
DOCUMENTS = [
    path
    for path in (
        ROOT / "README.md", README, *PAGES, PACKAGE / "sim" / "README.md", PACKAGE / "QUALITY_DECLARATION.md",
        INTERFACES / "README.md",
    )
    if path.is_file()
]  # fmt: skip

PLANNER_PAGE, SIMULATION_PAGE = DOCS / "planner_node.md", DOCS / "simulation_nodes.md"
PAGE_OF_NODE = {"planner": PLANNER_PAGE, "quadruped_sim": SIMULATION_PAGE, "stacking_sim": SIMULATION_PAGE}

README_LINES = 200
"""Of the package: what is longer belongs into a page of its own."""

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


def relative_links(document: Path) -> list[str]:
    """Where the links of a document lead that are not to other sites."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    return [target for target in targets if not target.startswith(("http://", "https://"))]


def broken_links(document: Path) -> list[str]:
    """The relative links of a document whose file or heading is not there."""
    broken = []
    for target in relative_links(document):
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    return broken


def private_names(modules: Iterable[Path]) -> set[str]:
    """The names below a node's own, such as `~/status`, in its modules."""
    return {name for path in modules for name in re.findall(r'"(~/\w+)"', path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("node", MODULES)
def test_the_page_of_a_node_has_every_parameter_as_it_is_declared(node):
    lines = section(PAGE_OF_NODE[node], f"Parameters of {node}").splitlines()
    rows = [line for line in lines if line.startswith("|")]
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


@pytest.mark.parametrize("file", [*PARAMETER_FILES, DOCS / "your_own_robot.md"], ids=lambda file: file.name)
def test_every_parameter_that_is_set_is_declared(file):
    texts = [text for language, text in code_blocks(file) if language == "yaml"] or [file.read_text(encoding="utf-8")]
    of_nodes = [(key, value) for text in texts for key, value in yaml.safe_load(text).items() if key.startswith("/**/")]
    assert of_nodes
    for key, value in of_nodes:
        declared = set(parameter_rows(key.removeprefix("/**/")))
        assert flat(value["ros__parameters"]) <= declared, f"{file.name}: {key}"


def test_every_private_name_of_the_nodes_is_on_their_page():
    of_simulations = set(NODES.glob("*_sim_node.py")) | {NODES / "simulation_node.py"}
    for page, modules in ((SIMULATION_PAGE, of_simulations), (PLANNER_PAGE, set(NODES.glob("*.py")) - of_simulations)):
        text = page.read_text(encoding="utf-8")
        missing = {name for name in private_names(modules) if f"| `{name}` |" not in text}
        assert not missing, f"not in {page.name}: {missing}"


@pytest.mark.parametrize(
    "launch_file, document, heading",
    [
        ("quadruped_gaits", README, "Start"),
        ("block_stacking", DOCS / "block_stacking.md", "Start"),
        ("robot", DOCS / "your_own_robot.md", "Launch"),
    ],
)
def test_every_launch_argument_is_documented(launch_file, document, heading):
    source = (PACKAGE / "launch" / f"{launch_file}.launch.py").read_text(encoding="utf-8")
    declared = re.findall(r'DeclareLaunchArgument\(\s*"(\w+)"', source)
    documented = re.findall(r"^\| `(\w+)` \|", section(document, heading), re.MULTILINE)
    assert documented == declared


def test_the_readme_is_short_and_leads_to_every_page():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= README_LINES
    table = section(README, "Documentation")
    assert [page.name for page in PAGES if f"](docs/{page.name})" not in table] == []


def test_the_readme_lists_every_command():
    listed = " ".join(re.findall(r"^\| (`[^|]*) \|", section(README, "Command line"), re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", listed)) == set(COMMANDS)


def test_every_interface_is_in_its_readme():
    text = (INTERFACES / "README.md").read_text(encoding="utf-8")
    for folder in ("msg", "srv", "action"):
        for path in sorted((INTERFACES / folder).iterdir()):
            assert f"]({folder}/{path.name})" in text, path.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    assert broken_links(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "page.md").write_text("# Node quadruped_sim\n\n## The paper's, again\n")
    document = tmp_path / "README.md"
    good = ("#start", "page.md", "page.md#node-quadruped_sim", "page.md#the-papers-again", "https://ros.org/none")
    bad = ("#begin", "pages.md", "page.md#start", "../page.md")
    document.write_text("# Start\n" + "".join(f"[here]({target}) " for target in (*good, *bad)))
    assert broken_links(document) == list(bad)


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
            by_itself = command.invoke_without_command and part[:1] in ("", "-", "#")
            assert by_itself or part in command.commands, f"{document.name}: decision-diffuser {name} {part}"
            command = command if by_itself else command.commands[part]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", arguments)) <= options | {"--help"}, f"{document.name}: {name}{arguments}"


def test_the_example_of_the_python_library_runs(tmp_path, monkeypatch, capsys):
    bundle = make_quadruped_bundle(tmp_path / "quadruped_gaits")
    monkeypatch.setattr(resources, "model_directory", lambda name: bundle)
    page = DOCS / "python_library.md"
    (example,) = [text for language, text in code_blocks(page) if language == "python"]
    exec(compile(example, str(page), "exec"), {})
    assert capsys.readouterr().out == "(24, 30) (24, 12)\n"
