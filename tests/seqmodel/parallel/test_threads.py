"""Chunks of work in a pool of threads."""

import threading

import pytest

from seqmodel.parallel.threads import ThreadPool


@pytest.mark.parametrize("size", [1, 2, 3])
def test_each_chunk_is_done_once_and_results_are_in_order(size):
    done = ThreadPool(size).map_chunks(
        lambda number, chunk: (number, chunk.start, chunk.stop), 10, 4
    )
    assert done == [(0, 0, 2), (1, 2, 5), (2, 5, 7), (3, 7, 10)]


def test_an_idle_thread_takes_the_next_chunk():
    # The second thread is held up with chunk 1 until the caller has done the rest.
    done_by, begun, rest = {}, threading.Event(), threading.Event()

    def job(number, _):
        done_by[number] = threading.get_ident()
        if number == 1:
            begun.set()
            assert rest.wait(20)
        elif number == 0:
            assert begun.wait(20)
        elif number == 2:
            rest.set()

    ThreadPool(2).map_chunks(job, 4, 4)
    assert done_by[0] == done_by[2] == done_by[3] == threading.get_ident() != done_by[1]


def test_an_error_in_another_thread_is_raised():
    begun = threading.Event()

    def job(number, _):
        if number == 1:
            begun.set()
            raise ValueError("chunk 1")
        assert begun.wait(20)

    with pytest.raises(ValueError, match="chunk 1"):
        ThreadPool(2).map_chunks(job, 2, 2)


def test_an_interrupt_ends_the_work_after_the_chunks_that_are_begun():
    begun, held = [], threading.Event()

    def job(number, _):
        begun.append(number)
        if number == 0:
            raise KeyboardInterrupt
        assert held.wait(20)

    pool = ThreadPool(2)
    with pytest.raises(KeyboardInterrupt):
        pool.map_chunks(job, 40, 40)
    held.set()
    behind = threading.Event()  # all that was left
    pool.map_chunks(lambda number, _: behind.set() if number else behind.wait(20), 2, 2)
    assert len(begun) <= 2
