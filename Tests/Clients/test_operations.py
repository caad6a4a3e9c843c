"""Every operation that is served, through the router, answers in the specification's form.

One cluster and one crowd for all: later tests see what earlier ones have left. The last one looks whether all were called.
"""

import os
import struct
import subprocess
import threading
import time
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api import Api, Person, add_address, password_auth, shown
from specification import normalized, operations
from waiting import wait_until

PRESENCE_SECONDS_MAX = 30

# Served so that it is refused as the specification says.
NEVER_SUCCEEDS = {
    "inviteBy3PID": "there is no identity server to ask; IdentityTests has one",
    "bind3PID": "there is no identity server to ask; IdentityTests has one",
    "requestTokenTo3PIDMSISDN": "no text messages are sent",
    "requestTokenToRegisterMSISDN": "no text messages are sent",
    "requestTokenToResetPasswordMSISDN": "no text messages are sent",
    "getContent": "frozen: it serves what is from before media needed a token; DownloadTests has some",
    "getContentOverrideName": "frozen, as getContent",
    "getContentThumbnail": "frozen, as getContent",
}


@pytest.fixture(scope="module")
def api(cluster) -> Api:
    return Api(cluster.url)


@pytest.fixture(scope="module")
def alice(api) -> Person:
    return api.register("alice")


@pytest.fixture(scope="module")
def bob(api) -> Person:
    return api.register("bob")


@pytest.fixture(scope="module")
def room(api, alice, bob) -> str:
    """A room of both."""
    room = api.create_room(alice, preset="public_chat", name="The room", topic="All of it", invite=[bob.id])
    api.call("joinRoomById", bob, roomId=room)
    return room


@pytest.fixture(scope="module")
def routes(cluster) -> set[str]:
    """What the workers serve, as method and path without the parameters' names."""
    listed = subprocess.run([str(cluster.programs / "apus"), "routes"], check=True, capture_output=True, text=True)
    return {" ".join(normalized(line).split()[:2]) for line in listed.stdout.splitlines()}


def test_discovery(api, alice):
    assert "v1.19" in api.call("getVersions")["versions"]
    assert api.call("getWellknown")["org.matrix.msc4143.rtc_foci"][0]["type"] == "livekit"
    api.call("getCapabilities", alice)
    assert api.call("getWellknownSupport")["contacts"][0]["role"] == "m.role.admin"
    assert "ed25519" in api.call("getWellknownPolicy")["public_keys"]
    assert api.call("getTurnServer", alice)["username"].endswith(alice.id)


def test_single_sign_on(api):
    assert any(flow["type"] == "m.login.sso" for flow in api.call("getLoginFlows")["flows"])
    query = {"redirectUrl": "https://app.example.org/"}
    assert api.redirected("redirectToSSO", query).startswith("/oauth2/sso?")
    assert api.redirected("redirectToIdP", query, idpId="oidc").startswith("/oauth2/upstream?")


def test_accounts(api):
    api.call("checkUsernameAvailability", query={"username": uuid.uuid4().hex})
    assert api.call("registrationTokenValidity", query={"token": "x"})["valid"] is False
    assert {"type": "m.login.password"}.items() <= api.call("getLoginFlows")["flows"][0].items()
    carol = api.register("carol")
    identifier = {"type": "m.id.user", "user": carol.id}
    login = {"type": "m.login.password", "identifier": identifier, "password": carol.password}
    second = api.call("login", body=login | {"refresh_token": True})
    refreshed = api.call("refresh", body={"refresh_token": second["refresh_token"]})
    other = Person(carol.id, refreshed["access_token"], second["device_id"], carol.password)
    assert api.call("getTokenOwner", other)["user_id"] == carol.id
    session = api.call("changePassword", carol, {"new_password": "another"}, status=401)["session"]
    api.call(
        "changePassword", carol, {"new_password": "another", "auth": password_auth(carol, session), "logout_devices": False}
    )
    api.call("logout", other)
    api.until_refused("getTokenOwner", 401, "M_UNKNOWN_TOKEN", other)
    api.call("logout_all", carol)


def test_more_of_accounts(api):
    eve = api.register("eve")
    session = api.call("generateLoginToken", eve, {}, status=401)["session"]
    token = api.call("generateLoginToken", eve, {"auth": password_auth(eve, session)})["login_token"]
    assert api.call("login", body={"type": "m.login.token", "token": token})["user_id"] == eve.id
    api.refuse("login", 403, "M_FORBIDDEN", body={"type": "m.login.token", "token": token})
    api.call("requestOpenIdToken", eve, {}, userId=eve.id)
    assert "authorization_code" in api.call("getAuthMetadata")["grant_types_supported"]
    session = api.call("deactivateAccount", eve, {}, status=401)["session"]
    api.call("deactivateAccount", eve, {"auth": password_auth(eve, session), "erase": True})
    api.until_refused("getTokenOwner", 401, "M_UNKNOWN_TOKEN", eve)


