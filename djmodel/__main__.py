"""`djmodel` or `python -m djmodel`: one program with a command for each task."""

from seqmodel.command_line.about import Program
from seqmodel.interrupts import silent_interrupt

PROGRAM = Program(
    name="djmodel",
    summary="Improvise over any chord changes, with a small network trained on your music.",
    commands={
        "Music": {
            "play": "Improvise with you, on a page in the browser.",
            "generate": "Improvise over chord changes, or over the chords of a tune.",
            "render": "Turn a MIDI file into sound.",
            "inspect": "Show how a file of music, or a chord chart, is read.",
        },
        "Models": {
            "train": "Train a model on your music.",
            "evaluate": "Measure a model on unseen music, and find what a solo copies.",
            "report": "Compare solos with the training music, on a page to listen to.",
            "corpus": "Read many files into one corpus on disk: build, info.",
        },
    },
    first=(
        'djmodel generate --changes "Dm7 | G7 | Cmaj7 | %" --html solo.html',
        "It writes solo.mid, and a page that plays the solo in a browser.",
    ),
    examples=(
        'djmodel generate --changes "Dm7 | G7 | Cmaj7 | %" --html solo.html',
        "djmodel train my-music/ --out runs/mine",
        "djmodel generate runs/mine/model.keras --changes blues-in-F --wav",
    ),
)


def main() -> None:
    with silent_interrupt():
        from seqmodel.command_line.program import run_program
    run_program(PROGRAM)


if __name__ == "__main__":
    main()
