"""A target for each reader and parser, with the writers of what it reads.

A target takes the bytes of a case, which may be part of a file (the JSON entry of a model), reads
them as the program would, and uses all that was read. Only InputError may come out of it.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from helpers import broken_files as bf
from helpers import sheets as xml
from helpers.made_models import Made

from dinos.names import encode
from dinos.ngram_features import n_inputs, name_automaton
from djmodel.config import GenerationConfig
from djmodel.evaluation.copying import REPRESENTATIONS, CopyDetector
from djmodel.inputs.cache import cached_by_content
from djmodel.inputs.chart import read_changes
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune, read_tunes, transcribe
from djmodel.inputs.sheet_music import corpus_file
from djmodel.model.improvise import improvise
from djmodel.model.model_file import DjModel, load, pretrained_model
from djmodel.model.provenance import read_provenance, solo_in
from djmodel.model.solos import generate_solos
from djmodel.music.accompaniment import accompany
from djmodel.music.changes import parse_changes
from djmodel.music.charts.ireal.links import Song, link_of, read_playlist
from djmodel.music.charts.ireal.songs import chart_of_song, song_of_chart
from djmodel.music.meter import parse_meter
from djmodel.music.tune import Tune, parse_bars
from djmodel.music.tune_json import tune_from_json, tune_to_json
from djmodel.outputs.audio import default_soundfont, render
from djmodel.outputs.midi import midi_bytes, performance_bytes
from djmodel.outputs.notation.lead_sheet import lead_sheet
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.sheet import sheet
from djmodel.outputs.notation.written_part import written_part
from djmodel.outputs.performance.perform import perform
from djmodel.outputs.piano_roll import piano_roll
from djmodel.outputs.soundfont import as_sf2
from djmodel.values import grammar, jazz_grammar
from djmodel.values.corpus_file import FILE, Corpus, build
from djmodel.values.value import Value
from fuzzing import databases
from fuzzing.mutations import (
    Mutation,
    mutated_bytes,
    mutated_events,
    mutated_json,
    mutated_text,
    mutated_xml,
)
from seqmodel.data.streaming import Span
from seqmodel.errors import InputError
from seqmodel.model_file import ENTRY, WEIGHTS, ModelFile, save
from seqmodel.network.weights import Weights
from seqmodel.parallel.pool import PoolConfig
from seqmodel.training.checkpoints import NAME, Checkpoint, training_in
from seqmodel.training.trainer import EpochMetrics

BARS = 8  # length of the excerpts
_CHART = ("|", "||", "|:", ":|", "[", "]", "x2", "x10000", "%", "/", "N.C.", "Dm7", "G7alt", "C6/9",
          "F#m7b5/E", "(", ")", "\n", "4/4:", "*A", "{", "}", "1.", "2.", "D.C.", "fine", "\x00",
          " ", "9" * 30)  # fmt: skip
_IREAL = ("{", "}", "[", "]", "|", "Z", "N1", "N2", "N0", "S", "Q", "U", "*A", "*i", "T34", "T12",
          "T99", "x", "r", "n", "p", "W/G", "C^7", "F-7", "(A7)", "<D.S. al Coda>", "<Fine>",
          "<9x>", "<D.C. al 2nd End.>", "   ", ",", "=", "===", "1r34LbKcu7", "irealb://", "%3D",
          '"', "\n")  # fmt: skip
_LEAD_SHEET = ("(", ")", "(meter 3 4)", "(key 9)", "(tempo 0)", "(part", "(type melody)", "c+4",
               "|", "(section (style bossa))", "NC", "/", "C\\D", "Dm7", "\n", ",,", "*a",
               "^C7..")  # fmt: skip
_ABC = ("|", "|:", ":|", "[CEG]", "(3", "z4", '"Am7"', "K:C", "M:6/8", "L:1/0", "^", "_", "'", ",",
        "/", "-", "{", "}", "X:2\n", "Q:1/4=0", "9999", "[1", "!", "\n")  # fmt: skip
_VALUE = ("C", "R,", ",", "0.500", "1/3", "/0", "<", ">", "<m2,P-4>", "<A4>", "P", "-", "T,", " ",
          "9" * 5000, "0" * 30, "1e9", "\u0663")  # fmt: skip
_KERN = ("4c", "*-", "*^", "*v", "\t", "\n", "=", ".", "00e", "4444f", "*M0/4", "*k[", "!!", "r",
         "[", "]", "_", "**kern", "&")  # fmt: skip
_XML = ("0", "-1", "99999999999", "1e9", "nan", "<", "/>", "&amp;", "<note>", "</note>", "<chord/>",
        "<rest/>", "<measure>", "C", "256", '"', "<dot/>", "start", "stop", "backward", "forward",
        "1, 2", "D.S. al Coda", "D.C. al Fine", "Fine", "To Coda", "dominant", "none", "3+2", "yes",
        "add", "alter", "subtract", "\u00e9\u202e", "7alt", "x" * 300)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """`cases` gives the contents that are mutated by one of `mutations`; `run` reads one in a
    folder of its own."""

    cases: Callable[[], list[bytes]]
    mutations: tuple[Mutation, ...]
    run: Callable[[bytes, Path], object]

    def case(self, rng: random.Random) -> bytes:
        return rng.choice(self.mutations)(rng.choice(self.cases()), rng)


def _used(tune: Tune, content: bytes) -> None:
    """Everything that is written of a tune; the slow ones for one case in eight."""
    grammar.encode(tune)
    jazz_grammar.encode(tune)
    midi_bytes(tune)
    if len(content) % 8 == 0:
        short = tune.excerpt(1, min(len(tune.bars), BARS))
        performance_bytes(perform(short))
        accompany(short, "swing", np.random.default_rng(0))
        piano_roll(short)
        musicxml(written_part(short, "Eb"))
        lead_sheet(short)
        sheet(written_part(short))


def _reads(suffix: str) -> Callable[[bytes, Path], None]:
    def run(content: bytes, folder: Path) -> None:
        path = folder / f"case{suffix}"
        path.write_bytes(content)
        _used(transcribe(path).tune, content)

    return run


@cache
def _midi() -> list[bytes]:
    excerpts = [midi_bytes(read_tune(path).excerpt(1, BARS)) for path in rags()]
    return [rags()[0].read_bytes(), *excerpts, *(c for c in bf.TUNES.values() if len(c) < 10_000)]


@cache
def _performances() -> list[bytes]:
    """A performance, with the score that it holds."""
    return [performance_bytes(perform(read_tune(rags()[0]).excerpt(1, 4)))]


def _musicxml() -> list[str]:
    """A lead sheet as this project writes it, and two with all that is read of MusicXML."""
    bars = (
        xml.words("Swing") + xml.harmony("D", "minor-seventh") + xml.note("A4", 2)
        + xml.harmony("G", "dominant", xml.degree(9, -1, "add")) + xml.note("B4", 2),
        xml.repeat("forward") + xml.sign("segno") + xml.note("C5", 2 / 3) * 3
        + xml.note("E5", 2, '<tie type="start"/>') + xml.words("To Coda"),
        xml.left(xml.ending("1")) + xml.note("E5", 4, '<tie type="stop"/>')
        + xml.repeat("backward", xml.ending("1", "stop")),
        xml.left(xml.ending("2")) + '<sound tempo="140"/>' + xml.note("R")
        + xml.words("D.S. al Coda"),
        xml.sign("coda") + xml.harmony("C", "none") + xml.note("C5", 2)
        + xml.note("E5", 2, "<chord/>"),
    )  # fmt: skip
    transposed = "<key><fifths>2</fifths></key><transpose><chromatic>-2</chromatic></transpose>"
    once = xml.part(*bars[:1], xml.note("F5", 4, "<lyric><text>moon</text></lyric>"),
                    attributes=transposed + xml.COMMON)  # fmt: skip
    written = musicxml(written_part(read_tune(rags()[0]).excerpt(1, 4)))
    return [xml.sheet(xml.part(*bars)), xml.sheet(once), written]


@cache
def _archives() -> list[bytes]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", '<rootfile full-path="sheet.xml"/>')
        archive.writestr("sheet.xml", _musicxml()[0])
    return [content.getvalue()]


@cache
def _sheets(suffix: str) -> list[bytes]:
    """Sheet music that is accepted as it is."""
    if suffix == ".musicxml":
        return [bf.SHEETS[suffix].encode(), *map(str.encode, _musicxml())]
    if suffix == ".krn":
        return [bf.SHEETS[suffix].encode()]
    lead_sheet_abc = corpus_file("leadSheet/fosterBrownHair").read_bytes()
    return [bf.SHEETS[".abc"].encode(), lead_sheet_abc] if suffix == ".abc" else []


@cache
def _small_model() -> DjModel:
    return load(pretrained_model("ragtime"))


def _use_model(path: Path) -> None:
    """All that a command does with a model."""
    model = load(path)
    _ = model.identity
    detector = CopyDetector.of(model)
    for solo in generate_solos(model, GenerationConfig(bars=2), 2):
        midi_bytes(solo.tune)
        for representation in REPRESENTATIONS:
            detector.copied(solo, representation)
            detector.copied(model.tunes[0], representation)
    improvise(model, model.changes[0].excerpt(1, 1), max_copy=3)


def _model_entry(content: bytes, folder: Path) -> None:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights.safetensors", Made.whole().weights())
        archive.writestr("seqmodel.json", content)
    _use_model(path)


def _model_bytes(content: bytes, folder: Path) -> None:
    path = folder / "model.keras"
    path.write_bytes(content)
    _use_model(path)


@cache
def _model_files() -> list[bytes]:
    path = Path("model.keras").absolute()
    content = Made.whole().write(path).read_bytes()
    path.unlink()
    return [content]


@cache
def _solo_texts() -> list[bytes]:
    said = {"made by": "djmodel", "format": 1, "solo": 2, "files": {}, "versions": {"numpy": "2"}}
    settings = [
        {"changes": "C | G7", "seed": 0},
        {"seed": 3, "bars": 2, "temperature": 0.5, "max_copy": 4, "tempo": 90.0},
        {"seed": 1, "bars": 1, "primer_values": "C,0.500", "style": "bossa", "top_k": 3},
    ]
    identity = _small_model().identity
    return [json.dumps({**said, "settings": s, "model": identity}).encode() for s in settings]


def _solo(content: bytes, folder: Path) -> None:
    path, tune = folder / "solo.mid", parse_changes("C | G7")
    path.write_bytes(midi_bytes(tune, content.decode("utf-8", "replace")))
    solo_in(path, _small_model())
    read_provenance(path)


@cache
def _checkpoints() -> list[bytes]:
    folder = Path("checkpoint")
    state = {"weights": np.ones(5, np.float32), "step": np.array(3)}
    with training_in(folder) as checkpoints:
        epoch = EpochMetrics(1, 2.0, 0.5, 1.0)
        checkpoints.write(Checkpoint((epoch,), state, state, 1), {"engine": "numpy", "seed": 0})
        content = checkpoints.path.read_bytes()
        checkpoints.remove()
    return [content]


def _resume(content: bytes, folder: Path) -> None:
    (folder / NAME).write_bytes(content)
    with training_in(folder, resume=True) as checkpoints:
        checkpoints.engine()
        checkpoints.start({"engine": "numpy", "seed": 0})


@cache
def _corpora() -> list[bytes]:
    folder = Path("corpus")
    build(rags()[:2], folder, PoolConfig(jobs=1))
    return [(folder / FILE).read_bytes()]


def _corpus(content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    corpus = Corpus(folder)
    for row in range(len(corpus)):
        corpus.indices(row)
        if corpus.lengths[row]:
            corpus.ticks_in_bars(row)
            corpus.conditioning([Span(row, 0, 1)], corpus.bar_positions, 0)
    corpus.tunes(10)
    for name in ("source", "result", "title"):
        list(corpus.column(name))


def _chart(content: bytes, _: Path) -> None:
    tune = parse_changes(content.decode("utf-8", "replace"))
    _used(
        accompany(tune.excerpt(1, min(4, len(tune.bars))), "swing", np.random.default_rng(0)),
        content,
    )


def _chart_file(content: bytes, folder: Path) -> None:
    path = folder / "chart.txt"
    path.write_bytes(content)
    _used(read_changes(path).excerpt(1, 1), content)


def _chart_files() -> list[bytes]:
    text = "Key: F\nTempo: 140\n|: F7 | B♭7 :| x2\nC7sus4 | %"
    return [text.encode(each) for each in ("utf-8", "utf-8-sig", "utf-16")] + [b"F7 \xa6 C7"]


def _charts() -> list[bytes]:
    charts = ("Dm7 | G7 | Cmaj7 | %", "[Dm7 | G7] x2 | C / / G7", "|: C7 | F7 :| C7 x4 | N.C.",
              "blues-in-F", "rhythm-changes")  # fmt: skip
    return [chart.encode() for chart in charts]


def _link(content: bytes, _: Path) -> None:
    """All songs of a text with links, and their links again."""
    playlist = read_playlist(f"irealbook://{content.decode('utf-8', 'replace')}")
    for song in playlist.songs:
        if isinstance(song, Song):
            chart = chart_of_song(song)
            again = song_of_chart(chart).song
            assert [bar.meter for bar in chart_of_song(again).bars] == [b.meter for b in chart.bars]
            _used(chart.played(2).excerpt(1, 1), content)


def _links() -> list[bytes]:
    music = (
        "[*iT44C   ]{*AC^7   |A-7,D7,|N1G7   }|N2C6 (A7) ]Z",
        "[*AT34SD-7   | x  |G7   Q|   r|    |C<D.S. al Coda>   ]Y[QT12C,n,U,W/G,|E7alt   Z",
        "{C   |F   <3x>}|G7   <Fine>|sA-7,Ah7,lD7b9<D.C. al Fine>   Z",
    )
    songs = [Song(f"Song {n}", text, "Ada Muster", "Swing", "Eb") for n, text in enumerate(music)]
    plain = ["=".join((s.title, s.composer, s.style, s.key, "n", s.music)) for s in songs]
    scrambled = [unquote(link_of(songs)), link_of(songs[:1])]
    return [
        text.removeprefix("irealb://").encode() for text in (*plain, "=".join(plain), *scrambled)
    ]


def _lead_sheets() -> list[bytes]:
    sheet = (
        "(title A Waltz)\n(meter 3 4)\n(key -1)\n(tempo 160.0)\n(part\n    (type chords)\n)\n"
        "(section (style waltz))\nFM7 | Am7b5 D7 | / | NC |\n(part\n    (type melody)\n)\nc+4 r2\n"
    )
    typed = "*a C,,F,G7 Am7,D7 Dm7... ^G7\n*b CJ C5b"
    return [sheet.encode(), typed.encode()]


@cache
def _jazz_solos() -> list[bytes]:
    bundle = rags()[0].parents[1] / "wjazzd" / "solos.jsonl.gz"
    with gzip.open(bundle) as lines:
        return [lines.readline(), *(lines.readline() for _ in range(3))]


def _jazz_solo(content: bytes, folder: Path) -> None:
    path = folder / "solos.jsonl.gz"
    header = _jazz_solos()[0]
    path.write_bytes(gzip.compress(header + content, 1))
    for result in read_tunes([path], strict=True).results:
        if result.tune is not None:
            _used(result.tune, content)


def _database(content: bytes, folder: Path) -> None:
    path = folder / "wjazzd.db"
    path.write_bytes(content)
    _solos_in(path, content)


def _tables(content: bytes, folder: Path) -> None:
    _solos_in(databases.write_tables(content, folder), content)


def _solos_in(path: Path, content: bytes) -> None:
    """Reads a database of solos, of which at least one must be whole."""
    read = read_tunes([path], strict=True)
    for result in read.results:
        if result.tune is not None:
            _used(result.tune, content)
    read.require_tunes()


@cache
def _cached() -> list[bytes]:
    return [json.dumps(tune_to_json(read_tune(rags()[0]).excerpt(1, 2))).encode()]


def _cache(content: bytes, folder: Path) -> None:
    """A file in the cache that is damaged is as good as none."""
    music, cache = folder / "a.mid", folder / "cache"
    music.write_bytes(bf.song())

    def tune() -> Tune:
        return cached_by_content(music, cache, (), parse, tune_to_json, tune_from_json)

    def parse() -> Tune:
        return parse_changes("C | F")

    tune()
    next(cache.iterdir()).write_bytes(content)
    _used(tune(), content)


@cache
def _name_models() -> list[bytes]:
    """A small model of names, not trained."""
    from dinos.names import vocabulary
    from dinos.training import KIND, Content, TrainingConfig

    names = ("anna", "hanna", "nan", "ann", "hana")
    known, config = vocabulary(names), TrainingConfig(n_a=3, context=2)
    automaton = name_automaton(known, [encode(name, known) for name in names], 2)
    V, shape = known.size, np.random.default_rng(0).normal
    arrays = (shape(size=s) for s in ((n_inputs(automaton), 3), (3, 3), (3,), (3, V), (V,)))
    weights = Weights("rnn", *(array.astype(np.float32) for array in arrays))
    path = Path("names.keras").absolute()
    save(path, None, ModelFile(KIND, weights, known, Content(config, False, names, ("hanan",))))
    content = path.read_bytes()
    path.unlink()
    return [content]


def _name_entries() -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(_name_models()[0])) as archive:
        return [archive.read(ENTRY)]


def _name_model(content: bytes, folder: Path) -> None:
    from dinos.generation import generate, load, spelled

    path = folder / "names.keras"
    with zipfile.ZipFile(io.BytesIO(_name_models()[0])) as whole, zipfile.ZipFile(path, "w") as to:
        to.writestr(WEIGHTS, whole.read(WEIGHTS))
        to.writestr(ENTRY, content)
    model = load(path)
    _ = model.identity
    for name in generate(model, count=5, max_length=20):
        spelled(name, model)
    generate(model, count=2, max_copy=3, max_length=20)


def _sound(content: bytes, folder: Path) -> None:
    path = folder / "case.mid"
    path.write_bytes(content)
    render(path)


def _soundfont(content: bytes, _: Path) -> None:
    try:
        as_sf2(content, {0}, {0})
    except (ValueError, LookupError, RuntimeError) as error:  # which audio reports as damage
        raise InputError(str(error)) from error


@cache
def _soundfonts() -> list[bytes]:
    return [default_soundfont().read_bytes()]


@cache
def _page() -> Any:
    from helpers.page_client import client  # needs the packages of the page

    return client()


def _posted(address: str, content: bytes, kind: str) -> None:
    """Sends content of a media type to the page's server."""
    answer = _page().post(address, content=content, headers={"content-type": kind})
    if answer.status_code >= 500:
        raise AssertionError(answer.text)
    if answer.status_code >= 400:
        raise InputError(answer.json()["error"]["message"])


