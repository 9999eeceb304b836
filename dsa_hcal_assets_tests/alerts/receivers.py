"""Real receivers of notices: an HTTP server and an SMTP server on free ports of this machine."""

import email
import email.policy
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

SECRET = "s3cret-token"


class HttpReceiver:
    """Answers with a list of statuses, the last one for ever; what it took is in `taken`."""

    def __init__(self, *statuses: int, pause: float = 0.0, answer: bytes = b"ok"):
        self.statuses = list(statuses or (200,))
        self.bodies: list[dict] = []
        self.taken: list[dict] = []
        self.paths: list[str] = []
        self.pause = pause
        self.stop_waiting = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.bodies.append(body)
                receiver.paths.append(self.path)
                receiver.stop_waiting.wait(receiver.pause)
                statuses = receiver.statuses
                status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                if status < 300:
                    receiver.taken.append(body)
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
                with suppress(BrokenPipeError, ConnectionResetError):  # of a client that did not wait
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/{SECRET}"


@contextmanager
def http_receiver(*statuses: int, pause: float = 0.0) -> Iterator[HttpReceiver]:
    one = HttpReceiver(*statuses, pause=pause)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield one
    finally:
        one.stop_waiting.set()
        one.server.shutdown()
        one.server.server_close()
        thread.join()


class SmtpReceiver:
    """Takes e-mail for anybody, from whom knows the password if there is one; `answer` may refuse it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 taken"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.answer.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            mail["X-Recipients"] = ",".join(envelope.rcpt_tos)
            self.mails.append(mail)
        return self.answer


class _OnFreePort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_receiver(
    password: str | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[SmtpReceiver, int]]:
    """Serve SMTP, with STARTTLS if there is a context for it."""
    receiver = SmtpReceiver()

    def authenticate(server, session, envelope, mechanism, login) -> AuthResult:
        return AuthResult(success=login.password == (password or "").encode())

    controller = _OnFreePort(
        receiver,
        hostname="127.0.0.1",
        port=0,
        auth_required=password is not None,
        auth_require_tls=tls is not None,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=authenticate if password is not None else None,
    )
    controller.start()
    try:
        yield receiver, controller.port
    finally:
        controller.stop()


def wait_until(happened: Callable[[], object], seconds: float = 30.0) -> None:
    """Return once `happened()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in {seconds:g} s"
        time.sleep(0.02)
