"""An account behind a PIN, which the caller has three tries to get right.

The account is that of the number the call comes from, and the PIN proves who is calling. A caller without an account
is treated like one with a wrong PIN, so nobody learns which numbers have one. Three wrong or missing PINs end the call
with a goodbye; with the right one there is a menu of two things to hear. A PIN is never spoken, never logged, and never
put in `call.data`.

Settings:
    pins      each number's PIN, as `python -c "from recipes.pin import hashed; print(hashed('4321'))"` makes it:
              `"+441314960123" = "9f1c…$07aa…"`. Without one nobody gets in
    accounts  what there is to hear: `"+441314960123" = { balance = "20 pounds", last_payment = "5 pounds on Monday" }`;
              what isn't there is regretted

To change: where `is_right` and `look_up` look, for a business has a database. Tries are counted call by call; to stop
somebody who calls again and again, count them there too.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING

from recipes._speaking import ask, sentence
from twiml import DefaultExt, FunctionExt, Gather, GotoExt, Hangup, LabelExt, ResponseExt, Say, Verb

if TYPE_CHECKING:
    from actors import Call

TRIES = 3
ROUNDS = 200_000
NOBODY = "00$00"


def hashed(pin: str, salt: str = "") -> str:
    """A PIN as the settings have it: a salt, and the hash of both.

    >>> hashed("4321", salt="5a17")
    '5a17$f32dbbfa82df5d53f3d6683bcbc7dc96'
    """
    salt = salt or secrets.token_hex(16)
    return f"{salt}${pbkdf2_hmac('sha256', pin.encode(), bytes.fromhex(salt), ROUNDS, 16).hex()}"


def is_right(call: Call) -> bool:
    """Whether the keys are the caller's PIN. It takes as long for a number that has none."""
    known = str(call.settings.get("pins", {}).get(call.from_, NOBODY))
    try:
        keyed = hashed(call.digits, known.partition("$")[0])
    except ValueError:
        call.log.error("pin_unreadable", reason="a PIN in the settings is not as `hashed` makes it")  # noqa: TRY400 - a traceback might tell the keys
        return False
    return hmac.compare_digest(keyed.encode(), known.encode())


def look_up(call: Call, what: str) -> str:
    """Something about the caller's account; empty if it isn't known."""
    return str(call.settings.get("accounts", {}).get(call.from_, {}).get(what, ""))


def check(call: Call) -> list[Verb]:
    """Let the caller in, ask again, or go on to the goodbye."""
    if is_right(call):
        return [GotoExt("account")]
    call.data["wrong"] = call.data.get("wrong", 0) + 1
    if call.data["wrong"] < TRIES:
        return [Say("Sorry, that was not right." if call.digits else "Sorry, I did not get that."), the_pin()]
    return []


def say_the_balance(call: Call) -> list[Verb]:
    """The first thing to hear, and the menu again."""
    balance = look_up(call, "balance")
    said = f"Your balance is {balance}" if balance else "Sorry, we can't tell your balance at the moment"
    return [sentence(said), menu()]


def say_the_last_payment(call: Call) -> list[Verb]:
    """The second, and the menu again."""
    payment = look_up(call, "last_payment")
    said = f"Your last payment was {payment}" if payment else "Sorry, we have no payment of yours on record"
    return [sentence(said), menu()]


def the_pin() -> Gather:
    """Ask for the PIN. Whatever is keyed is checked, and so is silence: each is a try."""
    return Gather(
        [Say("Please key in your PIN, and then press hash.")],
        timeout=10,
        finish_on_key="#",
        after_ext=[DefaultExt("any keys, or none", [FunctionExt("check the PIN", fn=check)])],
    )


def menu() -> Gather:
    """What there is to hear. What stands after it, a goodbye, is for who wants to end the call or keeps silent."""
    return ask(
        "For your balance, press 1. For your last payment, press 2. To end the call, press 9.",
        [
            ResponseExt("1", "balance", [FunctionExt("say the balance", fn=say_the_balance)]),
            ResponseExt("2", "last payment", [FunctionExt("say the last payment", fn=say_the_last_payment)]),
            ResponseExt("9", "end the call", []),
        ],
        otherwise=[],
    )


recipe = [
    Say("Welcome to your account."),
    the_pin(),
    Say("I am sorry, I can't let you in. Please call again when you have your PIN at hand. Goodbye."),
    Hangup(),
    LabelExt("account"),
    Say("Thank you."),
    menu(),
    Say("Thank you for calling. Goodbye."),
]
