"""The rules of the stepping machine once more, slow and obvious: over the tree of verbs, with no states at all.

What a machine keeps in ranks is a reference from node to node here, and every rank is counted anew
whenever it is looked at. A document that a callout interrupts is written again from its beginning.
Only the loop guard and the length of documents are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from twiml import (
    Conference,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Number,
    Pause,
    Record,
    Redirect,
    Reject,
    RepeatExt,
    ResponseExt,
    Say,
    encode,
)


@dataclass(eq=False)
class Node:
    """A verb in the tree, or the end of a Gather or Dial (then `verb` is None)."""

    verb: Any
    home: Node | None = None
    """The Gather or Dial, or the branch, that it stands in."""
    body: list[Node] = field(default_factory=list)
    """What a Gather or Dial has between its tags, its end included; what a branch leads to."""
    branches: list[Node] = field(default_factory=list)
    goal: Node | None = None
    rank: str = ""

    @property
    def tagged(self) -> bool:
        """Whether it stands between the tags of a Gather or Dial."""
        return self.home is not None and isinstance(self.home.verb, (Gather, Dial)) and self in self.home.body


@dataclass
class Answer:
    """What the model expects of a machine: a callout's rank, or a document with where the machine rests."""

    callout: str | None
    xml: bytes
    state: str
    ends: bool
    moved: bool = True


@dataclass
class Page:
    """A document in the making."""

    elements: list[Any] = field(default_factory=list)
    gathers: list[Node] = field(default_factory=list)
    silent: bool = False
    rests: Node | None = None
    ends: bool = False
    callout: Node | None = None


