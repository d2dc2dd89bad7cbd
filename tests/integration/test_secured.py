"""The system on a Kafka that asks for SASL and a Redis with TLS and a password; and secrets stay out of logs."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from tests.system import System, assert_exact, write_documents

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with"),
]
KAFKA_PASSWORD, REDIS_PASSWORD = "kafka's own secret", "redis:own/secret"


class TlsEndpoint:
    """TLS in front of a port of this machine."""

    def __init__(self, target: int, certificate: Path, key: Path) -> None:
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            plain,
            suppress(OSError),  # a client that does not trust us
            self._context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self._target)) as server,
        ):
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[System]:
    """A system whose environment has the addresses and the secrets."""
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    kafka, store = (
        EmbeddedKafka(tmp_path / "theirs" / "kafka", heap_mb=384),
        EmbeddedRedis(tmp_path / "theirs" / "redis"),
    )
    for server, password in ((kafka, KAFKA_PASSWORD), (store, REDIS_PASSWORD)):
        server.folder.mkdir(parents=True)
        (server.folder / "password").write_text(password)
    system = System(tmp_path / "state")
    try:
        kafka.start()
        store.start()
        tls = TlsEndpoint(store.port, certificate, key)
        system.set(
            BELLWETHER_KAFKA__BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
            BELLWETHER_KAFKA__SECURITY_PROTOCOL="SASL_PLAINTEXT",
            BELLWETHER_KAFKA__SASL_USERNAME="bellwether",
            BELLWETHER_KAFKA__SASL_PASSWORD=KAFKA_PASSWORD,
            BELLWETHER_REDIS__URL=f"rediss://127.0.0.1:{tls.port}/0",
            BELLWETHER_REDIS__PASSWORD=REDIS_PASSWORD,
            BELLWETHER_REDIS__SSL_CAFILE=str(certificate),
        )
        yield system
        tls.close()
    finally:
        system.end()
        store.kill()
        kafka.kill()


def test_with_passwords_and_tls_counts_are_exact_and_secrets_stay_secret(secured: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    secured.call("up", "--detach", "--dashboard-port", "0")
    secured.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    secured.call("wait", "--drained")
    assert_exact(secured, documents, opinions)
    secured.call("down")

    wrong = {
        "BELLWETHER_KAFKA__SASL_PASSWORD": ("wrong", KAFKA_PASSWORD, "BELLWETHER_KAFKA__SECURITY_PROTOCOL"),
        "BELLWETHER_REDIS__PASSWORD": ("wrong", REDIS_PASSWORD, "BELLWETHER_REDIS__PASSWORD"),
        "BELLWETHER_REDIS__SSL_CAFILE": (ssl.get_default_verify_paths().cafile or "", "", "rediss://"),
    }
    for name, (bad, good, told) in wrong.items():
        secured.set(**{name: bad})
        assert told in secured.said_by("up", "--detach", "--no-dashboard").splitlines()[-1]
        secured.set(**{name: good})

    written = [path.read_text(errors="replace") for path in secured.state.rglob("*") if path.is_file()]
    assert len(written) > 8
    assert not [secret for secret in (KAFKA_PASSWORD, REDIS_PASSWORD) for text in written if secret in text]
