"""The mail server of people's clients: SMTP with a login, and a mailbox for everybody."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from waiting import wait_until

USER, PASSWORD = "apus", "the password of apus"
ARRIVAL_SECONDS_MAX = 20


class MailServer:
    """Takes mails from who has logged in, and keeps them."""

    def __init__(self, port: int):
        self.kept: list[tuple[str, EmailMessage]] = []
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            authenticator=self.authenticate,
            auth_required=True,
            auth_require_tls=False,
        )
        self.settings = {
            "email.smtp_host": "127.0.0.1",
            "email.smtp_port": str(port),
            "email.smtp_security": "none",
            "email.smtp_user": USER,
            "email.smtp_password": PASSWORD,
            "email.sender": "noreply@example.org",
        }

    def start(self) -> None:
        self.controller.start()

    def stop(self) -> None:
        self.controller.stop()

    def authenticate(self, server, session, envelope, mechanism, auth_data) -> AuthResult:
        is_right = (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    async def handle_DATA(self, server, session, envelope) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.kept += [(recipient, mail) for recipient in envelope.rcpt_tos]
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.kept if recipient == address]

    def wait_for(self, address: str, count: int = 1) -> EmailMessage:
        """The newest mail to an address, once so many have come."""
        wait_until(lambda: len(self.to(address)) >= count, f"mail to {address}", ARRIVAL_SECONDS_MAX)
        return self.to(address)[-1]


def link(mail: EmailMessage, containing: str = "/email/") -> str:
    """Path and query of a link in a mail."""
    found = next(url for url in re.findall(r"https?://\S+", mail.get_content()) if containing in url)
    return urlsplit(found).path + "?" + urlsplit(found).query
