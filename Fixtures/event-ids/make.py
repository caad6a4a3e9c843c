"""Writes events.json: content hashes and event IDs by room version, computed without Apus."""

import base64
import hashlib
import json
import pathlib


def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def unpadded(data, url_safe):
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return encode(data).decode("ascii").rstrip("=")


EVENT_KEYS = [
    "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth", "prev_events",
    "prev_state", "auth_events", "origin", "origin_server_ts", "membership",
]
LEVELS = ["ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"]


def kept_content(event, version):
    content = event["content"]
    kept = {
        "m.room.member": ["membership"] + (["join_authorised_via_users_server"] if version >= 9 else []),
        "m.room.create": list(content) if version >= 11 else ["creator"],
        "m.room.join_rules": ["join_rule"] + (["allow"] if version >= 8 else []),
        "m.room.power_levels": LEVELS + (["invite"] if version >= 11 else []),
        "m.room.aliases": ["aliases"] if version <= 5 else [],
        "m.room.history_visibility": ["history_visibility"],
        "m.room.redaction": ["redacts"] if version >= 11 else [],
    }.get(event["type"], [])
    result = {key: content[key] for key in kept if key in content}
    if event["type"] == "m.room.member" and version >= 11 and "third_party_invite" in content:
        signed = content["third_party_invite"].get("signed")
        result["third_party_invite"] = {} if signed is None else {"signed": signed}
    return result


def redacted(event, version):
    gone = {"origin", "membership", "prev_state"} if version >= 11 else set()
    result = {key: event[key] for key in EVENT_KEYS if key in event and key not in gone}
    result["content"] = kept_content(event, version)
    return result


def event_id(event, version):
    covered = redacted(event, version)
    covered.pop("signatures", None)
    return "$" + unpadded(hashlib.sha256(canonical(covered)).digest(), url_safe=version >= 4)


CONTENTS = {
    "m.room.message": {"body": "Grüße 😀 \u0001\"\\/", "msgtype": "m.text", "n": -9007199254740991},
    "m.room.member": {
        "membership": "invite", "displayname": "D", "join_authorised_via_users_server": "@c:c.test",
        "third_party_invite": {"display_name": "d", "signed": {"mxid": "@b:b.test", "token": "t", "signatures": {}}},
    },
    "m.room.create": {"creator": "@a:a.test", "room_version": "9", "m.federate": False},
    "m.room.join_rules": {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": "!r:a"}], "x": 1},
    "m.room.power_levels": {**{key: 50 for key in LEVELS}, "users": {"@a:a.test": 100}, "events": {"x": 1},
                            "invite": 0, "notifications": {"room": 20}},
    "m.room.aliases": {"aliases": ["#a:a.test"]},
    "m.room.history_visibility": {"history_visibility": "shared", "x": None},
    "m.room.redaction": {"redacts": "$x", "reason": "r"},
}


def event(kind, content):
    result = {
        "type": kind, "room_id": "!r:a.test", "sender": "@a:a.test", "origin": "a.test", "depth": 12,
        "origin_server_ts": 1700000000000, "prev_events": ["$p"], "auth_events": ["$c", "$m"], "content": content,
        "prev_state": [], "membership": "join", "unsigned": {"age": 4}, "signatures": {"a.test": {"ed25519:1": "s"}},
        "x": [True, None],
    }
    if kind not in ("m.room.message", "m.room.redaction"):
        result["state_key"] = ""
    covered = {key: value for key, value in result.items() if key not in ("unsigned", "signatures", "hashes")}
    result["hashes"] = {"sha256": unpadded(hashlib.sha256(canonical(covered)).digest(), url_safe=False)}
    return result


events = [event(kind, content) for kind, content in CONTENTS.items()]
path = pathlib.Path(__file__).with_name("events.json")
vectors = [{"event": e, "ids": {str(v): event_id(e, v) for v in range(3, 13)}} for e in events]
path.write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
