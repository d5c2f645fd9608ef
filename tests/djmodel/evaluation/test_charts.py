"""The chart of a vocabulary."""

from __future__ import annotations

from djmodel.evaluation.charts import vocabulary_chart


def test_values_are_counted_the_most_frequent_first() -> None:
    picture = vocabulary_chart(["R,1.000", "C,0.500", "C,0.500", "S,0.250,<M2,M-3>"])
    [axes] = picture.figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "C,0.500", "R,1.000", "S,0.250,<M2,M-3>",
    ]  # fmt: skip
    assert [text.get_text() for text in axes.texts] == ["2", "1", "1"]
    assert picture.figure.get_suptitle() == "3 different values in 4 notes and rests"
