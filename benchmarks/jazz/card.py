"""The card of the bundled jazz model, from the figures that the benchmarks have kept.

    python -m benchmarks.jazz.card

Writes data/jazz.md from benchmarks/jazz/composition.json, mingus.json and solos.json.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.jazz.composition import ABLATION_EPOCHS, MODEL
from benchmarks.jazz.results import Results
from benchmarks.jazz.solos import DIFFERENCE, LIMITS, MINGUS, SHARES, WHOLE
from djmodel.model.model_file import load
from seqmodel.command_line.runner import stderr_console
from seqmodel.files import atomic_write, sha256_of_file

WIDTH = 100
NOTICE = (
    "Contains information from the Weimar Jazz Database (WJazzD), which is made available here"
    " under the Open Database License (ODbL)."
)
PUBLISHED = {
    "MINGUS (2.86 M parameters)": (4.14, 11.01, 45.6),
    "BebopNet, as trained by MINGUS's authors (6.57 M)": (None, None, 44.70),
}


def composition_table(figures: Mapping[str, Any]) -> str:
    """Nats per note on held-out compositions."""
    rows = ["| | validation | test | perplexity per value, test |", "|---|---|---|---|"]
    for name, row in figures.items():
        validation, test = row["validation"], row["test"]
        rows.append(
            f"| {name} | {validation['nats per note']:.3f} | {test['nats per note']:.3f} |"
            f" {test['perplexity per value']:.1f} |"
        )
    return "\n".join(rows)


def token_table(figures: Mapping[str, Any]) -> str:
    """Perplexities on MINGUS's tokens."""

    def line(name: str, *numbers: float | None) -> str:
        cells = ("–" if number is None else f"{number:.2f}" for number in numbers)
        return f"| {name} | {' | '.join(cells)} |"

    rows = ["| on the test solos | duration | pitch | joint |", "|---|---|---|---|"]
    for name, published in PUBLISHED.items():
        rows.append(line(name, *published))
    for name, row in figures.items():
        for key, shown in (
            ("test", ""),
            ("test, adapted", ", adapting"),
            ("test, adapted, with memory", ", adapting, with short-term memory"),
            ("test, segments of 35", ", 35 tokens of context"),
        ):
            if key in row:
                found = row[key]
                joint = found["duration"] * found["pitch"]
                rows.append(line(f"{name}{shown}", found["duration"], found["pitch"], joint))
        if (alone := row.get("test, pitch without its duration")) is not None:
            joint = row["test"]["duration"] * alone
            rows.append(
                line(f"{name}, pitch without its duration", row["test"]["duration"], alone, joint)
            )
    if "n-grams" in figures:
        found = figures["n-grams"]
        joint = found["duration"] * found["pitch"]
        rows.append(
            line("n-grams, pitch without its duration", found["duration"], found["pitch"], joint)
        )
    return "\n".join(rows)


def ablation_table(figures: Mapping[str, Any]) -> str:
    """Perplexities on the validation solos, of networks trained equally long."""
    rows = ["| on the validation solos | duration | pitch | joint |", "|---|---|---|---|"]
    for name, row in figures.items():
        if "validation" in row and "test" not in row:
            found = row["validation"]
            joint = found["duration"] * found["pitch"]
            rows.append(
                f"| {name} | {found['duration']:.2f} | {found['pitch']:.2f} | {joint:.2f} |"
            )
    return "\n".join(rows)


def solo_table(figures: Mapping[str, Any]) -> str:
    """The measures of the model's solos beside those of human solos."""
    model, human = _solos(figures), figures["test: human"]
    rows = ["| | model | human solos |", "|---|---|---|"]
    shares = ("tones", "rests", "repeated pitches")
    for name, number in human.items():
        if name in (LIMITS, DIFFERENCE):
            continue
        form = ".1%" if name.endswith(shares) or "motifs" in name else ".1f"
        rows.append(f"| {name} | {model[name]:{form}} | {number:{form}} |")
        if name in SHARES and LIMITS in human:
            cells = (_limits(row[LIMITS][name]) for row in (model, human))
            rows.append(f"| {name}, 95 % | {' | '.join(cells)} |")
            difference = _limits(model[DIFFERENCE][name])
            rows.append(f"| {name}, difference, 95 % | {difference} | |")
    return "\n".join(rows)


def _limits(found: Sequence[float]) -> str:
    low, high = found
    return f"{low:.1%} to {high:.1%}"