class Model:
    """One call, as the rules have it."""

    def __init__(self, verbs: Sequence[Any], base: str) -> None:
        self.base = base
        self.labels: dict[str, Node] = {}
        self.top = self.grow(verbs, None, follows=False)
        self.count()
        for node in self.everything():
            self.aim(node, self.ranks())
        self.steps = 0
        self.present: Answer | None = None
        self.asked: list[Node] = []
        self.start = self.rests = self.top[0]
        self.stale = False

    # The tree

    def grow(self, verbs: Sequence[Any], home: Node | None, *, follows: bool) -> list[Node]:
        """Nodes for a flow; a Hangup ends it if nothing follows and nothing in it does."""
        nodes: list[Node] = []
        names: list[str] = []
        for number, verb in enumerate(verbs, start=1):
            if isinstance(verb, LabelExt):
                names.append(verb.name)
                continue
            node = self.plant(verb, home, follows=follows or number < len(verbs))
            nodes.append(node)
            self.labels.update(dict.fromkeys(names, node))
            names = []
        last = nodes[-1].verb if nodes else None
        closed = isinstance(last, (Hangup, Reject, Redirect, GotoExt)) or (isinstance(last, Gather) and last.after_ext)
        if not follows and not closed:
            nodes.append(Node(Hangup(), home))
        return nodes

    def plant(self, verb: Any, home: Node | None, *, follows: bool) -> Node:
        """A node for a verb and all it holds."""
        node = Node(verb, home)
        if isinstance(verb, Gather):
            node.body = [Node(each, node) for each in verb.body]
            if str(verb.auto_menu_ext).lower() == "true" and verb.after_ext:
                node.body.append(Node(Say(menu(verb)), node))
            node.body.append(Node(None, node))
            node.branches = [self.plant(each, node, follows=follows) for each in answers(verb)]
        elif isinstance(verb, Dial):
            nouns = [Number(verb.body)] if isinstance(verb.body, str) else verb.body
            node.body = [*(Node(noun, node) for noun in nouns), Node(None, node)]
        elif isinstance(verb, (ResponseExt, DefaultExt)):
            node.body = self.grow(verb.body, node, follows=follows)
        return node

    def everything(self, nodes: Sequence[Node] | None = None) -> Iterator[Node]:
        for node in self.top if nodes is None else nodes:
            yield node
            yield from self.everything([*node.body, *node.branches])

    def count(self, nodes: Sequence[Node] | None = None, parent: str = "") -> None:
        """Number the tree: children from 1, in order, a Gather's branches after its body."""
        for number, node in enumerate(self.top if nodes is None else nodes, start=1):
            node.rank = f"{parent}{number}"
            self.count([*node.body, *node.branches], f"{node.rank}.")

    def ranks(self) -> dict[str, Node]:
        return {node.rank: node for node in self.everything()}

    def aim(self, node: Node, ranks: dict[str, Node]) -> None:
        if isinstance(node.verb, RepeatExt):
            node.goal = node.home
        elif isinstance(node.verb, GotoExt):
            node.goal = self.labels.get(node.verb.target) or ranks[node.verb.target]

    def siblings(self, node: Node) -> list[Node]:
        return self.top if node.home is None else node.home.body

    def after(self, node: Node) -> Node | None:
        """What a caller meets after a node: a branch goes on after its Gather."""
        if node.home is not None and node in node.home.branches:
            return self.after(node.home)
        siblings = self.siblings(node)
        place = siblings.index(node) + 1
        if place < len(siblings):
            return siblings[place]
        return None if node.home is None else self.after(node.home)

    def first(self, branch: Node) -> Node | None:
        return branch.body[0] if branch.body else self.after(branch)

    # What comes in

    def ask(self, rank: str | None, step: int | None, digits: str, speech: str) -> Answer:
        if self.present is not None and step is not None and step < self.steps:
            return self.again(self.present)
        node = self.ranks().get(rank or "")
        if node is not None and node.tagged:
            node = node.home
        if digits or speech:
            asked = node if node is not None else next(iter(self.asked), None)
            if asked is not None and asked.branches and (step is None or asked in self.asked):
                return self.begin(self.meant(asked, digits, speech))
        if node is not None:
            return self.begin(node)
        if self.present is not None and not self.stale:
            return self.again(self.present)
        return self.begin(self.rests.home if self.rests.tagged and self.rests.home else self.rests)

    def again(self, present: Answer) -> Answer:
        return replace(present, state=self.rests.rank, moved=False)

    def meant(self, gather: Node, digits: str, speech: str) -> Node:
        *responses, otherwise = gather.branches
        keyed = [each for each in responses if each.verb.response == digits]
        if digits and keyed:
            return keyed[0]
        heard = [] if digits else [(best(each.verb, speech), each) for each in responses]
        fitting = [(score, each) for score, each in heard if score is not None]
        if fitting:
            return max(fitting, key=lambda each: each[0])[1]
        return gather if isinstance(otherwise.verb, RepeatExt) else otherwise

    def begin(self, node: Node) -> Answer:
        self.start = node
        return self.go_on()

    def go_on(self) -> Answer:
        page = Page()
        self.write(self.start, page)
        if page.callout is not None:
            self.rests = page.callout
            return Answer(page.callout.rank, b"", page.callout.rank, ends=False)
        return self.send(page)

    def send(self, page: Page) -> Answer:
        assert page.rests is not None
        self.steps += 1
        self.asked, self.stale, self.rests = page.gathers, False, page.rests
        root = etree.Element("Response")
        root.extend(page.elements)
        xml = etree.tostring(root, method="c14n")
        self.present = Answer(None, xml, page.rests.rank, page.ends)
        return self.present

    def hold(self) -> Answer:
        """The callout takes its time: everything up to it, and a Redirect to it."""
        page, waiting = Page(), self.rests
        self.write(self.start, page)
        page.elements += [element(Say("One moment, please.")), element(Pause(length=2))]
        self.redirect(waiting.home if waiting.tagged and waiting.home else waiting, page)
        page.rests = waiting
        return self.send(page)

    def returned(self, verbs: Sequence[Any]) -> Answer:
        self.splice(verbs)
        return self.go_on()

    def splice(self, verbs: Sequence[Any]) -> None:
        """Put verbs in the place of the callout; whoever meant the callout means the first of them."""
        waiting, ranks = self.rests, self.ranks()
        following = self.after(waiting)
        if waiting.tagged:
            new = [Node(noun, waiting.home) for noun in verbs]
        else:
            new = self.grow(verbs, waiting.home, follows=True)
        heir = new[0] if new else following
        assert heir is not None
        siblings = self.siblings(waiting)
        place = siblings.index(waiting)
        siblings[place : place + 1] = new
        for node in self.everything(new):
            self.aim(node, ranks)
        for node in self.everything():
            node.goal = heir if node.goal is waiting else node.goal
        self.labels = {name: heir if node is waiting else node for name, node in self.labels.items()}
        self.start = heir if self.start is waiting else self.start
        self.rests, self.stale = heir, True
        self.count()

    # What goes out

    def url(self, path: str) -> str:
        return f"{self.base}/{path}?step={self.steps + 1}"

    def redirect(self, node: Node, page: Page) -> None:
        page.elements.append(element(Redirect(self.url(node.rank))))

    def write(self, node: Node | None, page: Page) -> None:
        """A document from a node on, to where it must end."""
        assert node is not None
        verb = node.verb
        page.rests = page.rests if page.silent else node
        if isinstance(verb, (ResponseExt, DefaultExt)):
            self.write(self.first(node), page)
        elif isinstance(verb, (GotoExt, RepeatExt)):
            assert node.goal is not None
            self.redirect(node.goal, page)
        elif self.calls_out(node) and page.silent:
            self.redirect(node, page)
        elif self.calls_out(node):
            page.callout = next(each for each in [node, *node.body] if isinstance(each.verb, FunctionExt))
        elif isinstance(verb, (Hangup, Reject, Redirect)):
            page.elements.append(element(verb))
            page.ends = not page.silent
        elif isinstance(verb, Gather):
            self.write_gather(node, page)
        elif isinstance(verb, (Record, Dial)):
            page.elements.append(self.waits(node))
            if isinstance(verb, Record):
                self.redirect(self.next(node), page)
            elif not page.silent:
                page.rests = node.body[-1]
        else:
            page.elements.append(element(verb))
            self.write(self.after(node), page)

    def write_gather(self, node: Node, page: Page) -> None:
        written = element(replace(node.verb, body=(), after_ext=()))
        if any("#" in each.response for each in node.verb.after_ext if isinstance(each, ResponseExt)):
            written.set("finishOnKey", "")
        if node.verb.action is None:
            written.set("action", self.url(node.rank))
        written.extend(element(each.verb) for each in node.body if each.verb is not None)
        page.elements.append(written)
        page.rests = page.rests if page.silent else node.body[-1]
        page.silent = True
        if not node.branches:
            return self.write(self.after(node), page)
        page.gathers.append(node)
        otherwise = node.branches[-1]
        if isinstance(otherwise.verb, RepeatExt):
            return self.redirect(node, page)
        if self.leads_away(otherwise):
            return self.redirect(otherwise, page)
        return self.write(otherwise, page)

    def leads_away(self, node: Node | None) -> bool:
        """Whether silence meets a callout or a goto before the document ends or another Gather asks."""
        if node is None or isinstance(node.verb, (Gather, Record, Hangup, Reject, Redirect)):
            return False
        if isinstance(node.verb, GotoExt) or self.calls_out(node):
            return True
        if isinstance(node.verb, Dial):
            return False
        return self.leads_away(self.first(node) if isinstance(node.verb, DefaultExt) else self.after(node))

    def calls_out(self, node: Node) -> bool:
        nouns = node.body if isinstance(node.verb, Dial) else []
        return any(isinstance(each.verb, FunctionExt) for each in [node, *nouns])

    def next(self, node: Node) -> Node:
        following = self.after(node)
        assert following is not None
        return following

    def waits(self, node: Node) -> Any:
        """A Record or Dial with the URLs by which Twilio comes back."""
        verb = node.verb
        written = element(replace(verb, body=()) if isinstance(verb, Dial) else verb)
        written.extend(self.noun(each.verb) for each in node.body if each.verb is not None)
        if verb.action is None:
            written.set("action", self.url(self.next(node).rank))
        if isinstance(verb, Record) or verb.record not in (None, "do-not-record"):
            written.set("recordingStatusCallback", self.url("recording"))
        if isinstance(verb, Record) and str(verb.transcribe).lower() == "true":
            written.set("transcribeCallback", self.url("transcription"))
        return written

    def noun(self, noun: Any) -> Any:
        written = element(noun)
        if isinstance(noun, Conference) and noun.record is not None:
            written.set("recordingStatusCallback", self.url("recording"))
        if getattr(noun, "status_callback_event", None) is not None and noun.status_callback is None:
            written.set("statusCallback", self.url("status"))
        return written