def test_contacts(api, mail):
    fred = api.register("fred")
    assert api.call("getAccount3PIDs", fred)["threepids"] == []
    first, second, third = (f"{uuid.uuid4().hex}@example.org" for _ in range(3))
    made_up = {"client_secret": "s", "sid": "x"}
    session = api.call("add3PID", fred, made_up, status=401)["session"]
    auth = {"auth": password_auth(fred, session)}
    api.refuse("add3PID", 400, "M_THREEPID_AUTH_FAILED", fred, made_up | auth)
    api.refuse("post3PIDs", 400, "M_THREEPID_AUTH_FAILED", fred, {"three_pid_creds": made_up} | auth)
    add_address(api, fred, shown(api, mail, "requestTokenTo3PIDEmail", first))
    credentials = {"three_pid_creds": shown(api, mail, "requestTokenTo3PIDEmail", second)}
    # The specification knows nothing of a password here; whoever has the address can have the account.
    status, challenge = api.send("POST", "/_matrix/client/v3/account/3pid", fred.token, credentials)
    assert status == 401
    api.call("post3PIDs", fred, credentials | {"auth": password_auth(fred, challenge["session"])})
    assert [found["address"] for found in api.call("getAccount3PIDs", fred)["threepids"]] == [first, second]
    wanted = {"client_secret": "s", "email": first, "send_attempt": 1}
    api.call("requestTokenToResetPasswordEmail", body=wanted)
    api.refuse("requestTokenToRegisterEmail", 400, "M_THREEPID_IN_USE", body=wanted)
    api.call("requestTokenToRegisterEmail", body=wanted | {"email": third})
    mail.wait_for(first, 2)
    mail.wait_for(third)
    address = {"medium": "email", "address": second}
    api.call("delete3pidFromAccount", fred, address)
    api.call("unbind3pidFromAccount", fred, address)
    assert len(api.call("getAccount3PIDs", fred)["threepids"]) == 1
    phone = {"client_secret": "s", "country": "GB", "phone_number": "1", "send_attempt": 1}
    for operation in ("requestTokenToRegisterMSISDN", "requestTokenTo3PIDMSISDN", "requestTokenToResetPasswordMSISDN"):
        api.refuse(operation, 400, "M_THREEPID_MEDIUM_NOT_SUPPORTED", body=phone)
    bound = {"client_secret": "s", "sid": "x", "id_server": "127.0.0.1:1", "id_access_token": "x"}
    api.refuse("bind3PID", 400, "M_SERVER_NOT_TRUSTED", fred, bound)


def test_administration(api, cluster):
    gina = api.register("gina")
    name, password = f"root-{uuid.uuid4().hex[:8]}", "the password of root"
    made = [str(cluster.programs / "apus"), "user", "create", name, "--password", password, "--admin"]
    subprocess.run([*made, "--state", str(cluster.state)], check=True, capture_output=True, timeout=30)
    login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password}
    session = api.call("login", body=login)
    root = Person(session["user_id"], session["access_token"], session["device_id"], password)
    assert api.call("getWhoIs", root, userId=gina.id)["user_id"] == gina.id
    api.refuse("getWhoIs", 403, "M_FORBIDDEN", gina, userId=root.id)
    assert api.call("getAdminSuspendUser", root, userId=gina.id) == {"suspended": False}
    assert api.call("setAdminSuspendUser", root, {"suspended": True}, userId=gina.id) == {"suspended": True}
    api.refuse("setAdminSuspendUser", 403, "M_FORBIDDEN", gina, {"suspended": False}, userId=gina.id)
    assert api.call("getAdminLockUser", root, userId=gina.id) == {"locked": False}
    assert api.call("setAdminLockUser", root, {"locked": True}, userId=gina.id) == {"locked": True}
    api.until_refused("getTokenOwner", 401, "M_USER_LOCKED", gina)


def test_devices(api):
    dora = api.register("dora")
    login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": dora.id}, "password": dora.password}
    others = [api.call("login", body=login)["device_id"] for _ in range(2)]
    assert len(api.call("getDevices", dora)["devices"]) == 3
    api.call("updateDevice", dora, {"display_name": "renamed"}, deviceId=others[0])
    assert api.call("getDevice", dora, deviceId=others[0])["display_name"] == "renamed"
    session = api.call("deleteDevice", dora, {}, status=401, deviceId=others[0])["session"]
    api.call("deleteDevice", dora, {"auth": password_auth(dora, session)}, deviceId=others[0])
    session = api.call("deleteDevices", dora, {"devices": [others[1]]}, status=401)["session"]
    api.call("deleteDevices", dora, {"devices": [others[1]], "auth": password_auth(dora, session)})
    api.refuse("getDevice", 404, "M_NOT_FOUND", dora, deviceId=others[0])