def overlap_table(figures: Mapping[str, Any]) -> str:
    """The overlaps with human solos, of the model's solos and of other human ones."""
    model = _solos(figures)[WHOLE]
    [humans] = [row for name, row in figures.items() if name.startswith("test: training")]
    rows = ["| | model | training solos | MINGUS |", "|---|---|---|---|"]
    for name, published in MINGUS[WHOLE].items():
        cells = model[name], humans[WHOLE][name], published
        rows.append(f"| {name} | {' | '.join(f'{number:.3f}' for number in cells)} |")
    return "\n".join(rows)


def _solos(figures: Mapping[str, Any]) -> Mapping[str, Any]:
    name = f"test: jazz, T 1, top-p 1, 64 solos, {sha256_of_file(MODEL)[:8]}"
    return figures[name]


def wrapped(text: str) -> str:
    """The text with its paragraphs and list items broken into lines of equal width."""
    blocks = re.split(r"\n(?=\n|- )", text)
    filled = []
    for block in blocks:
        lines = block.strip("\n").split("\n")
        is_text = not lines[0].startswith(("#", "|"))
        indent = "  " if lines[0].startswith("- ") else ""
        body = textwrap.fill(" ".join(map(str.strip, lines)), WIDTH, subsequent_indent=indent)
        before = "\n" * (len(block) - len(block.lstrip("\n")))
        filled.append(before + (body if is_text else "\n".join(lines)))
    return "\n".join(filled) + "\n"


def main() -> None:
    model = load(MODEL)
    composition, tokens = Results("composition").figures, Results("mingus").figures
    made = composition["jazz"]
    config = model.config
    text = f"""# jazz.keras

The model that `djmodel generate` uses unless it is given another one. It was trained by
`python -m benchmarks.jazz.composition` on the bundled jazz solos; `python -m benchmarks.jazz.card`
wrote
this page from the figures that the benchmarks kept.

{NOTICE} [`wjazzd/`](wjazzd) has the license, and where the solos are from.

- **Data**: the training solos of the split `by_composition`, {len(model.sequences)} with chords,
  {model.n_values:,} values. No title of a validation or test solo is among them.
- **Model**: an LSTM with {config.n_a} units, {made["parameters"]:,} parameters,
  {MODEL.stat().st_size:,} bytes: weights of
  16 bits, no copy for Keras, the notes of the first {len(model.tunes)} solos only. A value is two
  symbols, its
  duration and its tone. {len(config.conditioning)} features that are known before a value is drawn
  are inputs:
  {", ".join(config.conditioning)}.
  Tones that lead to the same degree of the chord, the next chord or the key, or to the same pitch,
  share parts
  of their logits. The output layer adapts to a solo or a primer that is read.
- **Training**: {config.trainer.epochs} epochs, {made["minutes"]} minutes on the machine of the
  figures, windows of {config.tx}
  values; settings chosen on the validation solos.
- **Vocabulary**: {len(model.vocabulary)} symbols; {made["share folded"]:.2%} of the values are
  folded.

## Held-out compositions

Nats per note; the n-gram has the order that is best on the validation solos. The rows from `all`
on are
trained for fewer epochs, each equally long:

{composition_table(composition)}

## MINGUS's tokens

The same kind of network, trained on the tokens and the split of MINGUS (ISMIR 2021) by
`python -m benchmarks.jazz.mingus`. Perplexity of the duration, and of the pitch given the duration
(MINGUS
predicts both independently); whole solos as context unless another is named. `plain` knows neither
chords
nor bars; the short-term memory, of n-grams of the solo so far, is part of this benchmark alone,
because solos that are drawn from it repeat themselves:

{token_table(tokens)}
{ablations(tokens)}
## What it plays

64 solos over the charts of the 34 test solos, at temperature 1, which was chosen on the validation
solos, beside the human solos over the same charts (`python -m benchmarks.jazz.solos`):

{solo_table(Results("solos").figures)}

Overlaps by the nine features of MGEval, whole solos (reference: the human solos; the published
figures are MINGUS's own, of its own split):

{overlap_table(Results("solos").figures)}

## Limits

The solos are lines of one note at a time, most of them on saxophones and trumpets, from the canon
of jazz;
the model knows no other instruments, no themes, and no form longer than what its state and memory
carry.
Its settings predict unseen solos best; that does not make a solo good.
"""
    path = MODEL.with_suffix(".md")
    with atomic_write(path) as temporary:
        temporary.write_text(wrapped(text), encoding="utf-8")
    stderr_console().print(str(path), soft_wrap=True)


def ablations(tokens: Mapping[str, Any]) -> str:
    """The table of ablations, if they have been measured."""
    if "all" not in tokens:
        return ""
    heading = f"Trained for {ABLATION_EPOCHS} epochs each, without adaptation:"
    return f"\n{heading}\n\n{ablation_table(tokens)}\n"


if __name__ == "__main__":
    main()
