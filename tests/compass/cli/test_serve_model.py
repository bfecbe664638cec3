"""`compass serve-model`."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_it_serves_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "compass", "serve-model", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        told = json.loads(process.stdout.readline())
        connection = http.client.HTTPConnection(told["base_url"].split("/")[2], timeout=10)
        connection.request("GET", "/v1/models")
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(10) == 130
        finally:
            process.kill()  # else leaving the block waits for ever
        assert process.stderr.read() == ""


@pytest.mark.parametrize("options", [["--latency", "-1"], ["--latency", "nan"], ["--port", "70000"]])
def test_what_makes_no_sense_is_refused(compass, options: list[str]) -> None:
    ran = compass("serve-model", *options)
    assert ran.code == 2
    assert ran.err.startswith("compass: ") and ran.err.count("\n") == 1
