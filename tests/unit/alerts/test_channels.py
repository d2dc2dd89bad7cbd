"""Webhook, Slack-style and mail against real local servers."""

from __future__ import annotations

import email
import email.policy
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from services.alerts.channels import CHANNELS, NotDelivered
from services.alerts.channels.email import Email
from services.alerts.channels.slack import Slack
from services.alerts.channels.webhook import IDEMPOTENCY, SIGNATURE, Webhook, signature
from services.alerts.evaluate import make_alert
from services.alerts.kinds.threshold import Threshold
from services.alerts.message import lines, payload
from shared.contract.alerts import Delivery
from shared.links import safe_link
from tests.alert_servers import SmtpServer, SmtpSettings, WebServer, raw_server
from tests.unit.alerts.samples import T, document, rule, signal

HOSTILE = "<!channel> *x* <http://evil|click>\r\nBcc: all@example.com"
TIMEOUT = 5.0


def delivery(**more: object) -> Delivery:
    documents = [document(1, url="https://example.com/a?b=1"), document(2, title=HOSTILE, url="javascript:x")]
    alert = make_alert(rule("threshold", Threshold(above=0.2), name="one"), signal(0, 0.6, **more), "why", documents)
    return Delivery(id=f"{alert.id}.desk", channel="desk", alert=alert, made_at=T)


def test_a_webhook_is_signed_and_every_copy_is_the_same() -> None:
    with WebServer() as server:
        channel = Webhook(url=f"{server.url}/hook", secret="s3cret")
        for _ in range(2):
            channel.send(delivery(), "http://dash.example", TIMEOUT)
    first, second = server.requests
    assert first.raw == second.raw
    assert first.headers[IDEMPOTENCY] == second.headers[IDEMPOTENCY] == delivery().id == first.body["delivery"]
    assert first.headers[SIGNATURE] == signature("s3cret", first.raw)
    assert first.body["company"] == {
        "id": "AAPL", "ticker": "AAPL", "name": "Apple", "sector": "Information Technology",
    }  # fmt: skip
    assert (first.body["action"], first.body["score"]) == ("strong buy", 0.6)
    assert first.body["link"] == "http://dash.example/?page=Company&company=AAPL"
    assert [each["url"] for each in first.body["documents"]] == ["https://example.com/a?b=1", ""]


@pytest.mark.parametrize(
    ("code", "retry", "unreachable", "after"),
    [(500, True, False, 0), (503, True, True, 0), (429, True, True, 7), (404, False, False, 0), (302, False, False, 0)],
)
def test_what_an_answer_means(code: int, retry: bool, unreachable: bool, after: float) -> None:
    with WebServer([code]) as server, pytest.raises(NotDelivered) as failed:
        Webhook(url=server.url).send(delivery(), "", TIMEOUT)
    assert (failed.value.retry, failed.value.unreachable, failed.value.after) == (retry, unreachable, after)
    assert len(server.requests) == 1  # a redirect is not followed


def test_nobody_there_is_worth_another_try_and_says_no_address() -> None:
    with pytest.raises(NotDelivered) as failed:
        Slack(url="http://127.0.0.1:1/services/secret-token").send(delivery(), "", TIMEOUT)
    assert failed.value.retry
    assert failed.value.unreachable
    assert "secret-token" not in str(failed.value)


def test_a_chat_gets_text_in_which_nothing_of_others_is_a_command() -> None:
    with WebServer() as server:
        Slack(url=server.url).send(delivery(synthetic=True), "", TIMEOUT)
    text = server.requests[0].body["text"]
    assert text.startswith("*[SYNTHETIC] AAPL Apple: strong buy +0.60 (rule one)*\nwhy\n")
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    assert "javascript:" not in text


def parsed(raw: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def test_a_mail_arrives_and_carries_the_deliverys_id() -> None:
    with SmtpServer() as server:
        channel = Email(
            host="127.0.0.1", port=server.port, security="none", sender="bw@example.com", to=("desk@example.com",)
        )
        channel.send(delivery(), "", TIMEOUT)
        channel.send(delivery(), "", TIMEOUT)
    mail, copy = (parsed(each.data) for each in server.mails)
    assert mail["Message-ID"] == copy["Message-ID"] == f"<{delivery().id}@example.com>"
    assert mail["Subject"] == "[Bellwether] AAPL Apple: strong buy +0.60 (rule one)"
    assert mail["Bcc"] is None
    assert server.mails[0].to == ["desk@example.com"]
    assert "title 1 | wire | https://example.com/a?b=1" in mail.get_content()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) of 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on the PATH to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-out", str(made[0]), "-keyout", str(made[1])], check=True, capture_output=True, timeout=60
    )
    return made


