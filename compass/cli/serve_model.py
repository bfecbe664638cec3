"""`compass serve-model`."""

from __future__ import annotations

import math
import sys
import threading
from typing import Annotated

import typer

from compass.cli.output import Json, print_json
from compass.errors import InputError


def serve_model(
    port: Annotated[int | None, typer.Option(help="The port to listen on; a free one if not given, or 0.")] = None,
    latency: Annotated[float, typer.Option(help="Seconds that every answer takes.")] = 0.0,
    json: Json = False,
) -> None:
    """Stand where a model's server stands: answer COMPASS's prompts by rules, to try everything without a model or a key.

    Serves this machine only, until Ctrl-C. Its answers are read from the text alone: plans are the scripted planner's, skills are
    made of tactic fragments.
    """
    from compass.bench.scripted_model import NAME, ScriptedModel

    if not (math.isfinite(latency) and 0.0 <= latency <= threading.TIMEOUT_MAX):
        raise InputError(f"--latency is {latency}; give a number of seconds, 0 or more")
    with ScriptedModel(port or 0, latency) as server:
        if json:
            print_json({"base_url": server.base_url, "model": NAME})
        else:
            print(f"the scripted model listens; to use it: --model {NAME} --base-url {server.base_url}; Ctrl-C ends it")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