def test_membership(api, alice, bob):
    private = api.create_room(alice, preset="private_chat", room_version="11")
    api.call("inviteUser", alice, {"user_id": bob.id, "reason": "come"}, roomId=private)
    by_mail = {"id_server": "127.0.0.1:1", "id_access_token": "x", "medium": "email", "address": "eve@example.org"}
    api.refuse("inviteBy3PID", 400, "M_SERVER_NOT_TRUSTED", alice, by_mail, roomId=private)
    assert private in api.sync(bob)["rooms"]["invite"]
    api.call("joinRoom", bob, {}, roomIdOrAlias=private)
    assert private in api.call("getJoinedRooms", bob)["joined_rooms"]
    api.call("kick", alice, {"user_id": bob.id}, roomId=private)
    api.call("ban", alice, {"user_id": bob.id}, roomId=private)
    api.refuse("joinRoomById", 403, "M_FORBIDDEN", bob, {}, roomId=private)
    api.call("unban", alice, {"user_id": bob.id}, roomId=private)
    api.call("forgetRoom", bob, {}, roomId=private)
    api.call("leaveRoom", alice, {"reason": "done"}, roomId=private)


def test_state(api, alice, bob, room):
    api.call("setRoomStateWithKey", alice, {"topic": "news"}, roomId=room, eventType="m.room.topic", stateKey="")
    assert api.call("getRoomStateWithKey", bob, roomId=room, eventType="m.room.topic", stateKey="")["topic"] == "news"
    assert any(event["type"] == "m.room.create" for event in api.call("getRoomState", bob, roomId=room))
    assert len(api.call("getMembersByRoom", bob, roomId=room, query={"membership": "join"})["chunk"]) == 2
    assert set(api.call("getJoinedMembersByRoom", bob, roomId=room)["joined"]) == {alice.id, bob.id}
    api.refuse(
        "setRoomStateWithKey", 403, "M_FORBIDDEN", bob, {"name": "mine"}, roomId=room, eventType="m.room.name", stateKey=""
    )


def test_messages(api, alice, bob, room):
    sent = [api.say(alice, room, f"message {number}") for number in range(6)]
    api.call("redactEvent", alice, {"reason": "wrong"}, roomId=room, eventId=sent[0], txnId="r")
    page = api.call("getRoomEvents", bob, roomId=room, query={"dir": "b", "limit": 4})
    api.call("getRoomEvents", bob, roomId=room, query={"dir": "b", "from": page["end"]})
    around = api.call("getEventContext", bob, roomId=room, eventId=sent[2], query={"limit": 4})
    assert around["event"]["event_id"] == sent[2]
    assert api.call("getOneRoomEvent", bob, roomId=room, eventId=sent[0])["unsigned"]["redacted_because"]
    assert api.call("getOneEvent", bob, eventId=sent[1])["room_id"] == room
    api.refuse("getOneRoomEvent", 404, "M_NOT_FOUND", bob, roomId=room, eventId="$nothing")


def test_syncs(api, alice, bob, room):
    first = api.sync(bob)
    assert room in first["rooms"]["join"]
    api.say(alice, room, "since")
    assert api.sync(bob, first["next_batch"])["rooms"]["join"][room]["timeline"]["events"]
    api.sync(bob, first["next_batch"], full_state="true", use_state_after="true")
    filter_id = api.call("defineFilter", bob, {"room": {"timeline": {"limit": 1}}}, userId=bob.id)["filter_id"]
    api.call("getFilter", bob, userId=bob.id, filterId=filter_id)
    lazy = '{"room":{"state":{"lazy_load_members":true},"timeline":{"limit":2}}}'
    api.sync(bob, filter=lazy)


def test_people(api, alice, bob, room):
    api.call("setProfileField", alice, {"displayname": "Alice"}, userId=alice.id, keyName="displayname")
    assert api.call("getProfileField", bob, userId=alice.id, keyName="displayname") == {"displayname": "Alice"}
    assert api.call("getUserProfile", userId=alice.id)["displayname"] == "Alice"
    api.call("deleteProfileField", alice, userId=alice.id, keyName="displayname")
    message = api.say(alice, room, "to be read")
    api.call("postReceipt", bob, {}, roomId=room, receiptType="m.read", eventId=message)
    api.call("setReadMarker", bob, {"m.fully_read": message, "m.read": message}, roomId=room)
    api.call("setTyping", bob, {"typing": True, "timeout": 5000}, roomId=room, userId=bob.id)
    news = api.sync(alice)["rooms"]["join"][room]
    assert any(event["type"] == "m.receipt" for event in news["ephemeral"]["events"])
    before = api.sync(bob)["next_batch"]
    messages = {bob.id: {"*": {"hello": "there"}}}
    api.call("sendToDevice", alice, {"messages": messages}, eventType="org.example.hello", txnId="1")
    assert api.sync(bob, before)["to_device"]["events"][0]["sender"] == alice.id


