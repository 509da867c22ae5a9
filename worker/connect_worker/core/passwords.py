"""Initial passwords, as the seed's specification makes them (002, «Passwortspezifikation»; rulings 27 and 28)."""

import re
from collections.abc import MutableSequence, Sequence
from typing import Protocol

from connect_worker.core.transliteration import transliterate
from connect_worker.model.configuration import PasswordKind, PasswordPolicy
from connect_worker.model.secret import Secret

_FIFTY = """
Blume Fahne Falte Fauna Felge Finne Finte Firma Flora Folge Frage Gatte Handy Harfe Hilfe Hirte Kafka Kairo Kaste Katze
Kerze Kette Kiste Kunde Lampe Laute Lippe Liste Lotto Marke Pasta Pfote Rasse Ratte Rente Rolle Saite Salto Sauna Seife
Skala Sonne Stola Stube Stufe Tanne Tasse Taufe Tulpe Wespe
"""
WORDS = tuple(_FIFTY.split())
# Nothing that is read wrongly: no 0 O, no 1 l I.
DIGITS = "23456789"
CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SMALL_LETTERS = "abcdefghijkmnopqrstuvwxyz"
SPECIALS = "?!+-%*"
LEAST_DIGITS = 2
LEAST_LENGTH = 8
SHORTEST_TOKEN = 3
_SPLIT_AFTER = 3
_DRAWS = 50
_SPECIAL_MIDDLE = 3  # a digit, a special character, a digit
_TOKEN = re.compile(r"[^\W_]+")


class RandomSource(Protocol):
    """What `secrets.SystemRandom()` offers, and in tests `random.Random(seed)`."""

    def choice(self, seq: Sequence[str], /) -> str:
        """One of them, each as likely as the other."""

    def shuffle(self, x: MutableSequence[str], /) -> None:
        """Bring them into a random order, in place."""


def tokens_of(*names: str | None) -> frozenset[str]:
    """The parts of a person's names that no password may contain: of three signs or more, also without accents."""
    spellings = {spelling.casefold() for name in names if name for spelling in (name, transliterate(name))}
    return frozenset(token for text in spellings for token in _TOKEN.findall(text) if len(token) >= SHORTEST_TOKEN)


def shortest(policy: PasswordPolicy) -> int:
    """How long the shortest password of the policy's kind is."""
    if policy.kind is PasswordKind.COMPLEX:
        return max(policy.length, LEAST_LENGTH)
    middle = _SPECIAL_MIDDLE if policy.kind is PasswordKind.SIMPLE_WITH_SPECIAL else max(policy.digits, LEAST_DIGITS)
    return min(map(len, WORDS)) + middle


def generate(policy: PasswordPolicy, *, avoid: frozenset[str], random: RandomSource) -> Secret:
    """An initial password of the policy's kind that contains none of the tokens to avoid, whatever the case.

    Simple: `Blu382me`, with as many digits as the policy says, two at least. With a special character: `Blu3+8me`.
    Complex: `length` characters, eight at least, of all four classes. Should the names leave no word, or chance not
    hit a password within a number of draws, the password is complex in a form in which no token can stand.
    """
    words = [word for word in WORDS if not _contains(word, avoid)]
    for _ in range(_DRAWS):
        candidate = _draw(policy, words, random)
        if not _contains(candidate, avoid):
            return Secret(candidate)
    return Secret(_without_tokens(policy, random))


def _contains(text: str, tokens: frozenset[str]) -> bool:
    folded = text.casefold()
    return any(token in folded for token in tokens)


def _draw(policy: PasswordPolicy, words: Sequence[str], random: RandomSource) -> str:
    if policy.kind is PasswordKind.COMPLEX or not words:
        return _complex(max(policy.length, LEAST_LENGTH), random)
    if policy.kind is PasswordKind.SIMPLE_WITH_SPECIAL:
        middle = random.choice(DIGITS) + random.choice(SPECIALS) + random.choice(DIGITS)
    else:
        middle = "".join(random.choice(DIGITS) for _ in range(max(policy.digits, LEAST_DIGITS)))
    word = random.choice(words)
    return word[:_SPLIT_AFTER] + middle + word[_SPLIT_AFTER:]


def _complex(length: int, random: RandomSource) -> str:
    classes = (CAPITALS, SMALL_LETTERS, DIGITS, SPECIALS)
    signs = [random.choice(signs) for signs in classes]
    signs += [random.choice("".join(classes)) for _ in range(length - len(signs))]
    random.shuffle(signs)
    return "".join(signs)


def _without_tokens(policy: PasswordPolicy, random: RandomSource) -> str:
    """A special character after every second sign leaves no room for a token of three."""
    length = max(policy.length, LEAST_LENGTH)
    unit = (CAPITALS, SMALL_LETTERS, SPECIALS, DIGITS, SMALL_LETTERS, SPECIALS)
    return "".join(random.choice(unit[place % len(unit)]) for place in range(length))
