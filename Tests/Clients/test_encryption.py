"""Two people whose devices encrypt, with matrix-nio: every message decrypts while all workers are replaced."""

import asyncio
import json
import subprocess
import tempfile
import urllib.request
import uuid
from base64 import b64encode

import vodozemac
from nio import AsyncClient, AsyncClientConfig, MegolmEvent, RoomMessageText, RoomPreset
from nio import responses as answers
from nio.crypto import InboundGroupSession

from api import Api, Person
from test_matrix_nio import accepted, page_back, shared_room

MESSAGES_MIN = 200
ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}
# Sessions are replaced often, so that many keys are on their way while workers go.
MESSAGES_PER_SESSION = 5
BACKUP_ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
SYNC_WAIT_MS = 2_000
VERIFICATION_SECONDS_MAX = 60
TALK_SECONDS_MAX = 240
USERS_MAX = 20


class Device:
    """A device that encrypts: what sync brings it of one room, in order."""

    def __init__(self, client: AsyncClient, password: str):
        self.client = client
        self.password = password
        self.said = 0
        self.read: list[str] = []
        self.undecrypted: list[MegolmEvent] = []
        client.add_event_callback(self.note, (RoomMessageText, MegolmEvent))

    @classmethod
    async def login(cls, url: str, user: str, password: str, folder: str) -> "Device":
        config = AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, encryption_enabled=True)
        client = AsyncClient(url, user, store_path=folder, config=config)
        accepted(await client.login(password), answers.LoginResponse)
        return cls(client, password)

    @classmethod
    async def of_new_user(cls, url: str, name: str, folder: str) -> "Device":
        localpart = f"{name}-{uuid.uuid4().hex[:8]}"
        registering = AsyncClient(url, localpart)
        registered = accepted(await registering.register(localpart, "a password"), answers.RegisterResponse)
        await registering.close()
        return await cls.login(url, registered.user_id, "a password", folder)

    @property
    def id(self) -> str:
        return self.client.device_id

    async def note(self, _, event) -> None:
        if isinstance(event, MegolmEvent):
            self.undecrypted.append(event)
        else:
            self.read.append(event.body)

    async def turn(self) -> None:
        """One round of what a client does all the time: its keys, others' keys, what it has to send, and a sync."""
        client = self.client
        if client.should_upload_keys:
            accepted(await client.keys_upload(), answers.KeysUploadResponse)
        if client.should_query_keys:
            accepted(await client.keys_query(), answers.KeysQueryResponse)
        if client.should_claim_keys:
            accepted(await client.keys_claim(client.get_users_for_key_claiming()), answers.KeysClaimResponse)
        for sent in await client.send_to_device_messages():
            accepted(sent, answers.ToDeviceResponse)
        accepted(await client.sync(SYNC_WAIT_MS), answers.SyncResponse)

    async def say(self, room: str, text: str) -> None:
        if self.said % MESSAGES_PER_SESSION == 0:
            self.client.invalidate_outbound_session(room)
        self.said += 1
        content = {"msgtype": "m.text", "body": text}
        accepted(await self.client.room_send(room, "m.room.message", content), answers.RoomSendResponse)

    async def turn_until_read(self, text: str) -> None:
        while text not in self.read:
            await self.turn()

    def device_of(self, other: "Device"):
        return self.client.device_store[other.client.user_id][other.id]


def syncs_answered(worker: dict) -> int:
    url = f"http://{worker['operations_address']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    counted = [line for line in lines if line.startswith("apus_http_requests_total") and 'class="sync"' in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in counted)


async def sync_worker_of(cluster, device: Device) -> str:
    """The sync worker to which the router sends this user's incremental syncs."""
    workers = [w for w in cluster.status()["workers"] if w["kind"] == "sync" and w["phase"] == "ready"]
    before = {worker["id"]: syncs_answered(worker) for worker in workers}
    accepted(await device.client.sync(0), answers.SyncResponse)
    [serving] = [worker["id"] for worker in workers if syncs_answered(worker) > before[worker["id"]]]
    return serving


async def devices_of_two_workers(cluster, folder: str) -> tuple[Device, Device]:
    anna = await Device.of_new_user(cluster.url, "anna", folder)
    accepted(await anna.client.sync(0), answers.SyncResponse)
    serving_anna = await sync_worker_of(cluster, anna)
    for _ in range(USERS_MAX):
        bert = await Device.of_new_user(cluster.url, "bert", folder)
        accepted(await bert.client.sync(0), answers.SyncResponse)
        if await sync_worker_of(cluster, bert) != serving_anna:
            return anna, bert
        await bert.client.close()
    raise AssertionError(f"{USERS_MAX} users are all served by {serving_anna}")


async def verify(anna: Device, bert: Device) -> None:
    """Both compare emoji and confirm; each device is verified to the other afterwards."""
    accepted(await anna.client.start_key_verification(anna.device_of(bert)), answers.ToDeviceResponse)
    [transaction] = anna.client.key_verifications
    async with asyncio.timeout(VERIFICATION_SECONDS_MAX):
        while transaction not in bert.client.key_verifications:
            await bert.turn()
        accepted(await bert.client.accept_key_verification(transaction), answers.ToDeviceResponse)
        both = [device.client.key_verifications[transaction] for device in (anna, bert)]
        while not all(sas.established_sas for sas in both):
            await asyncio.gather(anna.turn(), bert.turn())
        assert both[0].get_emoji() == both[1].get_emoji()
        for device in (anna, bert):
            accepted(await device.client.confirm_short_auth_string(transaction), answers.ToDeviceResponse)
        while not (anna.device_of(bert).verified and bert.device_of(anna).verified):
            await asyncio.gather(anna.turn(), bert.turn())