def test_presence(api, alice, bob, room):
    def is_told() -> bool:
        return api.call("getPresence", bob, userId=alice.id).get("status_msg") == "away"

    def content_in_a_first_sync() -> dict | None:
        seen = {event["sender"]: event["content"] for event in api.sync(bob)["presence"]["events"]}
        content = seen.get(alice.id, {})
        return content if content.get("status_msg") == "away" else None

    api.call("setPresence", alice, {"presence": "unavailable", "status_msg": "away"}, userId=alice.id)
    # Whoever has come and gone a lot is told of at a pace.
    wait_until(is_told, "alice is seen away", PRESENCE_SECONDS_MAX)
    # Each worker hears by itself, and looks up which rooms somebody is in.
    content = wait_until(content_in_a_first_sync, "a first sync has alice away", PRESENCE_SECONDS_MAX)
    assert content["presence"] == "unavailable"
    api.refuse("setPresence", 403, "M_FORBIDDEN", bob, {"presence": "offline"}, userId=alice.id)


def test_account_data(api, alice, room):
    mine = {"userId": alice.id}
    api.call("setAccountData", alice, {"some": "thing"}, type="org.example", **mine)
    assert api.call("getAccountData", alice, type="org.example", **mine) == {"some": "thing"}
    api.call("setAccountDataPerRoom", alice, {"some": "more"}, roomId=room, type="org.example", **mine)
    assert api.call("getAccountDataPerRoom", alice, roomId=room, type="org.example", **mine) == {"some": "more"}
    api.call("setRoomTag", alice, {"order": 0.5}, roomId=room, tag="u.work", **mine)
    assert api.call("getRoomTags", alice, roomId=room, **mine)["tags"] == {"u.work": {"order": 0.5}}
    api.call("deleteRoomTag", alice, roomId=room, tag="u.work", **mine)
    api.sync(alice)


def test_push_rules(api, alice):
    own = {"kind": "content", "ruleId": "cake"}
    assert len(api.call("getPushRules", alice)["global"]["override"]) >= 10
    api.call("setPushRule", alice, {"pattern": "cake", "actions": ["notify", {"set_tweak": "highlight"}]}, **own)
    api.call("setPushRule", alice, {"pattern": "tea", "actions": []}, query={"before": "cake"}, kind="content", ruleId="tea")
    assert [rule["rule_id"] for rule in api.call("getPushRulesGlobal", alice)["content"]] == ["tea", "cake"]
    api.refuse(
        "setPushRule", 400, "M_UNKNOWN", alice, {"pattern": "x", "actions": []}, query={"after": "gone"},
        kind="content", ruleId="x",
    )
    assert api.call("getPushRule", alice, **own)["pattern"] == "cake"
    api.call("setPushRuleEnabled", alice, {"enabled": False}, **own)
    assert api.call("isPushRuleEnabled", alice, **own) == {"enabled": False}
    api.call("setPushRuleActions", alice, {"actions": ["notify"]}, **own)
    assert api.call("getPushRuleActions", alice, **own) == {"actions": ["notify"]}
    rules = [event for event in api.sync(alice)["account_data"]["events"] if event["type"] == "m.push_rules"]
    assert [rule["rule_id"] for rule in rules[0]["content"]["global"]["content"]] == ["tea", "cake"]
    api.call("deletePushRule", alice, **own)
    api.refuse("getPushRule", 404, "M_NOT_FOUND", alice, **own)
    api.call("deletePushRule", alice, kind="content", ruleId="tea")


def test_pushers(api, alice, bob):
    pusher = {
        "app_id": "org.example", "pushkey": uuid.uuid4().hex, "kind": "http", "app_display_name": "A", "lang": "en",
        "device_display_name": "D", "data": {"url": "https://push.example.org/_matrix/push/v1/notify", "format": "event_id_only"},
    }
    api.call("postPusher", alice, pusher)
    assert [found["pushkey"] for found in api.call("getPushers", alice)["pushers"]] == [pusher["pushkey"]]
    api.call("postPusher", bob, pusher | {"append": True})
    assert len(api.call("getPushers", alice)["pushers"]) == 1
    api.call("postPusher", bob, pusher)
    assert api.call("getPushers", alice)["pushers"] == []
    api.call("postPusher", bob, {"app_id": pusher["app_id"], "pushkey": pusher["pushkey"], "kind": None})
    assert api.call("getPushers", bob)["pushers"] == []


