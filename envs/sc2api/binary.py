"""The command line of StarCraft II's binary, as API clients use it: `SC2_x64 -listen 127.0.0.1 -port 5000 ...`."""

from __future__ import annotations

import argparse
import sys

from envs.errors import InputError


def main(launcher: int) -> None:
    """Serve as the game that the process `launcher` has launched. Options of the real game that mean nothing here are ignored."""
    parser = argparse.ArgumentParser(prog="SC2_x64", allow_abbrev=False)
    parser.add_argument("-listen", default="127.0.0.1", help="the address to listen on: this machine's own")
    parser.add_argument("-port", type=int, required=True, help="the port to listen on")
    options, _ = parser.parse_known_args()
    from envs.sc2api.server import listen, serve, warm_up  # after the options: this takes half a second

    try:
        listener = listen(options.listen, options.port)
    except InputError as error:
        sys.exit(f"SC2_x64: {error}")
    warm_up()  # after listening: some programs try only for a minute to connect, but then wait for the handshake
    serve(listener, launcher)
