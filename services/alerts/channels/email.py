"""email: a plain-text mail through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import ClassVar, Literal

from services.alerts.channels.channel import NotDelivered, Paced
from services.alerts.message import headline, lines
from shared.clock import SECOND, to_datetime
from shared.contract.alerts import Delivery


class Email(Paced, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"sender": "from"}):
    """One mail an alert. `Message-ID` names the delivery, so that a copy can be told."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    cafile: str | None = None  # certificates (PEM) that sign the server's, besides the system's
    username: str = ""
    password: str = ""
    sender: str
    to: tuple[str, ...]
    SECRETS: ClassVar[tuple[str, ...]] = ("password",)

    def problem(self) -> str:
        if not self.to or not all("@" in address for address in (*self.to, self.sender)):
            return "from and to: give mail addresses, e.g. to: [desk@example.com]"
        if self.password and self.security == "none":
            return "security: a password is never sent in clear text; use starttls or tls"
        if bool(self.password) != bool(self.username):
            return "give username and password, or neither"
        return self.pace_problem()

    def send(self, delivery: Delivery, link: str, timeout: float) -> None:
        mail = self.mail(delivery, link)
        try:
            with self._connected(timeout) as server:
                if self.username:
                    server.login(self.username, self.password)
                server.send_message(mail, self.sender, self.to)
        except smtplib.SMTPAuthenticationError as error:
            raise NotDelivered(f"login refused ({error.smtp_code})", retry=True, unreachable=True) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise NotDelivered(f"recipients refused ({codes[0]})", retry=codes[0] < 500) from None
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"answered {error.smtp_code}", retry=error.smtp_code < 500) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"no answer ({type(error).__name__})", retry=True, unreachable=True) from None

    def mail(self, delivery: Delivery, link: str) -> EmailMessage:
        """The mail, the same for every attempt."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Subject"] = " ".join(f"[Bellwether] {headline(delivery.alert)}".split())
        mail["Date"] = format_datetime(to_datetime(delivery.made_at // SECOND * SECOND))
        mail["Message-ID"] = f"<{delivery.id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n".join(lines(delivery.alert, link)) + "\n")
        return mail

    def _connected(self, timeout: float) -> smtplib.SMTP:
        if self.security == "none":
            return smtplib.SMTP(self.host, self.port, timeout=timeout)
        context = ssl.create_default_context()
        if self.cafile:
            context.load_verify_locations(self.cafile)
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=timeout, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=timeout)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server