def device_keys(person):
    return {"user_id": person.id, "device_id": person.device, "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": {f"ed25519:{person.device}": "A" * 43}, "signatures": {person.id: {f"ed25519:{person.device}": "s"}}}


def test_keys(api, alice, bob, room):
    before = api.sync(bob)["next_batch"]
    one_time = {"signed_curve25519:A": {"key": "k", "signatures": {}}}
    uploaded = api.call("uploadKeys", alice, {"device_keys": device_keys(alice), "one_time_keys": one_time})
    assert uploaded["one_time_key_counts"] == {"signed_curve25519": 1}
    found = api.call("queryKeys", bob, {"device_keys": {alice.id: []}})
    assert found["device_keys"][alice.id][alice.device]["user_id"] == alice.id
    after = api.sync(bob, before)
    assert alice.id in after["device_lists"]["changed"]
    wanted = {"one_time_keys": {alice.id: {alice.device: "signed_curve25519"}}}
    claimed = api.call("claimKeys", bob, wanted)["one_time_keys"]
    assert claimed == {alice.id: {alice.device: one_time}}
    assert api.call("claimKeys", bob, wanted)["one_time_keys"] == {}
    changes = api.call("getKeysChanges", bob, query={"from": before, "to": after["next_batch"]})
    assert alice.id in changes["changed"]
    key = {"user_id": alice.id, "usage": ["master"], "keys": {"ed25519:" + "B" * 43: "B" * 43}}
    api.call("uploadCrossSigningKeys", alice, {"master_key": key})
    api.call("uploadCrossSigningKeys", alice, {"master_key": key})
    other = key | {"keys": {"ed25519:" + "C" * 43: "C" * 43}}
    status, challenge = api.send("POST", "/_matrix/client/v3/keys/device_signing/upload", alice.token, {"master_key": other})
    assert status == 401 and challenge["session"]
    signed = api.call("uploadCrossSigningSignatures", alice, {alice.id: {alice.device: device_keys(alice)}})
    assert signed["failures"][alice.id][alice.device]["errcode"] == "M_INVALID_SIGNATURE"


def test_key_backup(api, bob):
    made = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "k", "signatures": {}}}
    api.refuse("getRoomKeysVersionCurrent", 404, "M_NOT_FOUND", bob)
    version = api.call("postRoomKeysVersion", bob, made)["version"]
    assert api.call("getRoomKeysVersionCurrent", bob)["version"] == version
    api.call("putRoomKeysVersion", bob, made, version=version)
    assert api.call("getRoomKeysVersion", bob, version=version)["count"] == 0
    data = {"ephemeral": "a", "ciphertext": "b", "mac": "c"}
    key = {"first_message_index": 0, "forwarded_count": 0, "is_verified": False, "session_data": data}
    of_version, place = {"version": version}, {"roomId": "!room:example.org"}
    api.call("putRoomKeyBySessionId", bob, key, query=of_version, sessionId="one", **place)
    api.call("putRoomKeysByRoomId", bob, {"sessions": {"two": key}}, query=of_version, **place)
    stored = api.call("putRoomKeys", bob, {"rooms": {"!other:example.org": {"sessions": {"one": key}}}}, query=of_version)
    assert stored["count"] == 3
    api.refuse("putRoomKeys", 403, "M_WRONG_ROOM_KEYS_VERSION", bob, {"rooms": {}}, query={"version": "99"})
    assert set(api.call("getRoomKeys", bob, query=of_version)["rooms"]) == {"!room:example.org", "!other:example.org"}
    assert set(api.call("getRoomKeysByRoomId", bob, query=of_version, **place)["sessions"]) == {"one", "two"}
    assert api.call("getRoomKeyBySessionId", bob, query=of_version, sessionId="one", **place) == key
    assert api.call("deleteRoomKeyBySessionId", bob, query=of_version, sessionId="one", **place)["count"] == 2
    assert api.call("deleteRoomKeysByRoomId", bob, query=of_version, **place)["count"] == 1
    assert api.call("deleteRoomKeys", bob, query=of_version)["count"] == 0
    api.call("deleteRoomKeysVersion", bob, version=version)


def test_aliases(api, alice, bob, room):
    alias = f"#{uuid.uuid4().hex}:{alice.id.split(':', 1)[1]}"
    api.call("setRoomAlias", alice, {"room_id": room}, roomAlias=alias)
    assert api.call("getRoomIdByAlias", roomAlias=alias)["room_id"] == room
    assert api.call("getLocalAliases", bob, roomId=room)["aliases"] == [alias]
    api.refuse("deleteRoomAlias", 403, "M_FORBIDDEN", bob, roomAlias=alias)
    api.call("deleteRoomAlias", alice, roomAlias=alias)


