"""Work that threads share."""

import threading

import pytest

from seqmodel.parallel.threads import ThreadPool


@pytest.mark.parametrize("processors", [1, 2, 3])
def test_each_part_is_done_once_and_the_results_stand_in_order(processors):
    done = ThreadPool(processors).map_chunks(
        lambda part, edges: (part, edges.start, edges.stop), 10, 4
    )
    assert done == [(0, 0, 2), (1, 2, 5), (2, 5, 7), (3, 7, 10)]


def test_whoever_is_free_goes_on():
    # The one other thread is held up with part 1 until the caller has done the rest.
    by, begun, rest = {}, threading.Event(), threading.Event()

    def job(part, _):
        by[part] = threading.get_ident()
        if part == 1:
            begun.set()
            assert rest.wait(20)
        elif part == 0:
            assert begun.wait(20)
        elif part == 2:
            rest.set()

    ThreadPool(2).map_chunks(job, 4, 4)
    assert by[0] == by[2] == by[3] == threading.get_ident() != by[1]


def test_an_error_of_another_thread_is_raised():
    begun = threading.Event()

    def job(part, _):
        if part == 1:
            begun.set()
            raise ValueError("part 1")
        assert begun.wait(20)

    with pytest.raises(ValueError, match="part 1"):
        ThreadPool(2).map_chunks(job, 2, 2)
