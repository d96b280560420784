"""What recipes say: questions that are asked again, but not for ever, and sentences with one full stop."""

from __future__ import annotations

from collections.abc import Sequence

from twiml import DefaultExt, Gather, ResponseExt, Say, Verb

SORRY = "Sorry, I did not get that."


def sentence(text: str) -> Say:
    """Say a text that may end in an abbreviation.

    >>> sentence("We open at 9 a.m."), sentence("We are closed")
    (Say('We open at 9 a.m.'), Say('We are closed.'))
    """
    return Say(text.removesuffix(".") + ".")


def ask(question: str, answers: Sequence[ResponseExt], otherwise: Sequence[Verb], *, tries: int = 3) -> Gather:
    """A question for one key, asked up to `tries` times; `otherwise` is for a caller who never answers it.

    A wrong key and silence are met alike: a word of regret, and the question again. The answers stand in each try, so
    let them be short: a goto to a label.

    >>> import twiml
    >>> print(twiml.compile([ask("Tea? Press 1.", [ResponseExt("1", "tea", [])], [Say("Goodbye.")], tries=2)], "ascii"))
    1 - GATHER (request Keypad Input)
        1.1 - SAY "Tea? Press 1."
        1.2 - end of Gather (wait for response)
        1.3 - Response 1 : TEA
            1.3.1 - HANGUP
        1.4 - Default : ANOTHER TRY
            1.4.1 - SAY "Sorry, I did not get that."
            1.4.2 - GATHER (request Keypad Input)
                1.4.2.1 - SAY "Tea? Press 1."
                1.4.2.2 - end of Gather (wait for response)
                1.4.2.3 - Response 1 : TEA
                    1.4.2.3.1 - HANGUP
                1.4.2.4 - Default : NO ANSWER
                    1.4.2.4.1 - SAY "Goodbye."
                    1.4.2.4.2 - HANGUP
    """
    if tries > 1:
        silent = DefaultExt("another try", [Say(SORRY), ask(question, answers, otherwise, tries=tries - 1)])
    else:
        silent = DefaultExt("no answer", otherwise)
    return Gather([Say(question)], num_digits=1, after_ext=[*answers, silent])
