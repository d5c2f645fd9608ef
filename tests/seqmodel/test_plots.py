"""Charts and tables: their data, labels and files."""

from __future__ import annotations

import io
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqmodel.errors import InputError
from seqmodel.extras import MissingPackageError
from seqmodel.picture import with_palette
from seqmodel.plots import (
    LiveCurve,
    count_chart,
    heat_map,
    line_chart,
    loss_curve,
    table,
)
from seqmodel.training.trainer import EpochMetrics

display = pytest.importorskip("IPython.display")


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_table_is_markdown_with_numbers_to_the_right() -> None:
    shown = table(["value", "times"], [["`C,0.500`", 1234], ["a|b\nc", np.int64(5)]])
    assert shown._repr_markdown_().split("\n") == [
        "| value | times |",
        "| :--- | ---: |",
        "| `C,0.500` | 1,234 |",
        "| a\\|b c | 5 |",
    ]


def test_a_heat_map_has_the_first_row_on_top_and_rings_at_the_marks() -> None:
    # two characters over three steps; the second is the label of the first step
    cells = [[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]
    picture = heat_map(cells, ["a", "b"], ["nothing", "a", "b"], marks=[(1, 0)], mark_label="next")
    [axes] = picture.figure.axes
    mesh, rings = axes.collections
    assert mesh.get_array().reshape(2, 3).tolist() == cells
    assert axes.get_ylim() == (2, 0)
    assert rings.get_offsets().tolist() == [[0.5, 1.5]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["nothing", "a", "b"]
    assert axes.get_legend().get_texts()[0].get_text() == "next"


def test_zero_is_white_and_the_top_is_blue() -> None:
    mesh = heat_map([[0.0, 2.0]], ["a"], ["1", "2"], top=4).figure.axes[0].collections[0]
    assert mesh.get_clim() == (0, 4)
    assert mesh.cmap(0.0)[:3] == pytest.approx((1, 1, 1))
    assert mesh.cmap(1.0)[2] > mesh.cmap(1.0)[0]


def test_a_heat_map_of_zeros_is_drawn() -> None:
    assert heat_map(np.zeros((2, 2)), ["a", "b"], ["1", "2"]).png().startswith(b"\x89PNG")


def test_curves_begin_at_zero_and_levels_have_names() -> None:
    picture = line_chart(
        [0.5, 1.0], {"one": [0.2, 0.1], "two": [0.3, 0.4]}, levels={"real": 0.25}, percent=True
    )
    [axes] = picture.figure.axes
    assert axes.get_ylim()[0] == 0
    assert axes.lines[0].get_ydata().tolist() == [0.2, 0.1]
    assert {line.get_linestyle() for line in axes.lines[:2]} == {"-", "--"}
    assert texts(axes) == ["real"]
    assert axes.yaxis.get_major_formatter()(0.25) == "25%"


def legend_of(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_loss_curves_are_named_with_their_last_loss() -> None:
    picture = loss_curve({"training": [4, 2, 1], "held out": [4, 3, 3.5]}, chance=4.36)
    [axes] = picture.figure.axes
    assert legend_of(axes) == ["training 1", "held out 3.5", "uniform guess 4.36"]
    curves = [np.asarray(line.get_ydata()).tolist() for line in axes.lines[:2]]
    assert curves == [[4, 2, 1], [4, 3, 3.5]]


def test_a_large_count_chart_can_be_read_at_screen_size() -> None:
    # A hundred long names: ninety are there, level, at 10 points, each with its count.
    counts = {f"C,0.{k:03},<M-10,m-14>": 200 - k for k in range(100)}
    picture = count_chart(counts, title="values")
    every = picture.figure.axes
    labels = [label for axes in every for label in axes.get_yticklabels()]
    assert [label.get_text() for label in labels] == list(counts)[:90]
    assert {label.get_rotation() for label in labels} == {0.0}
    assert min(label.get_fontsize() for label in labels) >= 10
    picture.png()  # lays it out
    boxes = [label.get_window_extent() for label in every[0].get_yticklabels()]
    assert all(above.y0 > below.y1 for above, below in pairwise(boxes))
    assert texts(every[0])[:2] == ["200", "199"]
    assert {axes.get_xlim() for axes in every} == {(0, 240)}  # one scale
    assert picture.figure.get_suptitle() == "values (10 more, 1,055 times)"


def test_a_picture_too_large_for_pillow_is_unchanged() -> None:
    # Larger than pillow opens: a lead sheet of some two thousand bars.
    stream = io.BytesIO()
    Image.new("1", (20_000, 9_000)).save(stream, "PNG")
    assert with_palette(stream.getvalue()) == stream.getvalue()


def test_equal_pictures_are_equal_files(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        loss_curve({"training": [2.0, 1.0]}).save(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_picture_with_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        loss_curve({"training": [1.0]}).save(tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


class Cell:
    """The outputs under a notebook's cell."""

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


def test_a_live_curve_updates_one_picture(cell: Cell) -> None:
    curve = LiveCurve(3, min_seconds=0)
    for number, loss in enumerate((3.0, 2.0, 1.0), start=1):
        curve(EpochMetrics(number, loss, 0.5, 0.1))
    assert cell.places == 1
    assert cell.shown == [[3.0], [3.0, 2.0], [3.0, 2.0, 1.0]]


def test_a_fast_training_does_not_wait_for_pictures(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("seqmodel.plots.time.monotonic", lambda: now[0])
    curve = LiveCurve(100)
    for number in range(1, 101):
        now[0] += 0.001
        curve(EpochMetrics(number, 1 / number, 0.5, 0.001))
    assert len(cell.shown) < 10
    assert len(cell.shown[-1]) == 100


def test_slow_pictures_take_a_tenth_of_the_training(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("seqmodel.plots.time.monotonic", lambda: now[0])
    update = cell.update

    def slow_update(picture: Any) -> None:
        now[0] += 2
        update(picture)

    monkeypatch.setattr(cell, "update", slow_update)
    curve = LiveCurve(100)
    for _ in range(45):  # one second each
        now[0] += 1
        curve.add(1.0)
    assert [len(losses) for losses in cell.shown] == [1, 21, 41]


def test_a_live_curve_without_ipython_is_an_error_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.raises(MissingPackageError, match="pip install ipython"):
        LiveCurve()


def test_a_live_curve_is_a_callback_of_keras(cell: Cell) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    curve = LiveCurve()
    ones = keras.ops.ones((4, 1))
    history = model.fit(ones, ones, epochs=3, verbose=0, callbacks=[curve.callback()])
    assert cell.shown[-1] == pytest.approx(history.history["loss"])
