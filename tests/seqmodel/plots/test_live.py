"""The curve under a cell: one place, kept up to date, complete at the end."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from seqmodel.optional import MissingPackageError
from seqmodel.plots import live
from seqmodel.plots.live import LiveCurve
from seqmodel.training.checkpoints import EpochMetrics

display = pytest.importorskip("IPython.display")


class Cell:
    """What a notebook shows under a cell."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.places = 0

    def display(self, picture: Any, *, display_id: bool) -> Cell:
        assert display_id
        self.places += 1
        self.update(picture)
        return self

    def update(self, picture: Any) -> None:
        line = picture.figure.axes[0].lines[0]
        self.shown.append([float(loss) for loss in line.get_ydata()])


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    cell = Cell()
    monkeypatch.setattr(display, "display", cell.display)
    return cell


def test_one_picture_is_kept_up_to_date(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(live, "MOST_DRAWING", float("inf"))
    curve = LiveCurve(3)
    for number, loss in enumerate((3.0, 2.0, 1.0), start=1):
        curve(EpochMetrics(number, loss, 0.5, 0.1))
    assert cell.places == 1
    assert cell.shown == [[3.0], [3.0, 2.0], [3.0, 2.0, 1.0]]


def test_a_fast_training_does_not_wait_for_pictures(cell: Cell) -> None:
    curve = LiveCurve(100)
    for number in range(1, 101):
        curve(EpochMetrics(number, 1 / number, 0.5, 0.001))
    assert len(cell.shown) < 10
    assert len(cell.shown[-1]) == 100


def test_without_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.raises(MissingPackageError, match="pip install ipython"):
        LiveCurve()


def test_a_keras_training_draws_it(cell: Cell) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    curve = LiveCurve()
    ones = keras.ops.ones((4, 1))
    history = model.fit(ones, ones, epochs=3, verbose=0, callbacks=[curve.callback()])
    assert cell.shown[-1] == pytest.approx(history.history["loss"])