def element(verb: Any) -> Any:
    """A verb as XML; its own text and attributes are the encoder's business."""
    return etree.fromstring(encode([verb]).encode())[0]


def answers(gather: Gather) -> list[Any]:
    """The responses by key, then what silence means."""
    responses = [each for each in gather.after_ext if isinstance(each, ResponseExt)]
    silence = [each for each in gather.after_ext if not isinstance(each, ResponseExt)]
    numbers = sorted((each for each in responses if each.response.isdigit()), key=lambda each: int(each.response))
    others = sorted((each for each in responses if not each.response.isdigit()), key=lambda each: each.response)
    return [*numbers, *others, *(silence or ([RepeatExt()] if responses else []))]


def menu(gather: Gather) -> str:
    """The sentence that offers the answers."""
    *responses, silence = answers(gather)
    offers = [
        f"Press {each.response} for {each.title.upper()}. "
        if each.response
        else f"Say {each.speech[0]} for {each.title.upper()}. "
        for each in responses
    ]
    quiet = "to hear this again" if isinstance(silence, RepeatExt) else f"for {silence.title.upper()}"
    return f"{''.join(offers)}Do nothing {quiet}"


def best(response: ResponseExt, speech: str) -> tuple[bool, int] | None:
    """How well what was said fits a response: all of it, else by its longest phrase that was said."""
    heard = words(speech)
    fits = [
        (phrase == heard, len(" ".join(phrase)))
        for phrase in map(words, response.speech or ())
        if any(heard[at : at + len(phrase)] == phrase for at in range(len(heard)))
    ]
    return max(fits, default=None)


def words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
