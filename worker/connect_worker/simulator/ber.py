"""The part of ASN.1's basic encoding rules that LDAP uses: definite lengths, low tag numbers."""

from enum import IntEnum

_LONG_FORM = 0x80
_BYTE = 8


class Tag(IntEnum):
    """Universal tags, and the bits that make others."""

    BOOLEAN = 0x01
    INTEGER = 0x02
    OCTETS = 0x04
    ENUMERATED = 0x0A
    SEQUENCE = 0x30
    SET = 0x31


class MalformedError(ValueError):
    """Bytes that are no valid encoding."""


def context(number: int, *, constructed: bool = False) -> int:
    """The context-specific tag [number]."""
    return 0xA0 | number if constructed else 0x80 | number


def encode(tag: int, content: bytes) -> bytes:
    """One element: tag, length, content."""
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // _BYTE, "big")
    return bytes((tag, _LONG_FORM | len(digits))) + digits + content


def encode_sequence(*parts: bytes, tag: int = Tag.SEQUENCE) -> bytes:
    """A constructed element of these encoded parts."""
    return encode(tag, b"".join(parts))


def encode_integer(value: int, *, tag: int = Tag.INTEGER) -> bytes:
    """A signed integer in the fewest bytes."""
    return encode(tag, value.to_bytes(value.bit_length() // _BYTE + 1, "big", signed=True))


def encode_text(value: str, *, tag: int = Tag.OCTETS) -> bytes:
    """A UTF-8 string."""
    return encode(tag, value.encode())


def message_size(start: bytes | bytearray | memoryview) -> int | None:
    """The whole size of the element that begins here, or None while its length is not there yet.

    Raises MalformedError for an indefinite length, which LDAP forbids.
    """
    if len(start) < 2:  # noqa: PLR2004  a tag and a length
        return None
    first = start[1]
    if first < _LONG_FORM:
        return 2 + first
    digits = first - _LONG_FORM
    if not digits:
        raise MalformedError("indefinite length")
    if len(start) < 2 + digits:
        return None
    return 2 + digits + int.from_bytes(start[2 : 2 + digits], "big")


class Reader:
    """Reads elements one after the other from the content of a constructed one."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self._position >= self._end

    def peek(self) -> int:
        """The next element's tag. Raises MalformedError at the end."""
        if self.at_end:
            raise MalformedError("an element is missing")
        return self._data[self._position]

    def next_is(self, tag: int) -> bool:
        """Whether an element with this tag follows."""
        return not self.at_end and self._data[self._position] == tag

    def content(self, tag: int) -> bytes:
        """The next element's content. Raises MalformedError when it has another tag or is cut off."""
        start, end = self._open(tag)
        return self._data[start:end]

    def enter(self, tag: int) -> "Reader":
        """A reader of the next, constructed, element's parts."""
        start, end = self._open(tag)
        return Reader(self._data, start, end)

    def element(self) -> tuple[int, bytes]:
        """The next element whatever its tag: tag and content."""
        tag = self.peek()
        return tag, self.content(tag)

    def text(self, tag: int = Tag.OCTETS) -> str:
        """A UTF-8 string. Raises MalformedError when it is none."""
        try:
            return self.content(tag).decode()
        except UnicodeDecodeError as error:
            raise MalformedError("text is not UTF-8") from error

    def integer(self, tag: int = Tag.INTEGER) -> int:
        """A signed integer."""
        content = self.content(tag)
        if not content:
            raise MalformedError("an integer without bytes")
        return int.from_bytes(content, "big", signed=True)

    def boolean(self, tag: int = Tag.BOOLEAN) -> bool:
        """A truth value: every byte but zero is true."""
        return self.content(tag) != b"\0"

    def _open(self, tag: int) -> tuple[int, int]:
        if self.peek() != tag:
            raise MalformedError(f"tag {self.peek():#x} where {tag:#x} is due")
        header = memoryview(self._data)[self._position : self._end]
        size = message_size(header)
        if size is None or size > len(header):
            raise MalformedError("an element is cut off")
        length_byte = header[1]
        digits = length_byte - _LONG_FORM if length_byte >= _LONG_FORM else 0
        start = self._position + 2 + digits
        self._position += size
        return start, self._position
