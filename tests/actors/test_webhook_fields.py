"""The table of fields: what a field makes of what comes, and that nothing is lost, whatever comes."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Event, Kind, Webhook
from actors.webhooks import Field, reference
from tests.actors.test_webhook_requests import LATER, ROWS, THEN, posted

ALL = {field.wire: field for group in Webhook.groups() for field in group.fields}

# what isn't what it should be


@pytest.mark.parametrize(
    ("wire", "odd"),
    [
        *[("QueueTime", text) for text in ("", "-1", "1.5", "soon", "٣", "9" * 5000)],
        *[
            ("Confidence", text)
            for text in ("", "high", "nan", "inf", "1e999", "0,9", "1_0", "9" * 5000, "\u0660.\u0669")
        ],
        *[("DialBridged", text) for text in ("", "yes", "1", "True ")],
        *[("Timestamp", text) for text in ("", "now", "2024-13-01", "2024-06-25T", "Thu, 32 Jul 2021 06:59:25 +0000")],
        *[("Timestamp", text) for text in ("٢٠٢٤-01-01", "Thu, 29 Jul 2021 06:59:25 +9999", "(" * 5000, "\ud800")],
        *[("AddOns", text) for text in ("", "null", "[1]", '"x"', "{", '{"a": NaN}', "[" * 100_000, "\ud800")],
        *[("CallToken", text) for text in ("%7B%7D", '{"a":' * 50_000)],
    ],
)
def test_what_is_not_what_it_should_be_reads_as_none_and_stays_as_it_came(wire: str, odd: str) -> None:
    event = {"QueueResult": "leave", "DialCallStatus": "busy", "SpeechResult": "x", "CallbackSource": "x"}
    webhook = Webhook({**event, wire: odd})
    assert getattr(webhook, ALL[wire].name) is None
    assert webhook.custom_params == {wire: odd}
    assert set(webhook.misfits) == ({wire} if odd else set())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sun, 25 Mar 2018 09:53:19 +0000", THEN),
        ("Sun, 25 Mar 2018 09:53:19 -0000", THEN),
        ("Sun, 25 Mar 2018 10:53:19 +0100", THEN),
        ("2018-03-25T09:53:19Z", THEN),
        ("2018-03-25T09:53:19", THEN),
        ("2018-03-25T11:53:19+02:00", THEN),
        ("2024-06-25T18:45:21.454203001Z", LATER),
    ],
)
def test_a_moment_has_its_zone(text: str, at: datetime) -> None:
    read = Webhook({"Timestamp": text}).timestamp
    assert read == at
    assert read is not None
    assert read.utcoffset() is not None


def test_media_beyond_a_gap_are_custom() -> None:
    """Address and type belong together by their place in the lists."""
    webhook = Webhook({"MessageSid": "SM1", "MediaUrl0": "a", "MediaUrl2": "c", "MediaUrl00": "d", "MediaUrl٣": "e"})
    assert webhook.media_urls == ["a"]
    assert webhook.custom_params == {"MediaUrl2": "c", "MediaUrl00": "d", "MediaUrl٣": "e"}


def test_custom_params_answer_for_what_has_got_a_name_meanwhile() -> None:
    """A recipe that read a field there before this version knew it goes on."""
    custom = Webhook({"CallSid": "CA1", "colour": "red"}).custom_params
    assert (custom["CallSid"], custom.get("CallSid"), custom.get("size"), custom.get("size", "L")) == (
        *("CA1", "CA1", None, "L"),
    )
    assert custom == {"colour": "red"}
    assert list(custom) == ["colour"]
    assert json.dumps(custom) == '{"colour": "red"}'
    assert "CallSid" not in custom
    with pytest.raises(KeyError, match="size"):
        custom["size"]


# nothing is lost

TEXT = st.text(max_size=8) | st.sampled_from(["true", "12", "0.5", "{}", "completed", "2024-06-25T18:45:21Z", "\ud800"])
NAMES = st.sampled_from([*sorted(ALL), *(f"MediaUrl{number}" for number in range(4)), "SipHeader_X-A", "ToCity"]) | TEXT
PATHS = st.sampled_from(["", "1", "1.2", "hours", "recording", "transcription", "status"]) | TEXT


def names_of(field: Field[Any], webhook: Webhook) -> set[str]:
    return {name for name, *_ in field.taken(webhook.params)}


@given(st.dictionaries(NAMES, TEXT), PATHS)
def test_every_parameter_is_typed_or_custom_and_none_is_both(params: dict[str, str], path: str) -> None:
    webhook = Webhook(params, "menu", path)
    custom = webhook.custom_params
    typed = {name for block in webhook._typed() for field in block for name in names_of(field, webhook)}
    assert typed | set(custom) == set(params)
    assert not typed & set(custom)
    assert all(params[name] == value for name, value in custom.items())


@given(st.dictionaries(NAMES, TEXT), PATHS)
def test_no_fields_at_all_make_anything_raise(params: dict[str, str], path: str) -> None:
    webhook = Webhook(params, "menu", path)
    for field in ALL.values():
        value = getattr(webhook, field.name)
        assert value is not None or field.missing is None
    assert all(line.isprintable() for line in webhook.pretty().split("\n"))
    assert webhook.why
    assert webhook.event in Event
    assert set(webhook.misfits) <= set(webhook.custom_params)


@given(st.binary(max_size=200), PATHS)
def test_no_bytes_at_all_make_anything_raise(data: bytes, path: str) -> None:
    webhook = posted(path, data.decode("utf-8", "replace"))
    assert set(webhook.custom_params) <= set(webhook.params)
    assert webhook.pretty()


@pytest.mark.parametrize(
    "body", ["CallSid=CA1&FromCity=Z%FCrich", "CallSid=CA1&FromCity=%C3%28&%FF=%FE", "CallSid=CA1&a=%ED%A0%80"]
)
def test_a_wrong_encoding_loses_no_field(body: str) -> None:
    webhook = posted("", body)
    assert webhook.call_sid == "CA1"
    assert len(webhook.params) == body.count("=")
    assert "CA1" in webhook.pretty()


@pytest.mark.parametrize("name", ["x{}", "MediaUrl{}", "SipHeader_X-{}", "DialSipHeader_{}", "{}"])
def test_ten_thousand_fields_take_no_longer_than_they_must(name: str) -> None:
    params = {"MessageSid": "SM1", "DialCallStatus": "busy"} | {name.format(number): "v" for number in range(10_000)}
    webhook = Webhook(params, "menu", "1.2")
    begun = time.perf_counter()
    shown = webhook.pretty()
    assert time.perf_counter() - begun < 20
    assert shown.count('"v"') == 10_000
    assert webhook.kind is Kind.GOTO_STATE


# the table


def test_the_table_names_a_field_once() -> None:
    fields = [field for group in Webhook.groups() for field in group.fields]
    assert [name for name, times in Counter(field.wire for field in fields).items() if times > 1] == []
    assert [name for name, times in Counter(field.name for field in fields).items() if times > 1] == []


def test_a_field_is_called_as_on_the_wire_but_for_these() -> None:
    other = {
        field.wire: field.name
        for field in ALL.values()
        if re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field.wire).lower() != field.name.removesuffix("_")
    }
    assert other == {
        "SpeechResult": "speech",
        "DialCallStatus": "dial_status",
        "CallDuration": "duration",
        "Duration": "billed_minutes",
        "MediaUrl": "media_urls",
        "MediaContentType": "media_content_types",
        "SipHeader_": "sip_headers",
        "DialSipHeader_": "dial_sip_headers",
    }


@pytest.mark.parametrize("field", ALL.values(), ids=ALL)
def test_a_field_says_what_it_is_and_where_that_stands(field: Field[Any]) -> None:
    assert getattr(Webhook, field.name) is field
    assert field.__doc__ == field.about
    assert field.about.endswith((".", "…"))
    assert field.page


@pytest.mark.parametrize("wire", ALL)
def test_every_field_of_the_table_stands_in_some_row(wire: str) -> None:
    bodies = "&".join(body for _, body, *_ in ROWS.values()) + "&ApplicationSid="
    assert re.search(rf"(^|&){wire}[^=&]*=", bodies)


def test_every_event_is_told_by_some_row() -> None:
    assert {event for _, _, event, *_ in ROWS.values()} == set(Event)


def test_the_reference_has_a_line_for_each_field() -> None:
    page = reference(Webhook.groups())
    assert sum(line.startswith("| `") for line in page.splitlines()) == len(ALL)
    assert "| `QueueTime` | `queue_time` | whole number | Seconds that the caller has waited. | " in page


def test_what_it_carries_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On its way a webhook is only asked what it is about; no JSON is parsed for that."""

    def parsed(*_: object) -> None:
        raise AssertionError

    for field in ALL.values():
        monkeypatch.setattr(field, "read", parsed)
    for path, body, _, kind, _ in ROWS.values():
        assert posted(path, body).kind is kind
