"""A mail server and an HTTP server on this machine that keep what they are sent."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What a mail server does, and what it was told: ``clear`` before TLS, ``mails`` in the end."""

    port: int = 0
    offers_starttls: bool = True
    begins_with_tls: bool = False
    answer: str = "250 ok"
    certificate: Path | None = None
    clear: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)


_ANSWERS = {"AUTH": "235 welcome", "QUIT": "221 bye"}


class _Talk(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as one mail takes."""

    timeout = 10

    def handle(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        if not box.begins_with_tls:
            self._say(self.connection, "220 mail.local ready")
            if not self._talk(box, self.connection, box.clear):
                return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert box.certificate is not None
        context.load_cert_chain(box.certificate)
        with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as safe:
            if box.begins_with_tls:
                self._say(safe, "220 mail.local ready")
            self._talk(box, safe, box.said)

    def _talk(self, box: Mailbox, stream: socket.socket, heard: list[str]) -> bool:
        """Whether TLS is to begin; otherwise the client has left."""
        file = stream.makefile("rb")
        while line := file.readline():
            text = line.decode().strip()
            heard.append(text)
            verb = text.split(" ")[0].upper()
            if verb == "EHLO":
                tls = box.offers_starttls and heard is box.clear
                offered = ["250-STARTTLS"] if tls else []
                self._say(stream, "250-mail.local", *offered, "250 AUTH PLAIN")
            elif verb == "STARTTLS":
                self._say(stream, "220 go ahead")
                return True
            elif verb == "DATA":
                self._say(stream, "354 go on")
                body = b"".join(iter(file.readline, b".\r\n"))
                if box.answer.startswith("2"):
                    assert body.isascii()
                    box.mails.append(message_from_bytes(body, policy=policy.default))
                self._say(stream, box.answer)
            else:
                self._say(stream, _ANSWERS.get(verb, "250 ok"))
        return False

    def _say(self, stream: socket.socket, *lines: str) -> None:
        stream.sendall("".join(f"{each}\r\n" for each in lines).encode())


@dataclass
class Hook:
    """What an HTTP server answers, and the requests it was sent: headers and body of each."""

    port: int = 0
    status: int = 204
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=t0kenOfTheHook"


class _Post(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self) -> None:
        hook: Hook = self.server.hook  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        hook.requests.append((headers, body))
        self.send_response(hook.status)
        if hook.status in (301, 302, 307, 308):
            self.send_header("Location", f"http://127.0.0.1:{hook.port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@contextmanager
def mail_server(**behaviour: object) -> Iterator[Mailbox]:
    box = Mailbox(**behaviour)  # type: ignore[arg-type]
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk)
    server.box = box  # type: ignore[attr-defined]
    box.port = server.server_address[1]
    with _running(server):
        yield box


@contextmanager
def http_server(**behaviour: object) -> Iterator[Hook]:
    hook = Hook(**behaviour)  # type: ignore[arg-type]
    server = HTTPServer(("127.0.0.1", 0), _Post)
    server.hook = hook  # type: ignore[attr-defined]
    hook.port = server.server_address[1]
    with _running(server):
        yield hook


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def self_made_certificate(folder: Path) -> Path:
    """A file with a key and a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.local")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