def test_a_mail_travels_encrypted_and_logged_in(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with SmtpServer(SmtpSettings(context, users={"me": "pa55word"})) as server:
        channel = Email(
            host="127.0.0.1", port=server.port, cafile=str(certificate[0]), username="me", password="pa55word",
            sender="bw@example.com", to=("a@example.com", "b@example.com"),
        )  # fmt: skip
        channel.send(delivery(), "", TIMEOUT)
        wrong = Email(
            host="127.0.0.1", port=server.port, cafile=str(certificate[0]), username="me", password="other",
            sender="bw@example.com", to=("a@example.com",),
        )  # fmt: skip
        with pytest.raises(NotDelivered, match=r"login refused \(535\)"):
            wrong.send(delivery(), "", TIMEOUT)
    (mail,) = server.mails
    assert (mail.encrypted, mail.user, mail.to) == (True, "me", ["a@example.com", "b@example.com"])


def test_a_mail_to_a_server_that_is_encrypted_from_the_start(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with SmtpServer(SmtpSettings(context, implicit=True)) as server:
        more = {"host": "127.0.0.1", "port": server.port, "security": "tls", "sender": "a@b.c", "to": ("d@e.f",)}
        Email(**more, cafile=str(certificate[0])).send(delivery(), "", TIMEOUT)  # type: ignore[arg-type]
        with pytest.raises(NotDelivered):  # a certificate that nobody vouches for
            Email(**more).send(delivery(), "", TIMEOUT)  # type: ignore[arg-type]
    assert [mail.encrypted for mail in server.mails] == [True]


def test_a_server_without_tls_gets_no_mail_that_asks_for_it() -> None:
    with SmtpServer() as server:
        channel = Email(host="127.0.0.1", port=server.port, sender="bw@example.com", to=("desk@example.com",))
        with pytest.raises(NotDelivered):
            channel.send(delivery(), "", TIMEOUT)
    assert server.mails == []


@pytest.mark.parametrize(
    ("word", "answer", "retry"),
    [("MAIL", "451 later", True), ("MAIL", "550 never", False), ("RCPT", "450 later", True), ("RCPT", "550 no", False)],
)
def test_a_mail_server_says_later_or_never(word: str, answer: str, retry: bool) -> None:
    with SmtpServer(SmtpSettings(refuse={word: [answer]})) as server:
        channel = Email(host="127.0.0.1", port=server.port, security="none", sender="a@b.c", to=("d@e.f",))
        with pytest.raises(NotDelivered) as failed:
            channel.send(delivery(), "", TIMEOUT)
        assert failed.value.retry is retry
        channel.send(delivery(), "", TIMEOUT)
    assert len(server.mails) == 1


def test_links_that_leave_the_house_are_http_and_tame() -> None:
    assert safe_link("https://example.com/a?b=c")
    for url in ("javascript:x", "https://u:p@example.com", "https://e.com/<b>", "https://e.com/a b", "http:///x", "x"):
        assert safe_link(url) == ""
    assert payload(delivery())["link"] == ""


def test_a_link_cannot_be_parted_by_its_own_text() -> None:
    sent = delivery()
    document = msgspec.structs.replace(sent.alert.documents[0], url="https://example.com/a|b")
    sent = msgspec.structs.replace(sent, alert=msgspec.structs.replace(sent.alert, documents=(document,)))
    assert payload(sent)["documents"][0]["url"] == "https://example.com/a%7Cb"
    assert any(line.endswith(" | https://example.com/a%7Cb") for line in lines(sent.alert))


def test_every_kind_names_its_secrets() -> None:
    assert {name: kind.SECRETS for name, kind in CHANNELS.items()} == {
        "webhook": ("secret",),
        "slack": ("url",),
        "email": ("password",),
    }


@pytest.mark.parametrize(
    ("asked", "after"),
    [("²", 0.0), ("-5", 0.0), ("soon", 0.0), ("9999999999", 3600.0), ("Wed, 21 Oct 1998 07:28:00", 0.0)],
)
def test_a_retry_after_that_is_no_number_is_no_failure_of_ours(asked: str, after: float) -> None:
    busy = f"HTTP/1.1 503 Busy\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    with raw_server(busy) as url, pytest.raises(NotDelivered) as failed:
        Webhook(url=url).send(delivery(), "", TIMEOUT)
    assert (failed.value.retry, failed.value.after) == (True, after)


def test_a_receiver_that_drips_is_given_up() -> None:
    began = time.monotonic()
    with (
        raw_server(b"HTTP/1.1 200 OK\r\nX-Slow: ", drop=b"x") as url,
        pytest.raises(NotDelivered, match=r"no answer \(ReadTimeout\)") as failed,
    ):
        Webhook(url=url).send(delivery(), "", 0.5)
    assert failed.value.retry and time.monotonic() - began < 3
