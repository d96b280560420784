"""The X-Twilio-Signature, against Twilio's published vectors and its own SDK."""

from __future__ import annotations

import hashlib
import json
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from runtime.signature import HMAC_SHA256, algorithm_of, body_digest_matches, sign, verify

TOKEN = "12345"
VOICE = [("CallSid", "CA1"), ("Digits", "1")]
JSON_BODY = b'{"EventType":"onMessageAdded","Body":"h\\u00e9"}'
JSON_URL = (
    "https://ivr.example.com/hook?x=1&bodySHA256=8e9525d682f5cb8e1999dae275db0edbdd66c08a11de5235e8217e9765eb296d"
)

# name -> url, params, signature; all with TOKEN and HMAC-SHA1, computed by the official SDK 9.13
VECTORS = {
    "a form, empty values counted": (
        "https://ivr.example.com/voice?tenant=7",
        [
            ("CallSid", "CA" + "1" * 32),
            ("AccountSid", "AC" + "2" * 32),
            ("From", "+14155550100"),
            ("To", "+14155550199"),
            ("CallStatus", "ringing"),
            ("ApiVersion", "2010-04-01"),
            ("Direction", "inbound"),
            ("CallerCity", ""),
            ("FromZip", ""),
            ("StirVerstat", "TN-Validation-Passed-A"),
        ],
        "/vdsjymRcyKVzunJBQYC7bcplBQ=",
    ),
    "GET, everything in the URL": (
        "https://ivr.example.com/voice?CallSid=CA1111&From=%2B14155550100&Digits=",
        [],
        "V3nrV8g6KvX6vtlUmCBmLDmCAAg=",
    ),
    "decoded text, as UTF-8": (
        "https://ivr.example.com/sms",
        [
            ("Body", "Größe ✓ 日本 🙂 a+b 100%"),
            ("From", "whatsapp:+4915112345678"),
            ("ProfileName", "O'Brien & Söhne"),
        ],
        "YnXUrC0muNW02zq4WmzTcTindGM=",
    ),
    "a repeated pair counts once": (
        "https://ivr.example.com/cb",
        [
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
        ],
        "qCfHc/lC1gGl5GKLBHwmYanj0Ek=",
    ),
    "names in code-point order": (
        "https://ivr.example.com/cb",
        [("b", "1"), ("B", "2"), ("a_", "3"), ("aZ", "4"), ("a1", "5")],
        "yTlEcpsGTYnNHFFiMnoc5LZFFvk=",
    ),
    "JSON, the URL alone": (JSON_URL, [], "FQRXDy+9jePdPyKeMRy4R+Nsbv8="),
    "https without a port": ("https://ivr.example.com/voice", VOICE, "XOxeA/u+pHmfqUm8by68nC4ndmE="),
    "https :443": ("https://ivr.example.com:443/voice", VOICE, "9niiKfjoLppD/TBObpCdUEex8aI="),
    "https :8443": ("https://ivr.example.com:8443/voice", VOICE, "Pu6P/GpJcvGMR9sALWh4xJwkmH4="),
    "http :80": ("http://ivr.example.com:80/voice", VOICE, "Nvde7TfSuNlPInK5MXbYcv+U8JU="),
    "a WebSocket": ("wss://ivr.example.com/media", [], "h5pHp/otnLjnP3iX+GqzxkL84EM="),
    "a WebSocket, trailing slash": ("wss://ivr.example.com/media/", [], "N+8D47RkHshkqK+RB4hTJlWmr68="),
}

# From the official SDK's own test suite.
UPSTREAM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
UPSTREAM_VECTORS = {
    "https://mycompany.com/myapp.php?foo=1&bar=2": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    "https://mycompany.com:443/myapp.php?foo=1&bar=2": "kvajT1Ptam85bY51eRf/AJRuM3w=",
    "http://mycompany.com:80/myapp.php?foo=1&bar=2": "0ZXoZLH/DfblKGATFgpif+LLRf4=",
}


class Form:
    """What the SDK expects of a web framework's multi-valued form."""

    def __init__(self, params: list[tuple[str, str]]) -> None:
        self.params = params

    def __iter__(self):
        return (name for name, _ in self.params)

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]


# --- vectors -----------------------------------------------------------------


@pytest.mark.parametrize(("url", "params", "signature"), VECTORS.values(), ids=VECTORS)
def test_a_vector_is_signed_and_verified(url, params, signature):
    assert sign(url, params, TOKEN) == signature
    assert verify(url, params, signature, [TOKEN])


