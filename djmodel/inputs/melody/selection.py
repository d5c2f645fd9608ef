"""Selection of parts: the melody and the parts that carry the harmony, named by the user or chosen
by their scores."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from djmodel.inputs.limits import no_deadline
from djmodel.inputs.melody.features import Features, PartMeasurements
from djmodel.inputs.melody.leads import Lead, find_leads, margins, notes_of
from djmodel.inputs.melody.line import divide, doubles, legato, skyline
from djmodel.inputs.melody.scores import Margin, PartRole, is_drums, role_with_reason, score_parts
from djmodel.inputs.quantization import GridNote, as_notes, quarters_to_steps
from djmodel.inputs.score import Measure, Score, ScorePart
from djmodel.music.tune import Instrument, Note, Part
from seqmodel.errors import CorpusError
from seqmodel.text import first_of, pluralize

Selection = str | int | Sequence[str | int]
"""One part or several: a name, a number counted from 1, or a list of them ("Piano,Bass")."""

_MIN_HARMONY_SCORE = 0.5  # of a part that carries harmony
_BASS_BELOW = 57  # the mean of the lowest notes of a left hand
_MIN_NOTES = 2
_BARS_NAMED = 6  # passages of a part that leads by turns
_MIN_PITCH_CLASSES = 3  # of a lone melody, to infer chords from


@dataclass(frozen=True)
class ChosenParts:
    """The role of every part, the melody as one line, and the parts that accompany it.
    `lone_melody`: without accompaniment, so that chords must be inferred. `leads`: the parts that
    have the melody, in turns, or together throughout where the user names several."""

    roles: tuple[PartRole, ...]
    line: tuple[GridNote, ...]
    instrument: Instrument
    accompaniment: tuple[Part, ...]
    lone_melody: bool = False
    leads: tuple[Lead, ...] = ()

    def explanation(self, measures: Sequence[Measure]) -> str:
        """The choice of the melody in one line: each part that leads, the bars in which it does,
        counted from 1, where there are several, and its distance to the next best part there, in
        points of 100."""
        by_part: dict[ScorePart, list[Lead]] = {}
        for lead in self.leads:
            by_part.setdefault(lead.part, []).append(lead)
        margins = {role.part: role.margin for role in self.roles}
        told = []
        for part, leads in by_part.items():
            where = f" in {_bars(leads, measures)}" if len(self.leads) > len(leads) else ""
            told.append(f"{_label(part)}{where}{_distance(margins[part])}")
        return "; ".join(told)

    @cached_property
    def melody(self) -> tuple[Note, ...]:
        """The line as notes; onsets count from the start of the score."""
        return as_notes(self.line)

    @property
    def has_band(self) -> bool:
        """True if more than one part accompanies the melody, drums apart."""
        return sum(not part.drums for part in self.accompaniment) > 1

    @property
    def harmony_notes(self) -> tuple[Note, ...]:
        """All notes of the accompaniment; of a lone melody, its own."""
        if self.lone_melody:
            return self.melody
        pitched = (part for part in self.accompaniment if not part.drums)
        return tuple(note for part in pitched for note in part.notes)


def choose_parts(
    score: Score,
    melody: Selection | None = None,
    chords: Selection | None = None,
    path: str | Path | None = None,
    check: Callable[[], None] = no_deadline,
) -> ChosenParts:
    """The parts named by the user, and those with the best scores where they name none. Errors name
    the file at `path`. `check` is called now and then and may end the work by raising.

    Raises CorpusError for a named part that does not exist, and for music without a melody or
    without notes to recognize chords in.
    """
    path = path or score.title
    asked_melody = select(score, melody, path) if melody is not None else ()
    asked_chords = select(score, chords, path) if chords is not None else ()
    asked = {part.number for part in asked_melody + asked_chords}
    pitched = [part for part in score.parts if part.number in asked or not is_drums(part)]
    if not pitched:
        message = "the music has drums only, and no melody"
        raise CorpusError(message, path=path, hint="choose another file")
    measurements = PartMeasurements(pitched, score)
    scores = score_parts(pitched, measurements)

    candidates = [part for part in pitched if part not in asked_chords] or pitched
    if asked_melody:
        leads = tuple(Lead(part, 0, quarters_to_steps(score.length)) for part in asked_melody)
    else:
        leads = find_leads(candidates, scores, measurements, check)
    leading = tuple(dict.fromkeys(lead.part for lead in leads))
    turns = [_together(leads)] if asked_melody else [notes_of(lead) for lead in leads]
    together = tuple(note for turn in turns for note in turn)
    others = [part for part in pitched if part not in leading and part.number not in asked]
    doubling = [part for part in others if doubles(part, together)]
    others = [part for part in others if part not in doubling]
    carrying = asked_chords
    if chords is None:
        able = [part for part in others if scores[part.number].as_harmony >= _MIN_HARMONY_SCORE]
        carrying = tuple(able or others)

    accompanying = [part for part in carrying if part not in leading]
    accompaniment = [Part(part.instrument, part.notes) for part in accompanying]
    divided = not (accompanying or score.symbols) or any(
        part in carrying or (chords is None and _two_hands(scores[part.number].features))
        for part in leading
    )
    lines = [divide(turn) if divided else (skyline(turn), ()) for turn in turns]
    line = tuple(note for own, _ in lines for note in own)
    rest = tuple(note for _, own in lines for note in own)
    if rest:
        accompaniment.insert(0, Part(leading[0].instrument, as_notes(rest)))
    if chords is None:
        accompaniment += [
            Part(part.instrument, as_notes(behind))
            for part in leading
            if scores[part.number].as_harmony >= _MIN_HARMONY_SCORE
            and (behind := _while_others_lead(part, leads))
        ]
    _check(line, accompaniment, path, symbols=bool(score.symbols))
    lone_melody = not accompaniment
    if chords is None:
        drums = (part for part in score.parts if part.drums and part.number not in asked)
        accompaniment += [Part(part.instrument, part.notes, drums=True) for part in drums]

    roles = {part.number: "harmony" for part in carrying}
    roles |= {part.number: "doubles the melody" for part in doubling}
    roles |= {part.number: "melody and harmony" if rest else "melody" for part in leading}
    ahead = {}
    if not asked_melody:
        compared = [part for part in candidates if part not in doubling]
        ahead = margins(leads, compared, scores, measurements)
    return ChosenParts(
        roles=tuple(role_with_reason(part, roles, scores, asked, ahead) for part in score.parts),
        line=legato(line, is_exact=score.quantization.is_exact),
        instrument=max(leading, key=lambda part: _notes_led(part, leads)).instrument,
        accompaniment=tuple(accompaniment),
        lone_melody=lone_melody,
        leads=leads,
    )


def _label(part: ScorePart) -> str:
    """A part by number and name; by its name alone where that has the number, as `Track 2`."""
    named = str(part.number) in part.name.split()
    return part.name if named else f"{part.number} {part.name}".rstrip()


def _distance(margin: Margin | None) -> str:
    """A margin in words, such as `, 12 points ahead of 2 Piano`; nothing without a rival."""
    if margin is None:
        return ""
    points = round(margin.ahead * 100)
    place = "ahead of" if points >= 0 else "behind"
    return f", {pluralize(abs(points), 'point')} {place} {_label(margin.rival)}"


def _bars(leads: Sequence[Lead], measures: Sequence[Measure]) -> str:
    """The bars of leads in words, such as `bars 1-8, 17-24`; a pickup belongs to its phrase."""
    edges = [quarters_to_steps(measure.onset) for measure in measures]
    spans = [(bisect_left(edges, o.start) + 1, bisect_left(edges, o.end)) for o in leads]
    bars = [f"{first}-{last}" if last > first else f"{first}" for first, last in spans]
    word = "bar" if len(bars) == 1 and bars[0].isdecimal() else "bars"
    return f"{word} {first_of(bars, _BARS_NAMED)}"


def _two_hands(features: Features) -> bool:
    """True for a part with a bass below its melody, as a piano may have in a band."""
    return features.low_pitch < _BASS_BELOW and features.top_pitch - features.low_pitch >= 12


def _together(leads: Sequence[Lead]) -> tuple[GridNote, ...]:
    """The notes of parts that have the melody together, in the order of onsets."""
    if len(leads) == 1:
        return leads[0].part.grid_notes
    return tuple(sorted(note for lead in leads for note in lead.part.grid_notes))


def _notes_led(part: ScorePart, leads: Sequence[Lead]) -> int:
    """The number of notes of a part while it leads."""
    return sum(len(notes_of(lead)) for lead in leads if lead.part is part)


def _while_others_lead(part: ScorePart, leads: Sequence[Lead]) -> tuple[GridNote, ...]:
    """The notes that a part plays while others have the melody."""
    own = {note for lead in leads if lead.part is part for note in notes_of(lead)}
    led = {(note.start, note.pitch) for note in own}
    return tuple(note for note in part.grid_notes if (note.start, note.pitch) not in led)


def _check(
    line: Sequence[GridNote], accompaniment: Sequence[Part], path: str | Path, *, symbols: bool
) -> None:
    hint = "choose another file or other parts"
    if len(line) < _MIN_NOTES:
        notes = "only one note" if line else "no note above the accompaniment"
        raise CorpusError(f"the melody has {notes}", path=path, hint=hint)
    classes = {note.pitch % 12 for note in line}
    if not accompaniment and not symbols and len(classes) < _MIN_PITCH_CLASSES:
        message = (
            "no part has chords, and a melody of "
            f"{pluralize(len(classes), 'pitch class', 'pitch classes')} is too little to infer them"
        )
        raise CorpusError(message, path=path, hint=hint)


def select(score: Score, selection: Selection, path: str | Path) -> tuple[ScorePart, ...]:
    """The parts that a user names: by number, by whole name, or by the beginning of one, in upper
    or lower case. Raises CorpusError for a name that fits none."""
    if isinstance(selection, int):
        wanted: list[str] = [str(selection)]
    elif isinstance(selection, str):
        whole = _named(score, selection)
        wanted = [selection] if whole else [word for word in selection.split(",") if word.strip()]
    else:
        wanted = [str(word) for word in selection]
    chosen: list[ScorePart] = []
    for word in wanted:
        found = _named(score, word)
        if not found:
            labels = ", ".join(f"{part.number} ({part.name})" for part in score.parts)
            message = f"no part is named {word.strip()!r}; the parts are {labels}"
            raise CorpusError(message, path=path, hint="name one of these, or its number")
        chosen += [part for part in found if part not in chosen]
    if not chosen:
        raise CorpusError("the name of a part is empty", path=path)
    return tuple(chosen)


def _named(score: Score, word: str) -> list[ScorePart]:
    word = " ".join(word.split()).lower()
    names = {part: " ".join(part.name.split()).lower() for part in score.parts}
    if whole := [part for part, name in names.items() if name == word]:
        return whole
    if word.isdigit():
        return [part for part in score.parts if part.number == int(word)]
    return [part for part, name in names.items() if word and name.startswith(word)]
