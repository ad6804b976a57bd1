"""Messages of the same moment find each other."""

from types import SimpleNamespace

from decision_diffuser_ros.nodes.stamped_samples import PENDING_STAMPS, StampedSamples


def message(sec, nanosec=0):
    return SimpleNamespace(header=SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=nanosec)))


def test_messages_with_equal_stamps_are_one_sample_in_whatever_order_they_come():
    samples = StampedSamples(("joints", "objects"))
    joints, objects = [message(1), message(2)], [message(1), message(2)]
    assert samples.add("joints", joints[0]) is None
    assert samples.add("objects", objects[1]) is None
    assert samples.add("joints", joints[1]) == {"joints": joints[1], "objects": objects[1]}
    assert samples.add("objects", objects[0]) == {"joints": joints[0], "objects": objects[0]}
    assert samples.add("objects", objects[0]) is None


def test_stamps_are_told_apart_to_the_nanosecond():
    samples = StampedSamples(("joints", "objects"))
    assert samples.add("joints", message(1_700_000_000, 1)) is None
    assert samples.add("objects", message(1_700_000_000, 2)) is None


def test_the_oldest_incomplete_samples_are_given_up():
    samples = StampedSamples(("joints", "objects"))
    for second in range(PENDING_STAMPS + 1):
        samples.add("joints", message(second))
    assert samples.add("objects", message(0)) is None
    assert samples.add("objects", message(2)) is not None
