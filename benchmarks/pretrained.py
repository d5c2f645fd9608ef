"""Training of the bundled model, and the card that describes it: `make pretrained`.

    python -m benchmarks.pretrained

Trains the preset `ragtime` on the eight bundled rags and writes data/ragtime.keras; then leaves
each rag out in turn, with and without conditioning on the position in the bar, and writes the
figures to data/ragtime.md.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from djmodel.config import TrainingConfig
from djmodel.evaluation.copying import VALUES, Copied, CopyDetector, human_baseline
from djmodel.evaluation.perplexity import Evaluation, Metrics, leave_one_out
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.model.improvise import improvise
from djmodel.model.model_file import DjModel
from djmodel.model.training import fit
from djmodel.music.tune import Tune
from djmodel.presets import training_preset
from seqmodel.command_line.runner import Progress, stderr_console
from seqmodel.files import atomic_write, sha256_of_file

PRESET = "ragtime"
SOLOS_PER_TUNE = 4
FOLDER = Path(__file__).parents[1] / "data"


def main() -> None:
    config, console = training_preset(PRESET), stderr_console()
    tunes = [read_tune(path) for path in rags()]
    with Progress(console, "training", "epoch", every=20) as show:
        trained = fit(
            tunes,
            config,
            sources={path.name: sha256_of_file(path) for path in rags()},
            progress=lambda e: show(e.number, config.trainer.epochs, {"loss": e.loss}),
        )
    trained.save(FOLDER / "ragtime.keras")
    with Progress(console, "leaving one out", "rag", every=1) as show:
        numbers, total = itertools.count(1), 2 * len(tunes)

        def progress(name: str) -> Callable[[Evaluation], None]:
            return lambda one: show(next(numbers), total, {name: one.model.cross_entropy})

        evaluations = leave_one_out(tunes, config, progress("model"))
        unconditioned = leave_one_out(
            tunes, replace(config, bar_positions=False), progress("without positions")
        )
    text = card(trained.model, evaluations, Evaluation.mean(unconditioned))
    with atomic_write(FOLDER / "ragtime.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.print(f"{FOLDER}/ holds ragtime.keras and ragtime.md", soft_wrap=True)


def card(model: DjModel, evaluations: Sequence[Evaluation], unconditioned: Evaluation) -> str:
    """The model card, in Markdown. `evaluations` are those of each rag that was left out;
    `unconditioned` is their mean for models without conditioning on the position in the bar."""
    total = Evaluation.mean(evaluations)
    best, without = total.best_ngram, unconditioned.model
    rows = "\n".join(_row(one.title, one) for one in evaluations)
    orders = "\n".join(
        f"| {order} | {metrics.cross_entropy:.3f} | {metrics.perplexity:.1f} |"
        f" {metrics.accuracy:.1%} |"
        for order, metrics in total.ngrams.items()
    )
    return f"""# ragtime.keras

The bundled model `ragtime`, trained on eight piano rags. `make pretrained`
trained it, and measured all figures on this page, from the rags in this folder alone.

- **Data**: {len(model.tunes)} piano rags by Scott Joplin, {_n_bars(model.tunes):,} bars,
  {model.n_values:,} values:
  {", ".join(f"`{name}`" for name in model.sources)}.
- **License**: the music is in the public domain (see `README.md`); the model has the license of
  the project.
{_architecture(model)}
{_training(model.config)}

## Perplexity on held-out rags

Each rag is left out in turn and predicted by a model that is trained on the other seven with the
same settings (which were chosen on these rags, too). The best n-gram is the one with the lowest
cross-entropy on that rag, of orders 1 to {max(total.ngrams)}; its smoothing is tuned on the seven
training rags. Both use the vocabulary of the training rags, so both count folded values alike.
Cross-entropies are in nats per value:

| left out | values | model | best n-gram | order | perplexity lower by |
|---|---|---|---|---|---|
{rows}
{_row("**all**", total)}

On held-out rags the model reaches a perplexity of {total.model.perplexity:.1f} (best n-gram:
{best.perplexity:.1f}) and an accuracy of {total.model.accuracy:.1%}. The n-grams are not
conditioned on the position in the bar. Without that conditioning, the same model reaches a
cross-entropy of {without.cross_entropy:.3f} nats and a perplexity of {without.perplexity:.1f},
{1 - without.perplexity / best.perplexity:.0%} lower than that of the best n-gram.

N-grams on all held-out rags:

| order | nats per value | perplexity | accuracy |
|---|---|---|---|
{orders}

`djmodel evaluate --leave-one-out` measures these figures again.

## Copied passages

{_copying(model)}

## Limits

The model was trained on eight pieces by one composer, most of them in 2/4 and in sixteenth notes.
In other meters it uses the nearest position in the bar that it knows. It improvises one melody over
chords, and has no sense of form beyond what its hidden state carries.
"""


def _architecture(model: DjModel) -> str:
    config = model.config
    return f"""- **Model**: an LSTM with {config.n_a} units and a softmax over
  {config.n_values} values,
  {model.weights.n_parameters:,} parameters. It reads the previous value and the position of the
  next one in its bar: the time since the bar line and the time to the next bar line. During
  training the embeddings are factored: values of one kind, duration or interval share weights."""


def _training(config: TrainingConfig) -> str:
    trainer, dropout = config.trainer, config.trainer.dropout
    return f"""- **Training**: {trainer.epochs} epochs, windows of {config.tx} values, batches of \
{trainer.batch_size};
  Adam with a learning rate of {trainer.learning_rate:g} that falls to 0 along a cosine; dropout of
  {dropout.input:.0%} of the input values, {dropout.recurrent:.0%} of the recurrent weights and \
{dropout.output:.0%} of the
  outputs of the LSTM. Seed {trainer.seed}."""


def _n_bars(tunes: Sequence[Tune]) -> int:
    return sum(len(tune.bars) for tune in tunes)


def _row(title: str, evaluation: Evaluation) -> str:
    model, ngram = evaluation.model, evaluation.best_ngram
    return (
        f"| {title} | {model.values:,} | {_loss(model)} | {_loss(ngram)} |"
        f" {evaluation.best_order} | {evaluation.perplexity_reduction:.0%} |"
    )


def _loss(metrics: Metrics) -> str:
    return f"{metrics.cross_entropy:.3f}"


def _copying(model: DjModel) -> str:
    detector = CopyDetector.of(model)
    solos = [
        solo
        for number, changes in enumerate(model.changes)
        for solo in improvise(model, changes, seed=number, count=SOLOS_PER_TUNE)
    ]
    copied = [detector.copied(solo, VALUES) for solo in solos]
    return f"""The longest passage that a solo has in common with the rags, in values
({len(solos)} solos at temperature 1, each as long as the rag whose changes it is played over):
{_lengths(copied)}. The longest passage that a rag has in common with the other rags:
{_lengths(human_baseline(detector, VALUES))}. `--max-copy` limits it."""


def _lengths(found: Sequence[Copied]) -> str:
    lengths = [copied.longest.length for copied in found]
    return f"median {statistics.median(lengths):g}, maximum {max(lengths)}"


if __name__ == "__main__":
    main()
