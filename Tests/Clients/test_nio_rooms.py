"""What else people do in rooms, with matrix-nio: spaces, threads, edits, reactions, receipts and typing."""

import asyncio

from nio import AsyncClient, ReceiptEvent, RoomPreset, TypingNoticeEvent
from nio import responses as answers
from nio.api import ReceiptType, RelationshipType

from test_matrix_nio import DELIVERY_SECONDS_MAX, SYNC_WAIT_MS, accepted, new_user, shared_room


class Watcher:
    """Syncs of one room, of which only what is looked for is kept."""

    def __init__(self, client: AsyncClient, room: str):
        self.client = client
        self.room = room
        self.token: str | None = None

    async def until(self, found):
        async with asyncio.timeout(DELIVERY_SECONDS_MAX):
            while True:
                answer = accepted(await self.client.sync(SYNC_WAIT_MS, since=self.token), answers.SyncResponse)
                self.token = answer.next_batch
                joined = answer.rooms.join.get(self.room)
                if joined and (seen := found(joined)):
                    return seen

    async def until_event(self, event: str):
        return await self.until(lambda room: [each for each in room.timeline.events if each.event_id == event])

    async def until_ephemeral(self, kind, condition):
        return await self.until(
            lambda room: [each for each in room.ephemeral if isinstance(each, kind) and condition(each)]
        )


async def send(client: AsyncClient, room: str, content: dict, kind: str = "m.room.message") -> str:
    return accepted(await client.room_send(room, kind, content), answers.RoomSendResponse).event_id


async def related(client: AsyncClient, room: str, event: str, kind: RelationshipType) -> list[str]:
    return [each.event_id async for each in client.room_get_event_relations(room, event, kind)]


async def check_relations(anna: AsyncClient, bert: AsyncClient, room: str) -> None:
    target = await send(anna, room, {"msgtype": "m.text", "body": "a slip"})
    edit = {
        "msgtype": "m.text",
        "body": "* no slip",
        "m.new_content": {"msgtype": "m.text", "body": "no slip"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }
    edited = await send(anna, room, edit)
    event = accepted(await bert.room_get_event(room, target), answers.RoomGetEventResponse).event
    assert event.source["unsigned"]["m.relations"]["m.replace"]["event_id"] == edited
    assert await related(bert, room, target, RelationshipType.replacement) == [edited]

    key = {"rel_type": "m.annotation", "event_id": target, "key": "👍"}
    reaction = await send(bert, room, {"m.relates_to": key}, "m.reaction")
    assert await related(anna, room, target, RelationshipType.annotation) == [reaction]

    answer = {"rel_type": "m.thread", "event_id": target}
    thread = [
        await send(bert, room, {"msgtype": "m.text", "body": f"answer {number}", "m.relates_to": answer})
        for number in range(12)
    ]
    assert await related(anna, room, target, RelationshipType.thread) == thread[::-1]
    assert [each.event_id async for each in anna.room_get_threads(room)] == [target]


async def check_reading(anna: AsyncClient, bert: AsyncClient, room: str) -> None:
    watcher = Watcher(anna, room)
    event = await send(anna, room, {"msgtype": "m.text", "body": "read this"})
    await watcher.until_event(event)
    accepted(await bert.update_receipt_marker(room, event, ReceiptType.read), answers.UpdateReceiptMarkerResponse)

    def is_bert_at_event(seen) -> bool:
        return any((each.user_id, each.event_id) == (bert.user_id, event) for each in seen.receipts)

    [receipts] = await watcher.until_ephemeral(ReceiptEvent, is_bert_at_event)
    [mine] = [each for each in receipts.receipts if each.event_id == event]
    assert (mine.receipt_type, mine.thread_id) == ("m.read", "main")
    accepted(await bert.room_read_markers(room, event, event), answers.RoomReadMarkersResponse)

    accepted(await bert.room_typing(room, True), answers.RoomTypingResponse)
    await watcher.until_ephemeral(TypingNoticeEvent, lambda seen: seen.users == [bert.user_id])
    accepted(await bert.room_typing(room, False), answers.RoomTypingResponse)
    await watcher.until_ephemeral(TypingNoticeEvent, lambda seen: seen.users == [])


async def check_space(anna: AsyncClient, bert: AsyncClient, room: str) -> None:
    space = accepted(
        await anna.room_create(preset=RoomPreset.public_chat, name="Ours", space=True), answers.RoomCreateResponse
    ).room_id
    server = anna.user_id.split(":", 1)[1]
    accepted(await anna.room_put_state(space, "m.space.child", {"via": [server]}, room), answers.RoomPutStateResponse)
    accepted(await bert.join(space), answers.JoinResponse)
    shown = accepted(await bert.space_get_hierarchy(space), answers.SpaceGetHierarchyResponse).rooms
    assert [each["room_id"] for each in shown] == [space, room]


async def talk(cluster) -> None:
    anna, bert = await new_user(cluster.url, "anna"), await new_user(cluster.url, "bert")
    try:
        room = await shared_room(anna, bert)
        await check_relations(anna, bert, room)
        await check_reading(anna, bert, room)
        await check_space(anna, bert, room)
    finally:
        await anna.close()
        await bert.close()


def test_two_people_do_what_people_do_in_rooms(cluster):
    asyncio.run(talk(cluster))