@pytest.mark.parametrize(("url", "signature"), UPSTREAM_VECTORS.items())
def test_the_sdks_own_fixtures_hold(url, signature):
    assert sign(url, UPSTREAM, TOKEN) == signature
    assert verify(url, UPSTREAM, signature, [TOKEN])


def test_a_shared_key_signs_with_sha256():
    url, key = "https://ivr.example.com/voice", "sharedkeysecret"
    signature = "D9LjaWKPYsQB8d2g/DcIFmFWjNpNsj3/2j7cXbKw6zU="
    assert sign(url, VOICE, key, HMAC_SHA256) == signature
    assert verify(url, VOICE, signature, [key], HMAC_SHA256)
    assert not verify(url, VOICE, signature, [key])
    assert not verify(url, VOICE, sign(url, VOICE, key), [key], HMAC_SHA256)


# --- the SDK as an oracle ----------------------------------------------------

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
params = st.lists(st.tuples(text.filter(bool), text), max_size=8)
urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["ivr.example.com", "127.0.0.1", "localhost"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.text("abcXYZ012/_.-~", max_size=10),
    st.sampled_from(["", "?step=3", "?a=1&b=%20x+y&a=2", "?q=%C3%A9"]),
)
tokens = st.text("0123456789abcdef", min_size=1, max_size=32)
algorithms = st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"])


@given(urls, params, tokens, algorithms)
def test_what_the_sdk_signs_we_accept(url, pairs, token, algorithm):
    signature = RequestValidator(token).compute_signature(url, Form(pairs), algorithm)
    assert sign(url, pairs, token, algorithm) == signature
    assert verify(url, pairs, signature, [token], algorithm)


@given(urls, params, tokens, algorithms)
def test_what_we_sign_the_sdk_accepts(url, pairs, token, algorithm):
    signature = sign(url, pairs, token, algorithm)
    assert RequestValidator(token).validate(url, Form(pairs), signature, algorithm)


@given(urls, params, tokens, st.data())
def test_one_changed_character_and_both_refuse(url, pairs, token, data):
    pairs = [("CallSid", "CA1"), *pairs]
    signature = sign(url, pairs, token)
    part = data.draw(st.sampled_from(["url", "name", "value", "token", "signature"]))
    if part == "url":
        at = url.index("/", 8)
        url = url[: at + 1] + "!" + url[at + 1 :]
    elif part == "signature":
        at = data.draw(st.integers(0, len(signature) - 2))
        signature = signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
    elif part == "token":
        token += "x"
    else:
        index = data.draw(st.integers(0, len(pairs) - 1))
        name, value = pairs[index]
        pairs[index] = ("\N{SNOWMAN}" + name, value) if part == "name" else (name, value + "\N{SNOWMAN}")
    assert not RequestValidator(token).validate(url, Form(pairs), signature)
    assert not verify(url, pairs, signature, [token])


@given(urls, urls, params)
def test_any_two_urls_match_exactly_when_the_sdk_says_so(called, signed, pairs):
    signature = sign(signed, pairs, TOKEN)
    expected = RequestValidator(TOKEN).validate(called, Form(pairs), signature)
    assert verify(called, pairs, signature, [TOKEN]) == expected


# --- order and repetition ----------------------------------------------------


def test_the_order_of_fields_does_not_matter():
    pairs = [("Digits", "5678"), ("Digits", "1234"), ("Sid", "CA1")]
    assert len({sign("https://h/x", order, TOKEN) for order in permutations(pairs)}) == 1


def test_a_generator_of_pairs_is_read_once():
    signature = sign("https://h/x", iter(VOICE), TOKEN)
    assert verify("https://h:443/x", iter(VOICE), signature, ["old", TOKEN])


def test_a_field_counts_even_when_it_is_empty():
    assert sign("https://h/x", [("Digits", "")], TOKEN) != sign("https://h/x", [], TOKEN)


# --- tokens ------------------------------------------------------------------


def test_either_token_is_good_during_a_rotation():
    for token in ("new", "old"):
        assert verify("https://h/x", VOICE, sign("https://h/x", VOICE, token), ["new", "old"])
    assert not verify("https://h/x", VOICE, sign("https://h/x", VOICE, "older"), ["new", "old"])


@pytest.mark.parametrize("tokens", [[], [""], ["", ""]])
def test_no_token_lets_nobody_in(tokens):
    """An empty token in the settings is a key that everybody knows."""
    assert not verify("https://h/x", VOICE, sign("https://h/x", VOICE, ""), tokens)


# --- ports -------------------------------------------------------------------

