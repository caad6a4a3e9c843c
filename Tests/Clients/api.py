"""Plain requests to a running cluster, each answer checked against the specification."""

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from mail import MailServer, link
from specification import operations
from waiting import wait_until

ANSWER_SECONDS_MAX = 30
REVOCATION_SECONDS_MAX = 5
# Of one kind: requests meet them in turn.
WORKERS_MAX = 2


@dataclass
class Person:
    """A user with a device."""

    id: str
    token: str
    device: str
    password: str


class Api:
    """The client-server API through the router; remembers which operations have answered, and how."""

    def __init__(self, url: str):
        self.url = url
        self.answered: dict[str, set[int]] = {}

    def call(self, operation: str, by: Person | None = None, body=None, query=None, status=200, **path: str):
        """Calls an operation, which has to answer `status` in the specification's form."""
        called = operations()[operation]
        answer, content = self.send(called.method, called.filled(**path), by and by.token, body, query)
        assert answer == status, f"{operation}: {answer} {content}"
        called.check(answer, content)
        self.answered.setdefault(operation, set()).add(answer)
        return content

    def refuse(self, operation: str, status: int, errcode: str, by: Person | None = None, body=None, query=None, **path):
        """Calls an operation that has to refuse, also with statuses the specification does not list."""
        called = operations()[operation]
        answer, content = self.send(called.method, called.filled(**path), by and by.token, body, query)
        assert (answer, content.get("errcode")) == (status, errcode), f"{operation}: {answer} {content}"
        assert isinstance(content.get("error"), str)
        self.answered.setdefault(operation, set()).add(answer)
        return content

    def press(self, link: str, form: bytes | None = None) -> str:
        """Opens a page for people, by path and query, and presses its button."""
        query = link.split("?", 1)[1]
        with urllib.request.urlopen(self.url + link, timeout=ANSWER_SECONDS_MAX) as page:
            assert "<button" in page.read().decode()
        request = urllib.request.Request(self.url + link, data=form or query.encode(), method="POST")
        request.add_header("Content-Type", "application/x-www-form-urlencoded")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as page:
            return page.read().decode()

    def redirected(self, operation: str, query=None, **path) -> str:
        """Calls an operation that has to send browsers elsewhere; answers where."""
        called = operations()[operation]
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_SECONDS_MAX)
        connection.request(called.method, called.filled(**path) + f"?{urlencode(query or {})}")
        answer = connection.getresponse()
        assert answer.status == 302, f"{operation}: {answer.status}"
        self.answered.setdefault(operation, set()).add(answer.status)
        return answer.headers["Location"]

    def until_refused(self, operation: str, status: int, errcode: str, by: Person) -> None:
        """Waits until a caller is refused: a revoked token ends everywhere within a second."""
        called = operations()[operation]

        def is_refused_everywhere() -> bool:
            return all(
                self.send(called.method, called.filled(), by.token)[0] == status for _ in range(WORKERS_MAX * 2)
            )

        wait_until(is_refused_everywhere, f"{operation} is refused", REVOCATION_SECONDS_MAX)
        self.refuse(operation, status, errcode, by)

    def send(self, method: str, path: str, token=None, body=None, query=None):
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        data = json.dumps(body).encode() if body is not None else b"{}" if method in ("POST", "PUT") else None
        request = urllib.request.Request(url, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        return status, json.loads(content or b"null")

    def download(self, operation: str, by: Person | None = None, query=None, status=200, headers=None, **path: str):
        """Calls an operation that answers with a file; the file, and the answer's headers."""
        called = operations()[operation]
        url = self.url + called.filled(**path) + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(url, headers=headers or {})
        if by:
            request.add_header("Authorization", f"Bearer {by.token}")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
            assert answer.status == status, f"{operation}: {answer.status}"
            self.answered.setdefault(operation, set()).add(200)
            return answer.read(), answer.headers

    def upload(self, operation: str, by: Person, content: bytes, content_type: str, query=None, status=200, **path: str):
        """Calls an operation that takes a file."""
        called = operations()[operation]
        url = self.url + called.filled(**path) + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(url, data=content, method=called.method)
        request.add_header("Content-Type", content_type)
        request.add_header("Authorization", f"Bearer {by.token}")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
                found, body = answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            found, body = error.code, json.loads(error.read())
        assert found == status, f"{operation}: {found} {body}"
        called.check(found, body)
        self.answered.setdefault(operation, set()).add(found)
        return body

    def register(self, name: str) -> Person:
        password = f"the password of {name}"
        answer = self.call(
            "register",
            body={
                "username": f"{name}-{uuid.uuid4().hex[:8]}",
                "password": password,
                "initial_device_display_name": "a test",
                "auth": {"type": "m.login.dummy"},
            },
        )
        return Person(answer["user_id"], answer["access_token"], answer["device_id"], password)

    def create_room(self, by: Person, **body) -> str:
        return self.call("createRoom", by, body)["room_id"]

    def say(self, by: Person, room: str, text: str, **content) -> str:
        content = {"msgtype": "m.text", "body": text} | content
        return self.call(
            "sendMessage", by, content, roomId=room, eventType="m.room.message", txnId=uuid.uuid4().hex
        )["event_id"]

    def sync(self, by: Person, since: str | None = None, **query) -> dict:
        return self.call("sync", by, query={"timeout": 0} | ({"since": since} if since else {}) | query)


def shown(api: Api, mail: MailServer, operation: str, address: str) -> dict:
    """Shows that an address is one's own, by a mail that an operation sends; the proof."""
    sid = api.call(operation, body={"client_secret": "s", "email": address, "send_attempt": 1})["sid"]
    api.press(link(mail.wait_for(address)))
    return {"client_secret": "s", "sid": sid}


def add_address(api: Api, person: Person, proof: dict) -> None:
    """Adds an address that was shown to somebody's account."""
    session = api.call("add3PID", person, proof, status=401)["session"]
    api.call("add3PID", person, proof | {"auth": password_auth(person, session)})


def password_auth(person: Person, session: str) -> dict:
    return {
        "type": "m.login.password",
        "session": session,
        "identifier": {"type": "m.id.user", "user": person.id},
        "password": person.password,
    }
