"""What Switchhook itself says to a caller, when a flow can't."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from twiml.languages import primary
from twiml.verbs import Hangup, Pause, Reject, Say
from twiml.xml import document, encode, fragment

_HOLD = {
    "en": "One moment, please.",
    "de": "Einen Moment bitte.",
    "fr": "Un instant, s'il vous plaît.",
    "es": "Un momento, por favor.",
    "it": "Un momento, per favore.",
    "pt": "Um momento, por favor.",
    "nl": "Een ogenblik alstublieft.",
    "da": "Et øjeblik.",
    "sv": "Ett ögonblick.",
    "nb": "Et øyeblikk.",
    "pl": "Chwileczkę, proszę.",
    "cs": "Okamžik, prosím.",
    "fi": "Hetkinen, olkaa hyvä.",
    "cy": "Un eiliad, os gwelwch yn dda.",
}
_GOODBYE = {
    "en": "Goodbye.",
    "de": "Auf Wiederhören.",
    "fr": "Au revoir.",
    "es": "Adiós.",
    "it": "Arrivederci.",
    "pt": "Adeus.",
    "nl": "Tot ziens.",
    "da": "Farvel.",
    "sv": "Hej då.",
    "nb": "Ha det bra.",
    "pl": "Do widzenia.",
    "cs": "Na shledanou.",
    "fi": "Näkemiin.",
    "cy": "Hwyl fawr.",
}
_SORRY = {
    "en": "We are sorry, something went wrong. Please call again later.",
    "de": "Es tut uns leid, es ist etwas schiefgegangen. Bitte rufen Sie später noch einmal an.",
    "fr": "Nous sommes désolés, un problème est survenu. Veuillez rappeler plus tard.",
    "es": "Lo sentimos, se ha producido un problema. Vuelva a llamar más tarde.",
    "it": "Siamo spiacenti, si è verificato un problema. La preghiamo di richiamare più tardi.",
    "pt": "Lamentamos, ocorreu um problema. Por favor, volte a ligar mais tarde.",
    "nl": "Het spijt ons, er is iets misgegaan. Belt u later nog eens.",
    "da": "Vi beklager, noget gik galt. Ring venligst igen senere.",
    "sv": "Vi beklagar, något gick fel. Ring gärna igen senare.",
    "nb": "Vi beklager, noe gikk galt. Vennligst ring igjen senere.",
    "pl": "Przepraszamy, coś poszło nie tak. Prosimy zadzwonić później.",
    "cs": "Omlouváme se, něco se pokazilo. Zavolejte prosím později.",
    "fi": "Pahoittelemme, jokin meni vikaan. Soittakaa myöhemmin uudelleen.",
    "cy": "Mae'n ddrwg gennym, aeth rhywbeth o'i le. Ffoniwch eto yn nes ymlaen.",
}


def _said(texts: Mapping[str, str], language: str | None) -> str:
    """The text in a caller's language, in English where that isn't known."""
    known = language is not None and primary(language) in texts
    say = Say(texts[primary(language)], language=language) if known and language else Say(texts["en"])
    return fragment(say)


@cache
def hold(language: str | None) -> str:
    """While a callout takes its time. A Redirect to it follows.

    >>> hold("de-DE")
    '<Say language="de-DE">Einen Moment bitte.</Say><Pause length="2"/>'
    """
    return _said(_HOLD, language) + fragment(Pause(length=2))


@cache
def goodbye(language: str | None) -> str:
    """When a flow goes round and round with nobody answering.

    >>> goodbye(None)
    '<Say>Goodbye.</Say><Hangup/>'
    """
    return _said(_GOODBYE, language) + fragment(Hangup())


@cache
def apology(language: str | None) -> str:
    """The document of a call that failed."""
    return document(_said(_SORRY, language) + fragment(Hangup()))


APOLOGY = apology(None)
"""The same, where nobody knows the caller's language."""

BUSY = encode([Reject(reason="busy")])
"""The document of a call that can't be taken."""

NOTHING = encode([])
"""The answer to a callback, whose document Twilio doesn't read."""
