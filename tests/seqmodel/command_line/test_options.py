"""Options of a command, from its settings and configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from seqmodel.command_line.options import Options, with_options
from seqmodel.errors import InputError
from seqmodel.settings import Setting, SettingError, check_settings


@dataclass(frozen=True)
class Rhythm:
    swing: Annotated[float, Setting("Share of the first eighth.", minimum=0.5, maximum=1)] = 0.5

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Band:
    """A band that plays."""

    size: Annotated[int, Setting("Players.", "Band", option="players", minimum=1)] = 4
    leader: Annotated[str | None, Setting("Its leader.", "Band", default="nobody")] = None
    instruments: Annotated[tuple[str, ...], Setting("Instruments.", "Band")] = ()
    rhythm: Rhythm = Rhythm()

    def __post_init__(self) -> None:
        check_settings(self)
        if self.leader and self.size == 1:
            raise SettingError("a soloist has no leader", "leader", "size", hint="leave one out")


BANDS = {"trio": Band(3), "quintet": Band(5, rhythm=Rhythm(0.66))}


def run(command, *words):
    """Runs a command; raises what it raises."""
    app = typer.Typer()
    app.command()(with_options(command))
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_configuration_has_an_option_for_each_setting_nested_ones_included():
    made = []

    def command(band: Band = Band(), out: Annotated[Path, Setting("File.")] = Path("a")) -> None:
        made.append((band, out))

    run(command)
    run(
        command, "--players", "2", "--swing", "0.6", "--instruments", "sax", "--instruments", "oboe"
    )
    assert made == [
        (Band(), Path("a")),
        (Band(2, instruments=("sax", "oboe"), rhythm=Rhythm(0.6)), Path("a")),
    ]


def test_a_command_may_offer_some_of_the_settings():
    def command(band: Annotated[Band, Options(("size",))] = Band(7)) -> None:
        assert band == Band(8)

    assert run(command, "--players", "8").exit_code == 0
    assert run(command, "--swing", "0.6").exit_code == 2
    assert list(signature(with_options(command)).parameters) == ["size"]


def test_other_options_change_the_preset_that_is_chosen():
    made = []

    def command(band: Annotated[Band, Options(presets=BANDS)] = BANDS["trio"]) -> None:
        made.append(band)

    run(command, "--preset", "quintet", "--players", "6")
    run(command)
    assert made == [Band(6, rhythm=Rhythm(0.66)), Band(3)]
    with pytest.raises(InputError, match="--preset must be trio or quintet, not 'duo'"):
        run(command, "--preset", "duo")


def test_a_command_that_chooses_the_preset_gets_all_of_them():
    made = []

    def command(bands: Annotated[Mapping[str, Band], Options(presets=BANDS)] = BANDS) -> None:
        made.append(bands)

    run(command)
    run(command, "--players", "6")
    run(command, "--preset", "trio", "--swing", "0.6")
    assert made == [
        BANDS,
        {"trio": Band(6), "quintet": Band(6, rhythm=Rhythm(0.66))},
        {"trio": Band(3, rhythm=Rhythm(0.6))},
    ]
    with pytest.raises(InputError, match="--preset must be auto, trio or quintet, not 'duo'"):
        run(command, "--preset", "duo")
    shown = " ".join(run(command, "--help").output.replace("│", "").split())
    assert "auto|trio|quintet" in shown
    assert "[default: auto]" in shown
    assert "--players N" in shown


def test_the_help_shows_panels_and_defaults():
    def command(band: Annotated[Band, Options(presets=BANDS)] = BANDS["trio"]) -> None: ...

    shown = " ".join(run(command, "--help").output.split())
    for text in ("Band", "--players", "[default: trio 3, quintet 5]", "[default: nobody]"):
        assert text in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--players", "0"], "--players must be at least 1, not 0"),
        (["--swing", "2"], "--swing must be at least 0.5 and at most 1, not 2.0"),
        (
            ["--players", "1", "--leader", "Duke"],
            "a soloist has no leader; leave one out (--leader, --players)",
        ),
    ],
)
def test_an_error_names_the_options_that_it_is_about(words, message):
    def command(band: Band = Band()) -> None: ...

    with pytest.raises(InputError) as refused:
        run(command, *words)
    assert str(refused.value) == message