async def talk_while_rolling(cluster, anna: Device, bert: Device, room: str) -> list[str]:
    """They answer each other until all workers have been replaced, and for 200 messages at least."""
    command = [str(cluster.programs / "apus"), "roll", "--state", str(cluster.state)]
    rolling = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    async with asyncio.timeout(TALK_SECONDS_MAX):
        while len(said) < MESSAGES_MIN or rolling.poll() is None:
            for speaker, listener in ((anna, bert), (bert, anna)):
                text = f"{len(said)} from {speaker.client.user_id}"
                await speaker.say(room, text)
                said.append(text)
                await listener.turn_until_read(text)
        for device in (anna, bert):
            await device.turn_until_read(said[-1])
    assert rolling.returncode == 0, rolling.stdout.read().decode()
    return said


def person(device: Device) -> Person:
    return Person(id=device.client.user_id, token=device.client.access_token, device=device.id, password=device.password)


def unpadded(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def back_up(api: Api, device: Device) -> vodozemac.PkDecryption:
    """Puts all of the device's sessions into a new backup; answers what restores them."""
    recovery = vodozemac.PkDecryption()
    auth_data = {"public_key": recovery.public_key.to_base64(), "signatures": {}}
    owner = person(device)
    version = api.call("postRoomKeysVersion", owner, {"algorithm": BACKUP_ALGORITHM, "auth_data": auth_data})["version"]
    encryption = vodozemac.PkEncryption.from_key(recovery.public_key)
    rooms: dict = {}
    for session in device.client.olm.inbound_group_store:
        exported = {
            "algorithm": "m.megolm.v1.aes-sha2", "forwarding_curve25519_key_chain": [],
            "sender_claimed_keys": {"ed25519": session.ed25519}, "sender_key": session.sender_key,
            "session_key": session.export_session(session.first_known_index),
        }
        message = encryption.encrypt(json.dumps(exported).encode())
        sessions = rooms.setdefault(session.room_id, {"sessions": {}})["sessions"]
        sessions[session.id] = {
            "first_message_index": session.first_known_index, "forwarded_count": 0, "is_verified": True,
            "session_data": {
                "ciphertext": unpadded(message.ciphertext), "mac": unpadded(message.mac),
                "ephemeral": unpadded(message.ephemeral_key),
            },
        }
    count = sum(len(room["sessions"]) for room in rooms.values())
    assert api.call("putRoomKeys", owner, {"rooms": rooms}, query={"version": version})["count"] == count
    return recovery


def restore(api: Api, device: Device, recovery: vodozemac.PkDecryption) -> int:
    """Takes all sessions of the user's backup into the device's store."""
    owner = person(device)
    version = api.call("getRoomKeysVersionCurrent", owner)["version"]
    restored = 0
    for room, kept in api.call("getRoomKeys", owner, query={"version": version})["rooms"].items():
        for data in kept["sessions"].values():
            secret = data["session_data"]
            message = vodozemac.Message.from_base64(secret["ciphertext"], secret["mac"], secret["ephemeral"])
            session = json.loads(recovery.decrypt(message))
            imported = InboundGroupSession.import_session(
                session["session_key"], session["sender_claimed_keys"]["ed25519"], session["sender_key"], room)
            restored += device.client.olm.inbound_group_store.add(imported)
    return restored


async def check_restoring(cluster, anna: Device, room: str, said: list[str], folder: str) -> None:
    """A new device reads nothing of what was said before, and all of it once it has the backup."""
    api = Api(cluster.url)
    recovery = back_up(api, anna)
    new = await Device.login(cluster.url, anna.client.user_id, anna.password, folder)
    try:
        await new.turn()
        before = await page_back(new.client, room, new.client.next_batch)
        assert any(isinstance(event, MegolmEvent) for event in before)
        assert not any(isinstance(event, RoomMessageText) for event in before)
        assert restore(api, new, recovery) >= len(said) / MESSAGES_PER_SESSION
        after = await page_back(new.client, room, new.client.next_batch)
        assert not [event for event in after if isinstance(event, MegolmEvent)]
        assert [event.body for event in reversed(after) if isinstance(event, RoomMessageText)] == said
    finally:
        await new.client.close()


async def encrypted_chat(cluster, folder: str) -> None:
    anna, bert = await devices_of_two_workers(cluster, folder)
    try:
        room = await shared_room(anna.client, bert.client)
        sent = await anna.client.room_put_state(room, "m.room.encryption", ENCRYPTION)
        accepted(sent, answers.RoomPutStateResponse)
        for device in (anna, bert, anna, bert):
            await device.turn()
        await verify(anna, bert)
        said = await talk_while_rolling(cluster, anna, bert, room)
        for device in (anna, bert):
            assert device.undecrypted == []
            assert device.read == said
        await check_restoring(cluster, anna, room, said, folder)
    finally:
        await anna.client.close()
        await bert.client.close()


def test_every_message_decrypts_while_workers_are_replaced(cluster):
    with tempfile.TemporaryDirectory(prefix="apus-encryption-") as folder:
        asyncio.run(encrypted_chat(cluster, folder))
