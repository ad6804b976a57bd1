"""A window needs a screen, and without one nothing else is begun."""

import sys

import pytest

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.bullet_client import connect
from decision_diffuser_ros.simulation.screen import SCREEN_VARIABLES, require_screen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no telling")


@pytest.fixture
def no_screen(monkeypatch):
    for name in SCREEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_window_without_a_screen_is_refused_with_the_remedy(no_screen):
    with pytest.raises(ConfigurationError, match="`gui` needs a screen, .*; use gui: false"):
        connect(gui=True)
    connect().disconnect()


@pytest.mark.parametrize("name", SCREEN_VARIABLES)
def test_either_kind_of_screen_will_do(no_screen, monkeypatch, name):
    with pytest.raises(ConfigurationError):
        require_screen()
    monkeypatch.setenv(name, ":0")
    require_screen()


@pytest.mark.parametrize("robot", ["quadruped_gaits", "block_stacking"])
def test_the_demonstration_is_refused_before_it_begins(no_screen, tmp_path, capsys, robot):
    arguments = ("demo", robot, "--gui", "--output", str(tmp_path / "out"))
    assert main.run(arguments, application=main.build_application()) == 2
    assert "`gui` needs a screen" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
