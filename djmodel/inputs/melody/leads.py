"""Leads: which part has the melody in each bar. Mostly one part has it throughout; in some music
another one takes over in the chorus, or two play in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from djmodel.inputs.limits import no_deadline
from djmodel.inputs.melody.features import PHRASE_REST, PartMeasurements
from djmodel.inputs.melody.scores import Margin, PartScores, melody_scores
from djmodel.inputs.quantization import GridNote, Steps
from djmodel.inputs.score import ScorePart

_IN_REACH = 0.28  # of the best score; a lead further below is worse than a rest
_WORTH = 0.55  # a lead below this score is worse than a rest, too
_RIVALS = 8  # parts between which the lead may change, at most
_BARS_AROUND = 1  # before and after a bar, by whose music its lead is judged
_WHOLE = 0.6  # weight of the score over the whole music beside that of these bars
_PRESENT = 0.5  # share of the beats of a bar from which a part plays in it; a melody breathes
_TAKEOVER = 0.1  # cost of another part's taking over the lead
_FILLS = 1.0  # share by which it is higher for a part that always plays beside the best


class Lead(NamedTuple):
    """A part that has the melody from `start` to `end`, in grid steps from the start of the
    score."""

    part: ScorePart
    start: Steps
    end: Steps


def find_leads(
    parts: Sequence[ScorePart],
    scores: dict[int, PartScores],
    measurements: PartMeasurements,
    check: Callable[[], None] = no_deadline,
) -> tuple[Lead, ...]:
    """The leads of a score, in the order in which they play. Scores of a few bars decide, where
    every change of the lead has a cost: so the fills between the phrases of a singer are left out,
    and a solo of eight bars is not. `check` is called now and then and may end the work by raising.
    """
    ranked = sorted(parts, key=lambda part: -scores[part.number].as_melody)
    best = scores[ranked[0].number].as_melody
    least = min(best, max(best - _IN_REACH, _WORTH))
    rivals = [part for part in ranked[:_RIVALS] if scores[part.number].as_melody >= least]
    edges = measurements.edges
    end = edges[-1]
    if len(rivals) == 1:
        return (Lead(rivals[0], 0, end),)
    present = [
        [min(measurements.presence(part, bar) / _PRESENT, 1.0) for part in rivals]
        for bar in range(len(edges) - 1)
    ]
    worth = _worth_by_bar(rivals, scores, measurements, least, present, check)
    leads: list[Lead] = []
    for bar, number in enumerate(_best_path(worth, present)):
        if not leads or rivals[number] is not leads[-1].part:
            start = _entry(rivals[number], leads[-1].part, edges, bar) if leads else 0
            leads.append(Lead(rivals[number], start, end))
    return tuple(
        lead._replace(end=after.start)
        for lead, after in zip(leads, [*leads[1:], Lead(leads[-1].part, end, end)], strict=True)
    )


def _worth_by_bar(
    rivals: Sequence[ScorePart],
    scores: dict[int, PartScores],
    measurements: PartMeasurements,
    least: float,
    present: Sequence[Sequence[float]],
    check: Callable[[], None],
) -> list[list[float]]:
    """The worth of each rival as the lead of each bar `(bars, rivals)`: its score there above the
    `least` of a lead, as far as it is `present`; 0 where it rests."""
    worth = []
    edges = measurements.edges
    for bar in range(len(edges) - 1):
        check()
        start = edges[max(bar - _BARS_AROUND, 0)]
        end = edges[min(bar + _BARS_AROUND + 1, len(edges) - 1)]
        around = melody_scores(rivals, scores, measurements, start, end)
        row = []
        for part, there in zip(rivals, present[bar], strict=True):
            own = (1 - _WHOLE) * around.get(part.number, least)
            own += _WHOLE * scores[part.number].as_melody
            row.append(there * (own - least))
        worth.append(row)
    return worth


def _best_path(worth: Sequence[Sequence[float]], present: Sequence[Sequence[float]]) -> list[int]:
    """The lead of each bar, as an index among the rivals, of which the first is the best: the path
    of greatest worth less the cost of its changes, by Viterbi's algorithm, but that each change
    leaves the best path so far. While all rest, a change comes last. A part that mostly plays
    beside the best takes over at a higher cost while the lead rests: it fills the rest, as it
    accompanies elsewhere."""
    columns = [*zip(*present, strict=True)]
    beside = [sum(map(min, columns[0], column)) / max(sum(column), 1.0) for column in columns]
    fills = [0.0, *(_FILLS * share for share in beside[1:])]
    totals = list(worth[0])
    backpointers = []
    for row, there in zip(worth[1:], present[1:], strict=True):
        leader = max(range(len(totals)), key=totals.__getitem__)
        rests = 1 - there[leader]
        switched = [totals[leader] - _TAKEOVER * (1 + fill * rests) for fill in fills]
        came_from = [
            own if total > after else leader
            for own, (total, after) in enumerate(zip(totals, switched, strict=True))
        ]
        backpointers.append(came_from)
        totals = [
            max(total, after) + gain
            for total, after, gain in zip(totals, switched, row, strict=True)
        ]
    path = [max(range(len(totals)), key=totals.__getitem__)]
    for came_from in reversed(backpointers):
        path.append(came_from[path[-1]])
    return path[::-1]


def _entry(part: ScorePart, before: ScorePart, edges: Sequence[Steps], bar: int) -> Steps:
    """The time at which `part` takes over from the part `before` it, about the start of a bar: with
    the pickup of its phrase, if the other part has no note to begin there; or after the last notes
    of the other part, if its own phrase begins later in the bar."""
    line = edges[bar]
    own = [note for note in part.grid_notes if edges[bar - 1] <= note.start < edges[bar + 1]]
    other = [note.start for note in before.grid_notes if edges[bar - 1] <= note.start < line]
    entry = next((note.start for note in own if note.start >= line), line)
    ends = dict.fromkeys([note.start for note in own], 0)
    for note in own:
        ends[note.start] = max(ends[note.start], note.end)
    for start in sorted(ends, reverse=True):
        joined = ends[start] > entry - PHRASE_REST
        if start < line and joined and not any(onset >= start for onset in other):
            entry = start
        elif start < line:
            break
    return entry


def notes_of(lead: Lead) -> tuple[GridNote, ...]:
    """The notes of a lead, which end at its end."""
    within = (note for note in lead.part.grid_notes if lead.start <= note.start < lead.end)
    return tuple(
        note if note.end <= lead.end else note._replace(end=int(lead.end)) for note in within
    )


def margins(
    leads: Sequence[Lead],
    parts: Sequence[ScorePart],
    scores: dict[int, PartScores],
    measurements: PartMeasurements,
) -> dict[int, Margin]:
    """For each part that leads, by its number, its distance to the best of the other `parts`, over
    the time in which it leads."""
    totals: dict[int, dict[int, float]] = {}
    for lead in leads:
        of_lead = totals.setdefault(lead.part.number, {})
        local = melody_scores(parts, scores, measurements, lead.start, lead.end)
        for number, score in local.items():
            of_lead[number] = of_lead.get(number, 0.0) + score * float(lead.end - lead.start)
    by_number = {}
    for number, of_lead in totals.items():
        length = sum(float(o.end - o.start) for o in leads if o.part.number == number)
        rivals = [part for part in parts if part.number in of_lead and part.number != number]
        if rivals:
            rival = max(rivals, key=lambda part: of_lead[part.number])
            ahead = (of_lead.get(number, 0.0) - of_lead[rival.number]) / length
            by_number[number] = Margin(rival, ahead)
    return by_number