PORTS = [
    # called, signed, accepted
    ("https://h/x", "https://h:443/x", True),
    ("https://h:443/x", "https://h/x", True),
    ("http://h/x", "http://h:80/x", True),
    ("http://h:80/x", "http://h/x", True),
    ("https://h:8443/x", "https://h/x", True),
    ("https://h/x", "https://h:8443/x", False),
    ("https://h:8443/x", "https://h:443/x", False),
    ("http://h/x", "http://h:443/x", False),
    ("http://h/x", "https://h/x", False),
    ("https://h?a=1", "https://h:443?a=1", True),
    ("https://h", "https://h:443", True),
    ("wss://h/media", "wss://h:443/media", True),
    ("https://user:pass@h:8443/x", "https://user:pass@h/x", True),
    ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x", True),
    ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]/x", True),
    ("https://[2001:db8::1]/x", "https://[2001:db8::2]/x", False),
]


@pytest.mark.parametrize(("called", "signed", "accepted"), PORTS)
def test_ports_are_forgiven_as_the_sdk_forgives_them(called, signed, accepted):
    assert verify(called, VOICE, sign(signed, VOICE, TOKEN), [TOKEN]) is accepted


@pytest.mark.parametrize("url", ["", "ivr", "https://", "https://[::1/x", "://h", "https://h:/x", "http://h:x/y"])
def test_an_odd_url_is_only_itself(url):
    signature = sign(url, VOICE, TOKEN)
    assert verify(url, VOICE, signature, [TOKEN])
    assert not verify(url + "?", VOICE, signature, [TOKEN])


# --- what is not a signature -------------------------------------------------


@pytest.mark.parametrize("signature", ["", "=", "é", "\udcff\udcfe", "\ud800", "x" * 100_000, "\0", "RSOY\n"])
def test_a_header_of_garbage_is_refused(signature):
    assert verify("https://h/x", VOICE, signature, [TOKEN]) is False


@pytest.mark.parametrize("trail", ["\n", " ", "=", "\0"])
def test_a_signature_with_something_behind_it_is_refused(trail):
    assert not verify("https://h/x", VOICE, sign("https://h/x", VOICE, TOKEN) + trail, [TOKEN])


@pytest.mark.parametrize(
    ("url", "pairs", "tokens"),
    [
        ("https://h/x", [("Body", "\ud83d")], [TOKEN]),
        ("https://h/x", [("\udc80", "")], [TOKEN]),
        ("https://h/\udc80", VOICE, [TOKEN]),
        ("https://h/x", VOICE, ["\udc80"]),
    ],
)
def test_a_lone_surrogate_is_refused_without_an_exception(url, pairs, tokens):
    assert verify(url, pairs, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", tokens) is False


def test_an_unknown_algorithm_is_refused():
    assert not verify("https://h/x", VOICE, sign("https://h/x", VOICE, TOKEN), [TOKEN], "HMAC_MD5")
    with pytest.raises(ValueError, match="HMAC_MD5"):
        sign("https://h/x", VOICE, TOKEN, "HMAC_MD5")


@settings(max_examples=200)
@given(st.text(max_size=40), st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5))), st.text(max_size=40))
def test_anything_at_all_gets_a_plain_no(url, pairs, signature):
    assert verify(url, pairs, signature, [TOKEN]) is False


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "key=k",
        "key=k,algorithm=HMAC_SHA256",
        " algorithm = HMAC_SHA1 ,key=k",
        "algorithm=,key=k",
        ",,=",
    ],
)
def test_the_settings_header_is_read_as_the_sdk_reads_it(header):
    assert algorithm_of(header) == get_signature_algorithm(header)


# --- JSON bodies -------------------------------------------------------------


def test_a_json_body_is_its_digest():
    assert body_digest_matches(JSON_URL, JSON_BODY)
    assert not body_digest_matches(JSON_URL, JSON_BODY + b" ")
    assert not body_digest_matches(JSON_URL, b"")


def test_the_sdk_agrees_about_json():
    body = json.dumps({"Body": "hé"})
    url = f"https://h/x?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    assert RequestValidator(TOKEN).validate(url, body, sign(url, [], TOKEN))
    assert body_digest_matches(url, body.encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://h/x",
        "https://h/x?bodySHA256=",
        "https://h/x?bodySHA256=é\ud800",
        "https://h/x?y=1#bodySHA256=00",
        "",
    ],
)
def test_a_url_without_the_digest_vouches_for_nothing(url):
    assert body_digest_matches(url, b"{}") is False
