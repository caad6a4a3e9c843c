"""A real cluster for clients that are not ours: `apus up` with a private PostgreSQL, in a temporary folder."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mail import MailServer

REPOSITORY = Path(__file__).resolve().parents[2]
# What is served only where it is configured.
SETTINGS = {
    "support.admin_email": "admin@example.org",
    "support.page_url": "https://example.org/help",
    "policy_server.public_key": "6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s",
    "turn.uris": "turn:turn.example.org:3478?transport=udp",
    "turn.shared_secret": "a secret",
    "rtc.livekit_service_urls": "https://rtc.example.org/livekit/jwt",
    "sso.issuer": "https://id.example.org",
    "sso.client_id": "apus",
    "sso.client_secret": "another secret",
    "sso.name": "Example",
    # The page that is previewed is on this machine.
    "media.allowed_networks": "127.0.0.1/32",
    # Nobody waits ten minutes here for what they have not read.
    "email.digest_delay_seconds": "1",
}
READY_SECONDS_MAX = 120
END_SECONDS_MAX = 60


class Cluster:
    """A running cluster: its router's URL, and what `apus status` says."""

    def __init__(self, programs: Path, state: Path, port: int, log: Path, mail: MailServer):
        self.programs = programs
        self.state = state
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        command = [str(programs / "apus"), "up", "--state", str(state), "--port", str(port)]
        command += [f"--set={key}={value}" for key, value in (SETTINGS | mail.settings).items()]
        command += ["--client", "2", "--sync", "2", "--initial", "1", "--writer", "2", "--media", "2", "--push", "2"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def status(self) -> dict:
        command = [str(self.programs / "apus"), "status", "--json", "--state", str(self.state)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=15).stdout)

    def sync_workers(self) -> list[str]:
        """The addresses of the ready sync workers, past the router."""
        workers = [w for w in self.status()["workers"] if w["kind"] == "sync" and w["phase"] == "ready"]
        return [f"http://{worker['public_address']}" for worker in sorted(workers, key=lambda w: w["id"])]

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_SECONDS_MAX
        while not self.is_answering():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"the cluster is not ready:\n{self.log_tail()}")
            time.sleep(0.2)

    def is_answering(self) -> bool:
        """Whether both a client worker and the sync workers answer through the router."""
        for path, statuses in [("client/versions", [200]), ("client/v3/sync?since=x", [401]), ("client/v3/sync", [401])]:
            try:
                with urllib.request.urlopen(f"{self.url}/_matrix/{path}", timeout=2) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                return False
            if status not in statuses:
                return False
        return True

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-8_000:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def mail():
    server = MailServer(free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def cluster(mail):
    programs = Path(os.environ.get("APUS_PROGRAMS", REPOSITORY / ".build" / "release")).resolve()
    assert (programs / "apus").exists(), f"there is no apus in {programs}; build the package"
    with tempfile.TemporaryDirectory(prefix="apus-clients-") as folder:
        running = Cluster(programs, Path(folder) / "state", free_port(), Path(folder) / "up.log", mail)
        try:
            running.wait_until_ready()
            yield running
        except BaseException:
            print(running.log_tail())
            raise
        finally:
            running.end()
