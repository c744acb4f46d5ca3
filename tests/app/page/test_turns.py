"""The lock around the model: first come, first served, and long work lets others go first."""

import threading
import time

import pytest

from app.page.stream import Cancelled
from app.page.turns import Turns


def waits(turns, count=1):
    """Returns once so many threads wait for their turn."""
    end = time.monotonic() + 5
    while len(turns._waiting) < count and time.monotonic() < end:
        time.sleep(0.005)
    assert len(turns._waiting) == count


def worker(turns, name, done, **how):
    """Starts a thread that takes its turn once and then says its name."""

    def work():
        turns.take(**how)
        done.append(name)
        turns.release()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_those_who_wait_have_their_turn_in_the_order_in_which_they_came():
    turns, done, threads = Turns(), [], []
    turns.take()
    for number in range(5):
        threads.append(worker(turns, number, done))
        waits(turns, number + 1)
    assert done == []
    turns.release()
    for thread in threads:
        thread.join(5)
    assert done == [0, 1, 2, 3, 4]


def test_the_holder_may_take_it_again_and_keeps_it_until_the_last_release():
    turns, done = Turns(), []
    turns.take()
    turns.take()
    thread = worker(turns, "other", done)
    turns.release()
    thread.join(0.1)
    assert done == []
    turns.release()
    thread.join(5)
    assert done == ["other"]


def test_giving_way_lets_all_who_wait_go_first_and_then_goes_on():
    turns, done = Turns(), []
    turns.take()
    turns.take()
    threads = [worker(turns, "a", done)]
    waits(turns)
    threads.append(worker(turns, "b", done))
    waits(turns, 2)
    turns.give_way()
    assert done == ["a", "b"]
    third = worker(turns, "c", done)
    turns.release()
    third.join(0.1)
    assert done == ["a", "b"]  # still held, once
    turns.release()
    third.join(5)
    assert done == ["a", "b", "c"]


def test_giving_way_to_nobody_and_by_others_changes_nothing():
    turns, done = Turns(), []
    turns.give_way()
    turns.take()
    turns.give_way()
    thread = worker(turns, "other", done)
    other = threading.Thread(target=turns.give_way)
    other.start()
    other.join(5)
    thread.join(0.1)
    assert done == []
    turns.release()
    thread.join(5)


def test_who_gives_up_waiting_leaves_the_line():
    turns, done, met = Turns(), [], []

    def stop():
        raise Cancelled

    def work():
        with pytest.raises(Cancelled):
            turns.take(stop)
        met.append("cancelled")

    turns.take()
    first = threading.Thread(target=work)
    first.start()
    waits(turns)
    second = worker(turns, "second", done)
    first.join(5)
    turns.release()
    second.join(5)
    assert (met, done) == (["cancelled"], ["second"])


def test_work_that_is_cancelled_while_it_gives_way_can_still_be_released():
    turns, done = Turns(), []

    def stop():
        raise Cancelled

    def slow():
        turns.take()
        time.sleep(0.6)  # longer than the poll, so that `stop` is called
        done.append("slow")
        turns.release()

    turns.take()
    thread = threading.Thread(target=slow)
    thread.start()
    waits(turns)
    with pytest.raises(Cancelled):
        turns.give_way(stop)
    turns.release()
    thread.join(5)
    assert done == ["slow"] and turns._holder is None
