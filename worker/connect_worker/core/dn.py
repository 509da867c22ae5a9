"""Distinguished names as RFC 4514 writes them: escape, take apart, compare, and place below one another."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

_SPECIAL = re.compile(r'["+,;<>\\]|[\x00-\x1f\x7f]|^[ #]| $')
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_SEPARATOR = re.compile(r"\\.|[,+]", re.DOTALL)
_PAIR = re.compile(r" *([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*) *=")
_TO_BE_ESCAPED = re.compile(r'(?:\\[0-9A-Fa-f]{2}|\\[ "#+,;<=>\\])|([\\"<>;\x00])')
# An element without escapes, second attribute and blanks around the separators, which is nearly every one: it is
# its own normal form but for the case.
_PLAIN = re.compile(
    r'[A-Za-z][A-Za-z0-9-]*=[^\s\\"+,;<>=#\x00-\x1f\x7f](?:[^\\"+,;<>=\x00-\x1f\x7f]*[^\s\\"+,;<>=\x00-\x1f\x7f])?'
)
_REMEMBERED = 4096
"""Everybody has one of a few parents, and one of some hundred managers."""


class _Pair(NamedTuple):
    type: str
    value: str


def escape(value: str) -> str:
    """A value as it stands in a distinguished name."""
    return _SPECIAL.sub(_escaped_sign, value)


def unescape(text: str) -> str:
    """The plain value of what stands in a distinguished name. Raises ValueError for bytes that are not UTF-8."""
    return _ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].replace("\\", "")).decode() if found[1] else found[2], text
    )


def elements(dn: str) -> tuple[str, ...]:
    """The relative distinguished names as they are written, the object's own first.

    Raises ValueError that names the position, counted from 1.
    """
    plain = dn.split(",")
    if all(map(_PLAIN.fullmatch, plain)):
        return tuple(plain)
    spans = tuple(_spans(dn, 0, len(dn), ","))
    for start, end in spans:
        _pairs(dn, start, end)
    return tuple(_without_blanks(dn[start:end]) for start, end in spans)


def split(dn: str) -> tuple[str, str]:
    """The first element and its parent ('' where there is none), as they are written. Raises ValueError."""
    first, *rest = elements(dn)
    return first, ",".join(rest)


def value_of(dn: str) -> str:
    r"""The plain value of the first element: `CN=Meier\, Anna,OU=…` → `Meier, Anna`. Raises ValueError."""
    start, end = next(_spans(dn, 0, len(dn), ","))
    return _pairs(dn, start, end)[0].value


def normalise(dn: str) -> str:
    """A form in which two spellings of one distinguished name are equal. Raises ValueError."""
    if all(map(_PLAIN.fullmatch, dn.split(","))):
        return dn.casefold()
    return ",".join(_normal_element(dn, start, end) for start, end in _spans(dn, 0, len(dn), ","))


@lru_cache(maxsize=_REMEMBERED)
def is_name(text: str) -> bool:
    """Whether it is a distinguished name at all."""
    try:
        return bool(elements(text))
    except ValueError:
        return False


def is_common_name(text: str) -> bool:
    """Whether it can be the first element of our objects' names: one `CN=…`, escaped, and nothing else."""
    if _PLAIN.fullmatch(text):
        return text[:3].upper() == "CN="
    if not is_name(text) or len(elements(text)) > 1:
        return False
    pairs = _pairs(text, 0, len(text))
    return len(pairs) == 1 and pairs[0].type.upper() == "CN"


@lru_cache(maxsize=_REMEMBERED)
def domain_of(dn: str) -> str:
    """The `DC=…` elements that a name ends with, in normal form; '' where there are none. Raises ValueError."""
    return ",".join(reversed([*takewhile(_is_of_domain, reversed(normalise(dn).split(",")))]))


def is_below(dn: str, base: str) -> bool:
    """Whether an object stands somewhere below a base; the base itself does not. Raises ValueError."""
    return normalise(dn).endswith(f",{normalise(base)}")


def outermost(bases: Iterable[str]) -> tuple[str, ...]:
    """These bases without doubles and without those that stand below another, in their order. Raises ValueError."""
    once: dict[str, str] = {}
    for base in bases:
        once.setdefault(normalise(base), base)
    return tuple(base for normal, base in once.items() if not any(normal.endswith(f",{other}") for other in once))


def parents_between(dn: str, base: str) -> tuple[str, ...]:
    """The containers that lead from a base to an object, outermost first, without the two; () if it is not below.

    Raises ValueError.
    """
    if not is_below(dn, base):
        return ()
    written = elements(dn)
    levels = len(written) - len(elements(base))
    return tuple(",".join(written[level:]) for level in range(levels - 1, 0, -1))


def _is_of_domain(element: str) -> bool:
    return element.startswith("dc=")


def _escaped_sign(found: re.Match[str]) -> str:
    sign = found[0]
    return f"\\{sign}" if sign.isprintable() else f"\\{ord(sign):02X}"


def _normal_element(dn: str, start: int, end: int) -> str:
    # A comma in a value is written as its code, so that no value looks like a parent.
    values = ((pair.type, escape(pair.value).replace("\\,", "\\2c")) for pair in _pairs(dn, start, end))
    return "+".join(sorted(f"{type_}={value}".casefold() for type_, value in values))


def _spans(dn: str, start: int, end: int, separator: str) -> Iterator[tuple[int, int]]:
    """Where the parts between unescaped separators begin and end."""
    for found in _SEPARATOR.finditer(dn, start, end):
        if found[0] == separator:
            yield start, found.start()
            start = found.end()
    yield start, end


def _pairs(dn: str, start: int, end: int) -> tuple[_Pair, ...]:
    return tuple(_pair(dn, *span) for span in _spans(dn, start, end, "+"))


def _pair(dn: str, start: int, end: int) -> _Pair:
    head = _PAIR.match(dn, start, end)
    if head is None:
        raise _fault(dn, start, "expected is an attribute and «=», like «CN=…»,")
    for found in _TO_BE_ESCAPED.finditer(dn, head.end(), end):
        if found[1]:
            raise _fault(dn, found.start(), f"{found[1]!r} must be escaped")
    try:
        value = unescape(_without_blanks(dn[head.end() : end]))
    except UnicodeDecodeError as error:
        raise _fault(dn, head.end(), "the escaped bytes are no UTF-8") from error
    if not value:
        raise _fault(dn, head.end(), "expected is a value")
    return _Pair(head[1], value)


def _without_blanks(text: str) -> str:
    """Without the blanks around, which count only where they are escaped."""
    bare = text.strip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return f"{bare} " if backslashes % 2 else bare


def _fault(dn: str, at: int, what: str) -> ValueError:
    return ValueError(f"not a distinguished name: {dn!r}: {what} at character {at + 1}")
