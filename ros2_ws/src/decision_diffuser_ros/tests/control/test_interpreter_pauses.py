"""Pauses of the interpreter: threads take turns quickly, and what is there already is not collected again and again."""

import gc
import sys
import weakref

import pytest

from decision_diffuser_ros.control.interpreter_pauses import SWITCH_INTERVAL, shorten_pauses


@pytest.fixture(autouse=True)
def restored():
    interval = sys.getswitchinterval()
    yield
    gc.unfreeze()
    sys.setswitchinterval(interval)


def test_threads_take_turns_within_half_a_millisecond():
    shorten_pauses()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)


def test_what_is_there_already_is_left_alone_and_what_comes_later_is_collected():
    kept: list[object] = []
    kept.append(kept)
    shorten_pauses()
    assert gc.get_freeze_count() > 0
    assert not any(each is kept for each in gc.get_objects())
    later: list[object] = []
    later.append(later)
    del later
    assert gc.collect() >= 1


class Cyclic:
    """Refers to itself, so that only the garbage collector can let go of it."""

    def __init__(self):
        self.own = self


def test_what_was_passed_by_and_is_of_no_use_any_more_is_gone_after_the_next_call():
    old = Cyclic()
    gone = weakref.ref(old)
    shorten_pauses()
    del old
    gc.collect()
    assert gone() is not None
    shorten_pauses()
    assert gone() is None
