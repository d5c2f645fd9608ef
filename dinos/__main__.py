"""`dinos` or `python -m dinos`: one program with a command for each task."""

from seqmodel.command_line.about import Program
from seqmodel.interrupts import silent_interrupt

PROGRAM = Program(
    name="dinos",
    summary="Invent names with a small network, one character at a time.",
    commands={
        "Names": {
            "generate": "Generate names with a trained model.",
            "train": "Train a model on your list of names.",
        },
    },
    first=("dinos generate", "It prints ten new dinosaurs."),
    examples=(
        "dinos generate --count 5 --start tyr --new",
        "dinos train names.txt --out runs/mine",
        "dinos generate runs/mine/model.keras --temperature 0.8",
    ),
)


def main() -> None:
    with silent_interrupt():
        from seqmodel.command_line.program import run_program
    run_program(PROGRAM)


if __name__ == "__main__":
    main()