def _sent(content: bytes, _: Path) -> None:
    """Sends a file to the page's server: a model, music, or changes."""
    addresses = {b"PK": "/models?name=a.keras", b"MT": "/tune?name=a.mid"}
    address = addresses.get(content[:2], "/tune?name=a.txt")
    _posted(address, content, "application/octet-stream")


@cache
def _requests() -> list[bytes]:
    """Requests that are answered, with their addresses. The model is small."""
    settings = {"model": "ragtime", "tempo": 120, "seed": 1, "style": "bossa", "choruses": 1}
    chart = {"changes": "Dm7 | G7", "settings": settings}
    melody = [[0, 1, 60], [1.5, 0.333333, 62], [3, 4, 64]]
    notes = [{"start": 0.1, "end": 0.9, "pitch": 60, "velocity": 80}, {"start": 1, "pitch": 64}]
    trade = {"by": "you", "bar": 1, "bars": 1, "melody": [[0, 1, 60]], "notes": notes[:1]}
    cases = {
        "/chart": [{"changes": "[A] Dm7 | G7 x2", "meter": "3/4", "transpose": 2}],
        "/solo": [chart, {**chart, "melody": melody}, {**chart, "before": {"melody": melody}}],
        "/answer": [
            {**chart, "bar": 3, "bars": 2, "played": {"unit": "seconds", "notes": notes}},
            {**chart, "bars": 1, "before": {"bars": 1, "melody": melody}},
        ],
        "/sheet": [{**chart, "melody": melody, "bars": 2}],
        "/export?format=midi": [
            {"title": "t", "choruses": [{**chart, "melody": melody, "trades": [trade]}]}
        ],
    }
    return [
        json.dumps({"address": address, "body": body}).encode()
        for address, bodies in cases.items()
        for body in bodies
    ]


