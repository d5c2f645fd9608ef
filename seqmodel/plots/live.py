"""The loss of a training, drawn while it goes on, in a notebook of any kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from seqmodel.optional import needed
from seqmodel.plots.picture import Picture, loss_curve

if TYPE_CHECKING:
    from seqmodel.training.checkpoints import EpochMetrics

SECONDS_BETWEEN = 0.5  # drawing takes a tenth of a second; training should not wait for it
MOST_DRAWING = 0.15  # of the time, where drawing takes longer


class LiveCurve:
    """Call it after each epoch; it keeps one picture up to date under the cell.

    `epochs` is how many there will be, so that the last is surely drawn; `chance` the loss of
    guessing evenly. Raises MissingPackageError without IPython.
    """

    def __init__(self, epochs: int | None = None, *, chance: float | None = None) -> None:
        self.losses: list[float] = []
        self.epochs, self.chance = epochs, chance
        self._display: Any = needed("IPython.display", "to draw in a notebook", "ipython")
        self._shown: Any = None
        self._next_at = -SECONDS_BETWEEN

    def __call__(self, epoch: EpochMetrics) -> None:
        self.add(epoch.loss)

    def add(self, loss: float) -> None:
        """The loss of one more epoch."""
        self.losses.append(loss)
        began = time.monotonic()
        if len(self.losses) == self.epochs or began >= self._next_at:
            self.draw()
            took = time.monotonic() - began
            self._next_at = began + max(SECONDS_BETWEEN, took / MOST_DRAWING)

    def draw(self) -> None:
        """Shows all losses so far, in the place of what was shown before."""
        picture = self.picture()
        if self._shown is None:
            self._shown = self._display.display(picture, display_id=True)
        else:
            self._shown.update(picture)

    def picture(self) -> Picture:
        return loss_curve({"training": self.losses}, chance=self.chance)

    def callback(self) -> Any:
        """A Keras callback that does the same, for `Model.fit(..., callbacks=[...])`."""
        keras = needed("keras", "to follow a training")
        curve = self

        class Follow(keras.callbacks.Callback):  # type: ignore[name-defined]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
                curve.add(float(logs["loss"]))

            def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
                curve.draw()

        return Follow()
