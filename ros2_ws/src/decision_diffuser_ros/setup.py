"""Build description of decision_diffuser_ros (ament_python); version, licence and description stand in package.xml."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
NAME = "decision_diffuser_ros"
SHARED_FOLDERS = ("launch", "config", "models", "sim")


def data_files() -> list[tuple[str, list[str]]]:
    """Where each file outside the Python package is installed, as (folder below the prefix, files)."""
    share = Path("share") / NAME
    files = {
        Path("share/ament_index/resource_index/packages"): [f"resource/{NAME}"],
        share: ["package.xml"],
    }
    for folder in SHARED_FOLDERS:
        for path in sorted((HERE / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                relative = path.relative_to(HERE)
                files.setdefault(share / relative.parent, []).append(str(relative))
    return [(str(folder), names) for folder, names in files.items()]


def field(name: str) -> str:
    """The text of a field of package.xml, with line breaks taken out."""
    return " ".join(ElementTree.parse(HERE / "package.xml").findtext(name).split())


setup(
    name=NAME,
    version=field("version"),
    description=field("description"),
    license=field("license"),
    maintainer=field("maintainer"),
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "planner/*.lark"]},
    data_files=data_files(),
    python_requires=">=3.10",
    install_requires=["setuptools"],
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "planner_node = decision_diffuser_ros.nodes.planner_node:main",
            "stacking_sim_node = decision_diffuser_ros.nodes.stacking_sim_node:main",
            "quadruped_sim_node = decision_diffuser_ros.nodes.quadruped_sim_node:main",
            "decision-diffuser = decision_diffuser_ros.command_line.main:main",
        ],
    },
)