def _request(content: bytes, _: Path) -> None:
    """Sends a request, whose address remains one of those of the protocol."""
    try:
        case = json.loads(content)
        address, body = str(case["address"]), case["body"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError("no request") from error
    if address not in {json.loads(known)["address"] for known in _requests()}:
        address = "/solo"
    _posted(address, json.dumps(body).encode(), "application/json")


def _primer(content: bytes, _: Path) -> None:
    """Reads a text as values, as bars and as a meter, of which it should be one."""
    text, refused = content.decode("utf-8", "replace"), 0
    for read in (_values, parse_bars, parse_meter):
        try:
            read(text)
        except InputError as error:
            refused += 1
            if refused == 3:
                raise InputError("neither values nor bars nor a meter") from error


def _values(text: str) -> None:
    values = [Value.parse(word) for word in text.split()]
    assert [Value.parse(str(value)) for value in values] == values


def _names(content: bytes, folder: Path) -> None:
    from dinos.names import read_names, split, vocabulary

    path = folder / "names.txt"
    path.write_bytes(content)
    names = read_names(path).names
    split(names, 0)
    vocabulary(names)


TARGETS: Mapping[str, Target] = {
    "midi": Target(_midi, (mutated_bytes, mutated_events), _reads(".mid")),
    "performance": Target(_performances, (mutated_bytes, mutated_events), _reads(".mid")),
    "musicxml": Target(lambda: _sheets(".musicxml"), (mutated_xml(_XML),), _reads(".musicxml")),
    "mxl": Target(_archives, (mutated_bytes,), _reads(".mxl")),
    "abc": Target(lambda: _sheets(".abc")[:1], (mutated_text(_ABC),), _reads(".abc")),
    "humdrum": Target(lambda: _sheets(".krn"), (mutated_text(_KERN),), _reads(".krn")),
    "jazz solos": Target(lambda: _jazz_solos()[1:], (mutated_json,), _jazz_solo),
    "solo database": Target(
        databases.databases, (mutated_bytes, databases.mutated_rows), _database
    ),
    "solo tables": Target(databases.tables, (mutated_text(databases.WORDS),), _tables),
    "cache": Target(_cached, (mutated_json,), _cache),
    "model of names": Target(_name_entries, (mutated_json,), _name_model),
    "charts": Target(_charts, (mutated_text(_CHART),), _chart),
    "chart file": Target(_chart_files, (mutated_bytes,), _chart_file),
    "iReal Pro": Target(_links, (mutated_text(_IREAL),), _link),
    "Impro-Visor": Target(_lead_sheets, (mutated_text(_LEAD_SHEET),), _chart),
    "primer": Target(
        lambda: [b"C,0.500 S,0.250,<m2,P-4>", b"R,1/3 X,1.000,<M3>", b"9:16", b"6/8"],
        (mutated_text(_VALUE),),
        _primer,
    ),
    "model entry": Target(
        lambda: [json.dumps(Made.whole().entry).encode()], (mutated_json,), _model_entry
    ),
    "model file": Target(_model_files, (mutated_bytes,), _model_bytes),
    "solo": Target(_solo_texts, (mutated_json,), _solo),
    "checkpoint": Target(_checkpoints, (mutated_bytes,), _resume),
    "corpus": Target(_corpora, (mutated_bytes,), _corpus),
    "sound": Target(
        lambda: [bf.song(), *bf.TUNES.values()][:8], (mutated_bytes, mutated_events), _sound
    ),
    "SoundFont": Target(_soundfonts, (mutated_bytes,), _soundfont),
    "requests": Target(_requests, (mutated_json,), _request),
    "files sent": Target(
        lambda: [_midi()[1], *_chart_files()[:1], *_model_files()], (mutated_bytes,), _sent
    ),
    "names": Target(lambda: ["Ada\nBo\nŻółw\n名前\n".encode()], (mutated_bytes,), _names),
}
