"""Two people with mautrix-python, the library that bridges are written with, in a room and a space."""

import asyncio

from mautrix.api import Method, Path
from mautrix.client import ClientAPI
from mautrix.errors import MForbidden
from mautrix.types import (
    EventType,
    MessageType,
    PaginationDirection,
    RoomCreatePreset,
    RoomType,
    TextMessageEventContent,
)

from api import Api, Person

SYNC_WAIT_MS = 5_000
DELIVERY_SECONDS_MAX = 60
SPACE = {"type": "m.space"}


class Talker:
    """A client, and what its syncs have brought."""

    def __init__(self, url: str, person: Person):
        self.client = ClientAPI(
            mxid=person.id, device_id=person.device, base_url=url, token=person.token, default_retry_count=0
        )
        self.since: str | None = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_) -> None:
        await self.client.api.session.close()

    async def until(self, found):
        """Syncs until an answer has what is looked for, and returns it."""
        async with asyncio.timeout(DELIVERY_SECONDS_MAX):
            while True:
                answer = await self.client.sync(since=self.since, timeout=SYNC_WAIT_MS)
                self.since = answer["next_batch"]
                if (seen := found(answer)) is not None:
                    return seen

    async def until_event(self, room: str, event: str) -> dict:
        def found(answer):
            events = joined(answer, room).get("timeline", {}).get("events", [])
            return next((each for each in events if each["event_id"] == event), None)

        return await self.until(found)

    async def until_ephemeral(self, room: str, kind: str, condition) -> dict:
        def found(answer):
            events = joined(answer, room).get("ephemeral", {}).get("events", [])
            return next((each for each in events if each["type"] == kind and condition(each["content"])), None)

        return await self.until(found)

    async def relations(self, room: str, event: str, kind: str) -> list[dict]:
        page = await self.client.api.request(Method.GET, Path.v1.rooms[room].relations[event][kind])
        return page["chunk"]


def joined(answer: dict, room: str) -> dict:
    return answer.get("rooms", {}).get("join", {}).get(room, {})


def text(body: str) -> TextMessageEventContent:
    return TextMessageEventContent(msgtype=MessageType.TEXT, body=body)


async def shared_room(anna: Talker, bert: Talker) -> str:
    room = await anna.client.create_room(preset=RoomCreatePreset.PRIVATE, name="Two")
    try:
        await bert.client.join_room_by_id(room)
        raise AssertionError("nobody joins a private room without an invite")
    except MForbidden:
        pass
    await anna.client.invite_user(room, bert.client.mxid, reason="to talk")
    await bert.until(lambda answer: answer.get("rooms", {}).get("invite", {}).get(room))
    assert await bert.client.join_room(room) == room
    assert room in await bert.client.get_joined_rooms()
    assert set(await anna.client.get_joined_members(room)) == {anna.client.mxid, bert.client.mxid}
    return room


async def check_messages(anna: Talker, bert: Talker, room: str) -> str:
    sent = [await anna.client.send_text(room, f"message {number}") for number in range(20)]
    assert (await bert.until_event(room, sent[-1]))["sender"] == anna.client.mxid
    page = await bert.client.get_messages(room, PaginationDirection.BACKWARD, limit=20)
    assert [event.event_id for event in reversed(page.events)] == sent
    again = await anna.client.send_message_event(room, EventType.ROOM_MESSAGE, text("once"), txn_id="one")
    assert await anna.client.send_message_event(room, EventType.ROOM_MESSAGE, text("once"), txn_id="one") == again
    return sent[-1]