def test_relations(api, alice, bob, room):
    root = api.say(alice, room, "the root")
    reply = {"rel_type": "m.thread", "event_id": root}
    answers = [api.say(bob, room, f"answer {number}", **{"m.relates_to": reply}) for number in range(3)]
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👍"}}
    react = {"roomId": room, "eventType": "m.reaction"}
    api.call("sendMessage", bob, reaction, txnId=uuid.uuid4().hex, **react)
    api.call("sendMessage", bob, reaction, status=400, txnId=uuid.uuid4().hex, **react)
    api.say(
        alice, room, "* edited", **{"m.new_content": {"msgtype": "m.text", "body": "edited"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": root}},
    )
    of_root = {"roomId": room, "eventId": root}
    page = api.call("getRelatingEvents", bob, query={"limit": 2}, **of_root)
    assert len(page["chunk"]) == 2 and page["next_batch"]
    assert len(api.call("getRelatingEventsWithRelType", bob, relType="m.thread", **of_root)["chunk"]) == 3
    api.call("getRelatingEventsWithRelTypeAndEventType", bob, relType="m.annotation", eventType="m.reaction", **of_root)
    bundled = api.call("getOneRoomEvent", bob, **of_root)["unsigned"]["m.relations"]
    assert bundled["m.thread"]["count"] == 3 and bundled["m.thread"]["latest_event"]["event_id"] == answers[-1]
    assert bundled["m.replace"]["content"]["m.new_content"]["body"] == "edited"
    assert api.call("getThreadRoots", alice, roomId=room)["chunk"][0]["event_id"] == root
    api.call("getThreadRoots", bob, roomId=room, query={"include": "participated", "limit": 1})


def test_search_and_notifications(api, alice, bob, room):
    word = f"needle{uuid.uuid4().hex[:8]}"
    sent = api.say(alice, room, f"the {word} is here", **{"m.mentions": {"user_ids": [bob.id]}})
    searched = {"room_events": {"search_term": word, "event_context": {"before_limit": 1, "after_limit": 1}}}
    results = api.call("search", bob, {"search_categories": searched})["search_categories"]["room_events"]
    assert [result["result"]["event_id"] for result in results["results"]] == [sent]
    unread = api.sync(bob)["rooms"]["join"][room]["unread_notifications"]
    assert unread["notification_count"] >= 1 and unread["highlight_count"] >= 1
    assert api.call("getNotifications", bob, query={"limit": 5})["notifications"]
    api.call("postReceipt", bob, {}, roomId=room, receiptType="m.read", eventId=sent)
    assert api.sync(bob)["rooms"]["join"][room]["unread_notifications"]["notification_count"] == 0


def test_sliding_sync(api, alice, bob, room):
    path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"
    assert api.call("getVersions")["unstable_features"]["org.matrix.simplified_msc3575"]
    body = {"lists": {"all": {"ranges": [[0, 19]], "timeline_limit": 1, "required_state": [["m.room.member", "$LAZY"]]}}}
    status, first = api.send("POST", path, bob.token, body)
    assert status == 200 and first["rooms"][room]["initial"]
    sent = api.say(alice, room, "to the window")
    status, second = api.send("POST", path, bob.token, body, {"pos": first["pos"], "timeout": 5000})
    assert status == 200 and second["rooms"][room]["timeline"][-1]["event_id"] == sent
    # The position is a place to page back from.
    api.call("getRoomEvents", bob, roomId=room, query={"dir": "b", "from": second["pos"], "limit": 1})
    everything = {"timeline_limit": 1, "required_state": {"include": [{}]}}
    status, merged = api.send("POST", "/_matrix/client/v4/sync", bob.token, {"room_subscriptions": {room: everything}})
    assert status == 200 and merged["rooms"][room]["membership"] == "join"
    status, refused = api.send("POST", path, alice.token, body, {"pos": first["pos"]})
    assert (status, refused["errcode"]) == (400, "M_UNKNOWN_POS")


def test_calls(api, alice, bob, room):
    """What Element Call needs: transports, a delayed hang-up kept off by heart-beats, and who is there, sticking."""
    status, transports = api.send("GET", "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports", alice.token)
    assert status == 200 and transports["rtc_transports"][0]["livekit_service_url"].startswith("https://rtc.")
    delays = "/_matrix/client/unstable/org.matrix.msc4140"
    hang_up = {"delay_ms": 600_000, "content": {}, "state_key": f"_{alice.id}_D"}
    path = f"{delays}/rooms/{room}/delayed_event/org.matrix.msc3401.call.member/hangup"
    status, delay = api.send("PUT", path, alice.token, hang_up)
    assert status == 200
    assert api.send("POST", f"{delays}/delayed_events/{delay['delay_id']}/restart")[0] == 200
    assert api.send("POST", f"{delays}/delayed_events/{delay['delay_id']}/cancel")[0] == 200
    since = api.sync(bob)["next_batch"]
    path = f"/_matrix/client/v3/rooms/{room}/send/org.matrix.msc4143.rtc.member/{uuid.uuid4().hex}"
    sticky = {"org.matrix.msc4354.sticky_duration_ms": 60_000}
    status, sent = api.send("PUT", path, alice.token, {"msc4354_sticky_key": "D"}, sticky)
    assert status == 200
    nothing = '{"room":{"timeline":{"types":[]}}}'
    told = api.sync(bob, since, filter=nothing)["rooms"]["join"][room]["msc4354_sticky"]["events"]
    assert [event["event_id"] for event in told] == [sent["event_id"]]


def test_meeting_places(api):
    path = "/_matrix/client/unstable/io.element.msc4388/rendezvous"
    assert api.send("GET", path) == (200, {"create_available": True})
    status, made = api.send("POST", path, body={"data": "from A"})
    assert status == 200
    status, written = api.send("PUT", f"{path}/{made['id']}", body={"sequence_token": made["sequence_token"], "data": "b"})
    assert status == 200
    assert api.send("GET", f"{path}/{made['id']}")[1]["sequence_token"] == written["sequence_token"]
    assert api.send("DELETE", f"{path}/{made['id']}") == (200, {})


def test_what_sync_has_replaced(api, alice, bob, room):
    end = api.call("initialSync", bob, query={"limit": 2})["end"]
    api.say(alice, room, "for the old ones")
    assert api.call("getEvents", bob, query={"from": end, "timeout": 0})["chunk"]
    api.call("peekEvents", bob, query={"from": end, "timeout": 0, "room_id": room})
    api.call("roomInitialSync", bob, roomId=room, query={"limit": 2})


def test_knocking(api, alice, bob):
    closed = api.create_room(alice, preset="private_chat")
    api.call("setRoomStateWithKey", alice, {"join_rule": "knock"}, roomId=closed, eventType="m.room.join_rules", stateKey="")
    api.call("knockRoom", bob, {"reason": "please"}, roomIdOrAlias=closed)
    assert closed in api.sync(bob)["rooms"]["knock"]
    api.call("inviteUser", alice, {"user_id": bob.id}, roomId=closed)
    api.call("joinRoomById", bob, {}, roomId=closed)


def test_spaces_and_upgrades(api, alice, bob, room):
    space = api.create_room(alice, preset="public_chat", creation_content={"type": "m.space"}, name="The space")
    via = {"via": [alice.id.split(":", 1)[1]]}
    api.call("setRoomStateWithKey", alice, via, roomId=space, eventType="m.space.child", stateKey=room)
    rooms = api.call("getSpaceHierarchy", bob, roomId=space, query={"limit": 1})
    rooms = rooms["rooms"] + api.call("getSpaceHierarchy", bob, roomId=space, query={"from": rooms["next_batch"]})["rooms"]
    assert [found["room_id"] for found in rooms] == [space, room]
    assert api.call("getRoomSummary", bob, roomIdOrAlias=space)["room_id"] == space
    old = api.create_room(alice, preset="public_chat", room_version="10", name="Old")
    new = api.call("upgradeRoom", alice, {"new_version": "12"}, roomId=old)["replacement_room"]
    tombstone = api.call("getRoomStateWithKey", alice, roomId=old, eventType="m.room.tombstone", stateKey="")
    assert tombstone["replacement_room"] == new


def test_directories(api, alice, bob):
    name = f"listed{uuid.uuid4().hex[:8]}"
    listed = api.create_room(alice, preset="public_chat", visibility="public", name=name)
    assert api.call("getRoomVisibilityOnDirectory", roomId=listed)["visibility"] == "public"
    found = api.call("queryPublicRooms", bob, {"filter": {"generic_search_term": name}})
    assert [entry["room_id"] for entry in found["chunk"]] == [listed]
    assert api.call("getPublicRooms", query={"limit": 1})["chunk"]
    api.call("setRoomVisibilityOnDirectory", alice, {"visibility": "private"}, roomId=listed)
    api.call("joinRoomById", bob, {}, roomId=listed)
    people = api.call("searchUserDirectory", alice, {"search_term": bob.id[1:8]})["results"]
    assert bob.id in [person["user_id"] for person in people]
    assert listed in api.call("getMutualRooms", alice, query={"user_id": bob.id})["joined"]


def test_reports_and_times(api, alice, bob, room):
    sent = api.say(alice, room, "at this time")
    at = api.call("getOneRoomEvent", bob, roomId=room, eventId=sent)["origin_server_ts"]
    found = api.call("getEventByTimestamp", bob, roomId=room, query={"ts": at, "dir": "f"})
    assert found["origin_server_ts"] >= at
    api.call("reportEvent", bob, {"reason": "spam"}, roomId=room, eventId=sent)
    api.call("reportRoom", bob, {"reason": "spam"}, roomId=room)
    api.call("reportUser", bob, {"reason": "spam"}, userId=alice.id)


def test_media(api, alice, bob):
    assert api.call("getConfigAuthed", alice) == api.call("getConfig", alice)
    # Larger than what the router or a worker holds at once; several, so that each worker gets some.
    for number in range(4):
        content = bytes([number]) + os.urandom(3 << 20)
        uri = api.upload("uploadContent", alice, content, "image/png", {"filename": "Grüße.png"})["content_uri"]
        server, media = uri.removeprefix("mxc://").split("/")
        place = {"serverName": server, "mediaId": media}
        for reader in (alice, bob):
            read, headers = api.download("getContentAuthed", reader, **place)
            assert read == content and headers["Content-Type"] == "image/png"
            assert headers["Content-Disposition"] == "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe.png"
        named, headers = api.download("getContentOverrideNameAuthed", bob, fileName="b.png", **place)
        assert named == content and headers["Content-Disposition"] == 'inline; filename="b.png"'
        part, headers = api.download("getContentAuthed", bob, headers={"Range": "bytes=10-19"}, status=206, **place)
        assert part == content[10:20] and headers["Content-Range"] == f"bytes 10-19/{len(content)}"
        api.refuse("getContent", 404, "M_NOT_FOUND", **place)
        api.refuse("getContentOverrideName", 404, "M_NOT_FOUND", fileName="x", **place)
    api.refuse("getContentAuthed", 404, "M_NOT_FOUND", bob, serverName="elsewhere.example", mediaId="abc")


def test_thumbnails(api, alice, bob):
    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    def picture(width, height):
        rows = b"".join(b"\0" + bytes((x * y + x) % 256 for x in range(width * 3)) for y in range(height))
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    uri = api.upload("uploadContent", alice, picture(640, 320), "image/png")["content_uri"]
    server, media = uri.removeprefix("mxc://").split("/")
    place = {"serverName": server, "mediaId": media}
    asked = {"width": 96, "height": 96, "method": "crop"}
    # As often as there are workers, and more: made by one, served by all.
    found = {api.download("getContentThumbnailAuthed", bob, query=asked, **place)[0] for _ in range(6)}
    assert len(found) == 1 and found.pop().startswith(b"\xff\xd8\xff")
    api.refuse("getContentThumbnail", 404, "M_NOT_FOUND", query=asked, **place)
    text = api.upload("uploadContent", alice, b"no picture", "image/png")["content_uri"].rsplit("/", 1)[1]
    api.call("getContentThumbnailAuthed", bob, query=asked, status=400, serverName=server, mediaId=text)


def test_previews(api, alice):
    page = b"<html><head><title>A page</title><meta property='og:description' content='about it'></head></html>"

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        query = {"url": f"http://127.0.0.1:{server.server_port}/"}
        for operation in ("getUrlPreviewAuthed", "getUrlPreview"):
            assert api.call(operation, alice, query=query) == {"og:title": "A page", "og:description": "about it"}
        api.refuse("getUrlPreviewAuthed", 502, "M_UNKNOWN", alice, query={"url": "http://127.0.0.2/"})
    finally:
        server.shutdown()


def test_media_that_comes_after_its_address(api, alice, bob):
    created = api.call("createContent", alice)
    assert created["unused_expires_at"] > time.time() * 1000
    server, media = created["content_uri"].removeprefix("mxc://").split("/")
    place = {"serverName": server, "mediaId": media}
    api.call("getContentAuthed", bob, query={"timeout_ms": 0}, status=504, **place)
    api.upload("uploadContentToMXC", bob, b"no", "text/plain", status=403, **place)
    api.upload("uploadContentToMXC", alice, b"yes", "text/plain", **place)
    assert api.download("getContentAuthed", bob, **place)[0] == b"yes"
    api.upload("uploadContentToMXC", alice, b"again", "text/plain", status=409, **place)


def test_nobody_is_served_without_a_token(api, routes):
    for operation in operations().values():
        if operation.key not in routes or not operation.needs_token:
            continue
        path = normalized(operation.path).replace("{}", "x")
        for token, errcode in [(None, "M_MISSING_TOKEN"), ("unknown", "M_UNKNOWN_TOKEN")]:
            status, answer = api.send(operation.method, path, token)
            assert (status, answer.get("errcode")) == (401, errcode), f"{operation.id}: {status} {answer}"


def test_everything_served_was_called(api, routes):
    served = {operation.id for operation in operations().values() if operation.key in routes}
    successes = {operation for operation, statuses in api.answered.items() if statuses & {200, 302}}
    missing = served - successes - NEVER_SUCCEEDS.keys()
    assert not missing, missing
