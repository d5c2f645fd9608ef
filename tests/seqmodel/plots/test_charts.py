"""Charts and tables of numbers: what is drawn is what was given."""

import numpy as np
import pytest

from seqmodel.plots.charts import heat_map, line_chart, table


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_table_is_markdown_with_numbers_to_the_right():
    shown = table(["value", "times"], [["`C,0.500`", 1234], ["a|b\nc", np.int64(5)]])
    assert shown._repr_markdown_().split("\n") == [
        "| value | times |",
        "| :--- | ---: |",
        "| `C,0.500` | 1,234 |",
        "| a\\|b c | 5 |",
    ]


def test_a_heat_map_has_the_first_row_on_top_and_rings_where_asked():
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


def test_zero_is_white_and_the_most_is_blue():
    mesh = heat_map([[0.0, 2.0]], ["a"], ["1", "2"], most=4).figure.axes[0].collections[0]
    assert mesh.get_clim() == (0, 4)
    assert mesh.cmap(0.0)[:3] == pytest.approx((1, 1, 1))
    assert mesh.cmap(1.0)[2] > mesh.cmap(1.0)[0]


def test_a_heat_map_of_nothing_but_zeros_is_drawn():
    assert heat_map(np.zeros((2, 2)), ["a", "b"], ["1", "2"]).png().startswith(b"\x89PNG")


def test_curves_begin_at_zero_and_levels_have_names():
    picture = line_chart(
        [0.5, 1.0], {"one": [0.2, 0.1], "two": [0.3, 0.4]}, levels={"real": 0.25}, percent=True
    )
    [axes] = picture.figure.axes
    assert axes.get_ylim()[0] == 0
    assert axes.lines[0].get_ydata().tolist() == [0.2, 0.1]
    assert {line.get_linestyle() for line in axes.lines[:2]} == {"-", "--"}
    assert texts(axes) == ["real"]
    assert axes.yaxis.get_major_formatter()(0.25) == "25%"
