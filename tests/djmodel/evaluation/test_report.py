"""Solos of a model beside its training music: the figures, and the page that shows them."""

import json
import math
import re

import numpy as np
import pytest
from helpers.handmade_tunes import bar

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.evaluation import metrics
from djmodel.evaluation.comparison import (
    BARS_PER_PIECE,
    Measured,
    compare,
    distances,
    mgeval_features,
    mgeval_overlaps,
)
from djmodel.evaluation.copying import VALUES, CopyDetector, pieces
from djmodel.inputs.reader import read_tune
from djmodel.model.improvise import Solo
from djmodel.model.model_file import load
from djmodel.model.solos import generate_solos
from djmodel.model.training import fit
from djmodel.music.tune import Tune
from djmodel.outputs.midi import write_midi
from djmodel.values.grammar import encode
from seqmodel.training.config import TrainerConfig

REPORT = "djmodel.report"


@pytest.fixture(scope="module")
def tunes(rags):
    return [read_tune(rag).excerpt(1, 36) for rag in rags[3:5]]


@pytest.fixture(scope="module")
def model(tmp_path_factory, tunes):
    path = tmp_path_factory.mktemp("report") / "model.keras"
    fit(tunes, TrainingConfig(tx=16, n_a=16, trainer=TrainerConfig(epochs=2))).save(path)
    return path


@pytest.fixture(scope="module")
def solos(model):
    return generate_solos(load(model), GenerationConfig(bars=BARS_PER_PIECE), 3)


def test_pieces_are_equally_long_and_a_remainder_is_dropped(tunes):
    assert [len(piece.bars) for piece in pieces(tunes[0], 16)] == [16, 16]
    assert pieces(tunes[0], 16)[1].bars == tunes[0].bars[16:32]
    assert pieces(tunes[0], 40) == pieces(tunes[0], None) == [tunes[0]]


def test_training_music_and_solos_are_measured_in_pieces_of_equal_length(tunes, solos):
    found = compare(tunes, solos, CopyDetector(tunes))
    entropy = found.measures["pitch-class entropy"]
    expected = [metrics.pitch_class_entropy(t.excerpt(a, a + 15)) for t in tunes for a in (1, 17)]
    assert entropy.training.tolist() == expected
    assert entropy.generated.tolist() == [metrics.pitch_class_entropy(s.tune) for s in solos]
    assert found.distributions["pitch classes"].generated == pytest.approx(
        np.mean([metrics.pitch_class_histogram(s.tune) for s in solos], axis=0)
    )
    assert len(found.distributions["note lengths"].within) == 4 * 3 / 2
    assert len(found.distributions["note lengths"].between) == 3 * 4
    assert len(found.copying[VALUES].generated) == 3
    assert len(found.copying[VALUES].human) == 4  # two tunes, two pieces as long as a solo


def test_the_training_music_is_close_to_itself(tunes, solos):
    itself = [Solo(cut, encode(cut), 0.0) for tune in tunes for cut in pieces(tune, BARS_PER_PIECE)]
    same = compare(tunes, itself, CopyDetector(tunes))
    for name, measured in same.measures.items():
        assert measured.overlap == pytest.approx(1, abs=1e-2), name
        assert measured.divergence == pytest.approx(0, abs=1e-6), name
    assert np.mean(same.distances) < np.mean(compare(tunes, solos, CopyDetector(tunes)).distances)


def test_two_halves_of_one_tune_overlap_and_music_of_another_kind_does_not(tunes):
    def features(parts):
        return [mgeval_features(part) for part in parts]

    cut = [piece for tune in tunes for piece in pieces(tune, 4)]
    halves = mgeval_overlaps(features(cut[::2]), features(cut[1::2]))
    slow = [
        Tune("semibreves, far apart", tuple(bar("C", [(pitch, 4)]) for pitch in row))
        for row in ([30, 90, 31, 95], [20, 99, 25, 90], [33, 93, 28])
    ]
    strangers = mgeval_overlaps(features(cut), features(slow))
    assert set(halves) == set(strangers) == set(metrics.MGEVAL)
    assert np.mean([*halves.values()]) > 0.6
    for name in ("inter-onset interval", "pitch shift", "note lengths"):
        assert strangers[name] < 0.1 < halves[name], name


def test_distances_equal_values_worked_out_by_hand():
    # training: mean 2, standard deviation 1; the first solo's two pieces are at 4 on the mean, the
    # second's one piece at 2; what does not vary in the training, or is not measured, is left out
    measures = {
        "varies": Measured(np.array([1.0, 3.0, np.nan]), np.array([3.0, 5.0, 2.0])),
        "does not": Measured(np.array([1.0, 1.0]), np.array([7.0, 7.0, 7.0])),
        "half": Measured(np.array([0.0, 2.0]), np.array([np.nan, np.nan, 2.0])),
    }
    assert distances(measures, [2, 1]) == [2.0, 0.5]
    nothing = {"x": Measured(np.array([np.nan]), np.array([1.0]))}
    assert math.isnan(distances(nothing, [1])[0])


def test_the_report_of_a_model_has_measures_and_solos(command, model, rags, tmp_path):
    page = tmp_path / "report.html"
    write_midi(read_tune(rags[0]).excerpt(1, 8), tmp_path / "held_out.mid")
    done = command(
        REPORT, model, tmp_path / "held_out.mid",
        "--count", 3, "--bars", 2, "--seed", 3, "--out", page,
    )  # fmt: skip
    assert done.status == 0, done.err

    def strict(constant):
        raise AssertionError(constant)

    numbers = json.loads((tmp_path / "report.json").read_text(), parse_constant=strict)
    assert numbers["solos"] == 3
    assert set(numbers["measures"]) == set(metrics.MEASURES)
    assert set(numbers["distributions"]) == set(metrics.DISTRIBUTIONS)
    assert np.shape(numbers["distributions"]["pitch-class transitions"]["generated"]) == (12, 12)
    assert len(numbers["copying"]["values"]["generated"]["overlap by n"]) == 12
    assert numbers["copying"]["values"]["human"]["mean longest"] >= 1
    assert set(numbers["perplexity"]) == {"model", *(f"n-gram of order {n}" for n in range(1, 7))}
    assert all(1 < perplexity < 1000 for perplexity in numbers["perplexity"].values())
    far = [solo["distance"] for solo in numbers["closest"]]
    assert far == sorted(far)
    assert len(far) == 3

    html = page.read_text(encoding="utf-8")
    headings = re.findall(r"<h2>(Solo \d+), over ([^<]+)</h2>", html)
    closest = [(f"Solo {solo['solo']}", solo["over"]) for solo in numbers["closest"][:3]]
    assert headings == closest
    assert html.count("<audio") == 3
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', html)
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "http://" not in re.sub(r"http://www\.w3\.org/[\w/.]+", "", html)
    for name in metrics.MEASURES:
        assert f"<td>{name}</td>" in html


def test_a_report_must_end_in_html(refuses, model, tmp_path):
    assert ".html" in refuses(REPORT, model, "--out", tmp_path / "report.pdf")
    assert not list(tmp_path.iterdir())
