"""`compass serve-sc2`."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from compass.cli.output import Json, folder, print_json
from compass.errors import InputError


def serve_sc2(
    port: Annotated[int | None, typer.Option(help="The port to listen on; a free one if not given, or 0.")] = None,
    install: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Instead, write a folder that programs take for StarCraft II (SC2PATH)."),
    ] = None,
    json: Json = False,
) -> None:
    """Stand where StarCraft II stands: smacv2, pysc2, burnysc2 and other clients of its API play on the embedded engine.

    Serves this machine only, each client with a game of its own, until Ctrl-C. docs/server.md tells how to use it.
    """
    if install is not None and port is not None:
        raise InputError("--install writes a folder and --port starts a server: give one of them")
    try:
        from envs.sc2api import install as tree
        from envs.sc2api import server
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in ("google", "s2clientprotocol", "websockets"):
            raise
        raise InputError(f"serve-sc2 needs {missing}: make sc2, or pip install -c constraints.txt '.[sc2]'") from None
    if install is not None:
        where = folder(install).resolve()
        binary = tree.install(where)
        if json:
            print_json({"sc2path": str(where), "binary": str(binary)})
        else:
            print(f"{binary} is the embedded engine; to have programs use it: export SC2PATH={shlex.quote(str(where))}")
        return
    with _ctrl_c_at_once():
        server.warm_up()
    listener = server.listen("127.0.0.1", port or 0)
    if json:
        print_json({"url": server.url(listener), "engine": "embedded"})
        sys.stdout.flush()
    else:
        print(f"the embedded engine listens on {server.url(listener)}; Ctrl-C ends it", flush=True)
    server.serve(listener)


@contextmanager
def _ctrl_c_at_once() -> Iterator[None]:
    """Ctrl-C ends the process on the spot: the compiler would lose an exception that reaches it in one of its callbacks."""
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
