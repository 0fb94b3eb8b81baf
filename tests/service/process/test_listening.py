"""Where a service listens: a Unix socket, which a killed service may have left, or IPv6 and IPv4 together."""

import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from service.process.listener import open_listener
from service.settings import Settings
from tests.serving import GATESCOPE


def test_a_socket_that_a_killed_service_left_is_replaced_and_one_that_is_answered_is_not(tmp_path: Path) -> None:
    settings = Settings(uds=tmp_path / "socket")
    open_listener(settings).close()
    assert (tmp_path / "socket").is_socket()
    with open_listener(settings), pytest.raises(OSError, match="in use"):
        open_listener(settings)


def test_a_file_in_the_place_of_the_socket_stays(tmp_path: Path) -> None:
    (tmp_path / "socket").write_text("mine")
    with pytest.raises(OSError, match="in use"):
        open_listener(Settings(uds=tmp_path / "socket"))
    assert (tmp_path / "socket").read_text() == "mine"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this system has no IPv6 beside IPv4")
def test_every_address_is_of_ipv6_and_of_ipv4() -> None:
    with open_listener(Settings(host="::", port=0)) as listener:
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=5).close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_answers_on_a_unix_socket_and_takes_it_away(repository: Path, tmp_path: Path, workers: str) -> None:
    path = tmp_path / "socket"
    command = [*GATESCOPE, "serve", "--repository", str(repository), "--uds", str(path), "--workers", workers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert any(f"curl -s --unix-socket {path} http://localhost/v1/predict" in line for line in process.stdout)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://localhost") as client:
        assert client.post("/v1/predict", json={"text": "a good film"}).json()["words"] == 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not path.exists()
