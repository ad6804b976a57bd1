"""Shared files are found in a source tree and in an install, and what is not there is answered with what is."""

from pathlib import Path

import pytest

from decision_diffuser_ros import resources
from decision_diffuser_ros.errors import ConfigurationError


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A share directory with two models and a parameter file."""
    for model in ("arm", "quadruped"):
        (tmp_path / "models" / model).mkdir(parents=True)
        (tmp_path / "models" / model / "manifest.json").write_text("{}")
    (tmp_path / "models" / "unfinished").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "quadruped.yaml").write_text("")
    monkeypatch.setattr(resources, "share_directory", lambda: tmp_path)
    return tmp_path


def test_the_source_tree_is_its_own_share_directory() -> None:
    assert resources.share_directory() == Path(__file__).resolve().parents[1]


def test_an_install_is_found_through_the_ament_prefix_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "second" / "share" / "decision_diffuser_ros"
    installed.mkdir(parents=True)
    (installed / "package.xml").write_text("<package/>")
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "lib" / "decision_diffuser_ros" / "resources.py"))
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert resources.share_directory() == installed
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    with pytest.raises(ConfigurationError, match="AMENT_PREFIX_PATH .nothing: it is empty.; source the workspace"):
        resources.share_directory()


def test_a_model_is_found_by_name_or_by_path(share: Path) -> None:
    assert resources.model_directory("arm") == share / "models" / "arm"
    assert resources.model_directory(str(share / "models" / "quadruped")) == share / "models" / "quadruped"
    assert resources.model_directory(share / "models" / "quadruped") == share / "models" / "quadruped"


def test_an_unknown_model_lists_those_that_are_whole(share: Path) -> None:
    with pytest.raises(ConfigurationError, match="model 'biped' is not shipped; available: arm, quadruped .in "):
        resources.model_directory("biped")
    with pytest.raises(ConfigurationError, match="is not a model bundle: it has no manifest.json"):
        resources.model_directory(share / "models" / "unfinished")


def test_a_parameter_file_is_found_with_or_without_its_ending(share: Path) -> None:
    assert resources.config_file("quadruped") == share / "config" / "quadruped.yaml"
    assert resources.config_file("quadruped.yaml") == share / "config" / "quadruped.yaml"


def test_an_unknown_parameter_file_lists_the_available_ones(share: Path) -> None:
    with pytest.raises(ConfigurationError, match="parameter file 'biped' is not in .*; available: quadruped"):
        resources.config_file("biped")
