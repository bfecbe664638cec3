"""The `compass` command."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from compass.cli import (
    bench,
    bootstrap,
    compare,
    demo,
    demos,
    doctor,
    evaluate,
    evolve,
    inspect,
    prompts,
    replay,
    scenarios,
    serve_model,
    serve_sc2,
    skills,
    train,
    view,
)
from compass.errors import InputError
from compass.evaluate.manifest import installed_version

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"compass {installed_version('compass-smac') or '(not installed)'}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Decentralised agents fight StarCraft II skirmishes; the evaluator says how often they win."""


app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate_command)
app.command("compare")(compare.compare)
app.command("train")(train.train_command)
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(skills.app, name="skills")
app.add_typer(prompts.app, name="prompts")
app.add_typer(demos.app, name="demos")
app.command("bootstrap")(bootstrap.bootstrap)
app.command("evolve")(evolve.evolve_command)
app.command("view")(view.view)
app.command("inspect")(inspect.inspect)
app.command("replay")(replay.replay_command)
app.command("bench")(bench.bench)
app.command("serve-model")(serve_model.serve_model)
app.command("doctor")(doctor.doctor)
app.command("serve-sc2")(serve_sc2.serve_sc2)


def main() -> None:
    """Run one command. Bad input ends with one line on stderr and exit code 2; a bug of ours raises as it is."""
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        sys.exit(_complain(str(error)))
    except TyperException as error:
        message = error.format_message()
        sys.exit(_complain(f"{message} (see --help)") if message else 2)  # no message: help has been printed
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what waits there would fail once more at exit
        sys.exit(1 if error.errno == errno.EPIPE else _complain(f"cannot write: {error.strerror}; make room"))
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> int:
    print(f"compass: {' '.join(message.split())}", file=sys.stderr)
    return 2