async def check_relations(anna: Talker, bert: Talker, room: str, target: str) -> None:
    edit = text("what was meant")
    edit.set_edit(target)
    edited = await anna.client.send_message(room, edit)
    served = await bert.client.api.request(Method.GET, Path.v3.rooms[room].event[target])
    assert served["unsigned"]["m.relations"]["m.replace"]["event_id"] == edited
    assert (await bert.client.get_event(room, target)).content.body == "message 19"

    reaction = await bert.client.react(room, target, "👍")
    brought = await anna.until_event(room, reaction)
    assert brought["content"]["m.relates_to"] == {"rel_type": "m.annotation", "event_id": target, "key": "👍"}
    assert [each["event_id"] for each in await anna.relations(room, target, "m.annotation")] == [reaction]

    answers = []
    for number in range(3):
        answer = text(f"answer {number}")
        answer.set_thread_parent(target, last_event_in_thread=(answers or [target])[-1])
        answers.append(await bert.client.send_message(room, answer))
    root = await anna.client.api.request(Method.GET, Path.v3.rooms[room].event[target])
    thread = root["unsigned"]["m.relations"]["m.thread"]
    assert (thread["count"], thread["latest_event"]["event_id"]) == (3, answers[-1])
    assert [each["event_id"] for each in await anna.relations(room, target, "m.thread")] == answers[::-1]

    await bert.client.redact(room, reaction, reason="too much")
    assert await anna.relations(room, target, "m.annotation") == []


async def check_reading(anna: Talker, bert: Talker, room: str) -> None:
    event = await anna.client.send_text(room, "read this")
    await bert.until_event(room, event)
    await bert.client.send_receipt(room, event)
    receipt = await anna.until_ephemeral(room, "m.receipt", lambda content: event in content)
    assert list(receipt["content"][event]["m.read"]) == [bert.client.mxid]
    await bert.client.set_fully_read_marker(room, event, read_receipt=event)
    marker = await bert.client.api.request(
        Method.GET, Path.v3.user[bert.client.mxid].rooms[room].account_data["m.fully_read"]
    )
    assert marker == {"event_id": event}

    await bert.client.set_typing(room, timeout=20_000)
    await anna.until_ephemeral(room, "m.typing", lambda content: content["user_ids"] == [bert.client.mxid])
    await bert.client.set_typing(room)
    await anna.until_ephemeral(room, "m.typing", lambda content: content["user_ids"] == [])


async def check_space(anna: Talker, bert: Talker, room: str) -> None:
    server = anna.client.mxid.split(":", 1)[1]
    space = await anna.client.create_room(
        preset=RoomCreatePreset.PUBLIC, name="Ours", topic="All we have", creation_content=SPACE
    )
    await anna.client.send_state_event(space, EventType.SPACE_CHILD, {"via": [server]}, state_key=room)
    await bert.client.join_room(space)
    shown = (await bert.client.api.request(Method.GET, Path.v1.rooms[space].hierarchy))["rooms"]
    assert [each["room_id"] for each in shown] == [space, room]
    assert (shown[0]["room_type"], shown[1]["name"]) == ("m.space", "Two")
    assert [child["state_key"] for child in shown[0]["children_state"]] == [room]
    assert (await bert.client.get_state_event(space, EventType.ROOM_CREATE)).type == RoomType.SPACE


async def leave(anna: Talker, bert: Talker, room: str) -> None:
    await bert.client.leave_room(room)
    await bert.until(lambda answer: answer.get("rooms", {}).get("leave", {}).get(room))
    await bert.client.forget_room(room)
    assert room not in await bert.client.get_joined_rooms()
    assert set(await anna.client.get_joined_members(room)) == {anna.client.mxid}


async def talk(cluster) -> None:
    api = Api(cluster.url)
    async with Talker(cluster.url, api.register("anna")) as anna, Talker(cluster.url, api.register("bert")) as bert:
        room = await shared_room(anna, bert)
        target = await check_messages(anna, bert, room)
        await check_relations(anna, bert, room, target)
        await check_reading(anna, bert, room)
        await check_space(anna, bert, room)
        await leave(anna, bert, room)


def test_two_people_talk_in_a_room_and_a_space(cluster):
    asyncio.run(talk(cluster))
