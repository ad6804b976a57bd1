"""Where the files that come with the package are: models, parameter files, worlds.

In a source checkout they lie beside the Python package; in a colcon install under
`<prefix>/share/decision_diffuser_ros`. Both have the same folders, so callers need not know which it is.
"""

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from decision_diffuser_ros.errors import ConfigurationError

PACKAGE_NAME = "decision_diffuser_ros"
MANIFEST_NAME = "manifest.json"


def share_directory() -> Path:
    """The directory that holds `models/`, `config/`, `launch/` and `sim/`.

    Raises:
        ConfigurationError: neither the source tree nor an installed package could be found.
    """
    source_tree = Path(__file__).resolve().parents[1]
    if (source_tree / "package.xml").is_file():
        return source_tree
    prefixes = [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in prefixes:
        installed = Path(prefix) / "share" / PACKAGE_NAME
        if (installed / "package.xml").is_file():
            return installed
    searched = ", ".join(prefixes) or "nothing: it is empty"
    raise ConfigurationError(
        f"the shared files of {PACKAGE_NAME} were not found: not beside the package ({source_tree}) and not under "
        f"AMENT_PREFIX_PATH ({searched}); source the workspace first: `source ros2_ws/install/setup.bash`"
    )


def model_directory(name_or_path: str | os.PathLike[str]) -> Path:
    """The directory of a model bundle, given the name of a shipped model or the path of any bundle.

    A shipped name wins over a directory of the same name in the working directory; write `./name` for the latter.

    Raises:
        ConfigurationError: there is no such model; the message lists the shipped ones.
    """
    text = os.fspath(name_or_path)
    looks_like_path = os.sep in text or text.startswith((".", "~"))
    if looks_like_path:
        path = Path(text).expanduser()
        if not (path / MANIFEST_NAME).is_file():
            raise ConfigurationError(f"'{path}' is not a model bundle: it has no {MANIFEST_NAME}")
        return path
    models = share_directory() / "models"
    shipped = sorted(manifest.parent.name for manifest in models.glob(f"*/{MANIFEST_NAME}"))
    if text in shipped:
        return models / text
    raise ConfigurationError(
        f"model '{text}' is not shipped; available: {_listed(shipped)} (in {models}); "
        f"give a path such as './{text}' for a bundle of your own"
    )


def config_file(name: str) -> Path:
    """The parameter file of a robot in `config/`; `name` with or without `.yaml`.

    Raises:
        ConfigurationError: there is no such file; the message lists those there are.
    """
    directory = share_directory() / "config"
    stem = name.removesuffix(".yaml")
    available = sorted(path.stem for path in directory.glob("*.yaml"))
    if stem not in available:
        raise ConfigurationError(f"parameter file '{name}' is not in {directory}; available: {_listed(available)}")
    return directory / f"{stem}.yaml"


def package_version() -> str:
    """The version of the package, from the one place where it stands: `package.xml`."""
    return ElementTree.parse(share_directory() / "package.xml").findtext("version", default="").strip()


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
