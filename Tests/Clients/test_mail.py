"""Notifications by mail, through the router and a mail server that asks for a login."""

import uuid

import pytest

from api import Api, add_address, shown
from mail import link
from waiting import wait_until

ARRIVAL_SECONDS_MAX = 20


@pytest.fixture(scope="module")
def api(cluster) -> Api:
    return Api(cluster.url)


def test_what_is_not_read_comes_by_mail(api, mail):
    greta, henry = api.register("greta"), api.register("henry")
    address = f"{uuid.uuid4().hex}@example.org"
    pusher = {
        "kind": "email", "app_id": "m.email", "pushkey": address, "app_display_name": "Email Notifications",
        "device_display_name": address, "lang": "en", "data": {"brand": "Test"}, "append": True,
    }
    api.refuse("postPusher", 400, "M_THREEPID_NOT_FOUND", greta, pusher)
    add_address(api, greta, shown(api, mail, "requestTokenTo3PIDEmail", address))
    api.refuse("postPusher", 400, "M_THREEPID_NOT_FOUND", henry, pusher)
    api.call("postPusher", greta, pusher)
    assert api.call("getPushers", greta)["pushers"][0]["kind"] == "email"

    room = api.create_room(henry, preset="public_chat", name="Küche")
    api.call("joinRoomById", greta, roomId=room)
    api.say(henry, room, "Is there cake?")
    digest = mail.wait_for(address, 2)
    assert digest["Subject"] == "New messages in Küche"
    assert "Is there cake?" in digest.get_content()
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    # As a mail program does it.
    assert "no more of these mails" in api.press(link(digest, "unsubscribe"), b"List-Unsubscribe=One-Click")
    assert api.call("getPushers", greta)["pushers"] == []


def test_what_is_read_does_not(api, mail):
    ida, john = api.register("ida"), api.register("john")
    address = f"{uuid.uuid4().hex}@example.org"
    add_address(api, ida, shown(api, mail, "requestTokenTo3PIDEmail", address))
    room = api.create_room(john, preset="public_chat", name="Hall")
    api.call("joinRoomById", ida, roomId=room)
    pusher = {
        "kind": "email", "app_id": "m.email", "pushkey": address, "app_display_name": "Email Notifications",
        "device_display_name": address, "lang": "en", "data": {},
    }
    api.call("postPusher", ida, pusher)
    read = api.say(john, room, "seen at once")
    api.call("postReceipt", ida, {}, roomId=room, receiptType="m.read", eventId=read)
    api.say(john, room, "not seen")
    content = mail.wait_for(address, 2).get_content()
    assert "not seen" in content and "seen at once" not in content
    # Whose address it is no more gets none of its mails.
    api.call("delete3pidFromAccount", ida, {"medium": "email", "address": address})
    wait_until(lambda: api.call("getPushers", ida)["pushers"] == [], "the pusher is gone", ARRIVAL_SECONDS_MAX)
