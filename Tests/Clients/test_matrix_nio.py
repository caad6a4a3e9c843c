"""Two people with matrix-nio, a client library that is not ours, chat through the router."""

import asyncio
import uuid

from nio import AsyncClient, AsyncClientConfig, MessageDirection, RoomPreset
from nio import responses as answers

MESSAGES_EACH = 250
SYNC_WAIT_MS = 5_000
DELIVERY_SECONDS_MAX = 120
PAGE = 40
# A filter without limits on the timeline's length worth the name: no gaps to fill while counting.
FILTER = {"room": {"timeline": {"limit": 100}}}


def accepted(answer, kind):
    """The answer, when it is of the kind that says yes."""
    assert isinstance(answer, kind), answer
    return answer


async def new_user(url: str, name: str) -> AsyncClient:
    # No retries of the library's own: what fails is the test's to see.
    config = AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, encryption_enabled=False)
    localpart = f"{name}-{uuid.uuid4().hex[:8]}"
    registering = AsyncClient(url, localpart, config=config)
    accepted(await registering.register(localpart, f"password of {name}"), answers.RegisterResponse)
    await registering.close()
    client = AsyncClient(url, registering.user_id, config=config)
    accepted(await client.login(f"password of {name}"), answers.LoginResponse)
    return client


class Reader:
    """What one client's syncs bring of one room, in order."""

    def __init__(self, client: AsyncClient, room: str):
        self.client = client
        self.room = room
        self.seen: list[str] = []
        self.token: str | None = None

    async def sync(self) -> None:
        answer = accepted(
            await self.client.sync(SYNC_WAIT_MS, sync_filter=FILTER, since=self.token), answers.SyncResponse
        )
        joined = answer.rooms.join.get(self.room)
        if joined:
            if self.token and joined.timeline.limited:
                self.seen += await self.left_out(joined.timeline.prev_batch)
            self.seen += [event.event_id for event in joined.timeline.events if is_message(event)]
        self.token = answer.next_batch

    async def left_out(self, before: str) -> list[str]:
        events = await page_back(self.client, self.room, before, self.token)
        return [event.event_id for event in reversed(events) if is_message(event)]

    async def sync_until(self, count: int) -> None:
        async with asyncio.timeout(DELIVERY_SECONDS_MAX):
            while len(self.seen) < count:
                await self.sync()


def is_message(event) -> bool:
    return event.source["type"] == "m.room.message"


async def page_back(client: AsyncClient, room: str, start: str, end: str | None = None) -> list:
    """All events from `start` back to `end`, newest first, page by page."""
    events = []
    while start:
        page = accepted(
            await client.room_messages(room, start, end, MessageDirection.back, PAGE), answers.RoomMessagesResponse
        )
        events += page.chunk
        start = page.end if page.chunk else None
    return events


async def send_many(client: AsyncClient, room: str) -> list[str]:
    sent = []
    for number in range(MESSAGES_EACH):
        content = {"msgtype": "m.text", "body": f"{number} from {client.user_id}"}
        answer = accepted(
            await client.room_send(room, "m.room.message", content, tx_id=f"t{number}"), answers.RoomSendResponse
        )
        sent.append(answer.event_id)
    return sent


async def shared_room(anna: AsyncClient, bert: AsyncClient) -> str:
    room = accepted(await anna.room_create(preset=RoomPreset.private_chat, name="Two"), answers.RoomCreateResponse).room_id
    accepted(await anna.room_invite(room, bert.user_id), answers.RoomInviteResponse)
    invited = accepted(await bert.sync(SYNC_WAIT_MS), answers.SyncResponse)
    assert list(invited.rooms.invite) == [room]
    accepted(await bert.join(room), answers.JoinResponse)
    return room


async def chat(cluster) -> None:
    anna, bert = await new_user(cluster.url, "anna"), await new_user(cluster.url, "bert")
    try:
        room = await shared_room(anna, bert)
        readers = [Reader(anna, room), Reader(bert, room)]
        for reader in readers:
            await reader.sync()

        total = 2 * MESSAGES_EACH
        from_anna, from_bert, *_ = await asyncio.gather(
            send_many(anna, room), send_many(bert, room), *(reader.sync_until(total) for reader in readers)
        )
        await check_exchange(readers, from_anna, from_bert)
        await check_redaction(anna, bert, room, readers)
        await check_paging(bert, room, readers[1])
        await check_other_workers(cluster, anna, bert, room, readers[1])
    finally:
        await anna.close()
        await bert.close()


async def check_exchange(readers: list[Reader], from_anna: list[str], from_bert: list[str]) -> None:
    """Each message once, in one order for both, each sender's in the order they were sent."""
    first, second = (reader.seen for reader in readers)
    assert first == second
    assert len(first) == len(set(first)) == 2 * MESSAGES_EACH
    for sent in (from_anna, from_bert):
        mine = set(sent)
        assert [event for event in first if event in mine] == sent


async def check_redaction(anna: AsyncClient, bert: AsyncClient, room: str, readers: list[Reader]) -> None:
    target = readers[0].seen[-1]
    accepted(await anna.room_redact(room, target, "a slip"), answers.RoomRedactResponse)
    event = accepted(await bert.room_get_event(room, target), answers.RoomGetEventResponse).event
    assert "body" not in event.source["content"]
    assert event.source["unsigned"]["redacted_because"]["content"]["reason"] == "a slip"


async def check_paging(client: AsyncClient, room: str, reader: Reader) -> None:
    """Paged back from the end, the history is what the syncs brought."""
    events = await page_back(client, room, reader.token)
    assert [event.event_id for event in reversed(events) if event.source["type"] == "m.room.message"] == reader.seen
    assert events[-1].source["type"] == "m.room.create"


async def check_other_workers(cluster, anna: AsyncClient, bert: AsyncClient, room: str, reader: Reader) -> None:
    """Started again with the stored token on another sync worker, nothing is missing and nothing comes twice."""
    workers = cluster.sync_workers()
    assert len(workers) >= 2
    await reader.sync()
    for number, address in enumerate(workers * 2):
        text = {"msgtype": "m.text", "body": f"restart {number}"}
        sent = accepted(
            await anna.room_send(room, "m.room.message", text, tx_id=f"restart{number}"), answers.RoomSendResponse
        )
        restarted = AsyncClient(address, bert.user_id)
        try:
            restarted.restore_login(bert.user_id, bert.device_id, bert.access_token)
            again = Reader(restarted, room)
            again.token = reader.token
            await again.sync_until(1)
            assert again.seen == [sent.event_id]
            reader.token = again.token
        finally:
            await restarted.close()


def test_two_people_chat_and_see_every_message_once_in_one_order(cluster):
    asyncio.run(chat(cluster))
