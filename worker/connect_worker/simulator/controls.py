"""The controls and extended operations that the simulator knows, by their object identifiers."""

from collections.abc import Sequence
from dataclasses import dataclass

from connect_worker.simulator.ber import MalformedError, Reader, Tag, context, encode, encode_integer, encode_sequence
from connect_worker.simulator.messages import Control
from connect_worker.simulator.results import Refusal, ResultCode
from connect_worker.simulator.security import EVERY_PART

PAGED_RESULTS = "1.2.840.113556.1.4.319"
SHOW_DELETED = "1.2.840.113556.1.4.417"
DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"
PERMISSIVE_MODIFY = "1.2.840.113556.1.4.1413"
SHOW_RECYCLED = "1.2.840.113556.1.4.2064"
SD_FLAGS = "1.2.840.113556.1.4.801"
SUPPORTED_CONTROLS = (
    PAGED_RESULTS,
    SHOW_DELETED,
    DOMAIN_SCOPE,
    PERMISSIVE_MODIFY,
    SHOW_RECYCLED,
    SD_FLAGS,
)

START_TLS = "1.3.6.1.4.1.1466.20037"
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
SUPPORTED_EXTENSIONS = (START_TLS, WHO_AM_I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The page that a client asks for, or the way to the next one that the directory answers with."""

    size: int
    cookie: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What the controls of a request ask for; `descriptor_parts`: which parts of an object's rights are meant."""

    page: Page | None = None
    deleted: bool = False
    domain_only: bool = False
    permissive: bool = False
    descriptor_parts: int = EVERY_PART


def read_controls(controls: Sequence[Control]) -> Wishes:
    """Understand the controls. Raises Refusal for a critical one that is unknown, and MalformedError."""
    known = {control.oid: control for control in controls}
    unknown = next(
        (control for control in controls if control.critical and control.oid not in SUPPORTED_CONTROLS), None
    )
    if unknown is not None:
        raise Refusal(
            ResultCode.UNAVAILABLE_CRITICAL_EXTENSION,
            f"00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0, control {unknown.oid}",
        )
    paged = known.get(PAGED_RESULTS)
    return Wishes(
        page=None if paged is None else _read_page(paged),
        deleted=SHOW_DELETED in known or SHOW_RECYCLED in known,
        domain_only=DOMAIN_SCOPE in known,
        permissive=PERMISSIVE_MODIFY in known,
        descriptor_parts=_read_parts(known[SD_FLAGS]) if SD_FLAGS in known else EVERY_PART,
    )


def page_control(cookie: bytes) -> bytes:
    """The encoded list of answer controls that leads to the next page; without a cookie there is none."""
    value = encode_sequence(encode_integer(0), encode(Tag.OCTETS, cookie))
    control = encode_sequence(encode(Tag.OCTETS, PAGED_RESULTS.encode()), encode(Tag.OCTETS, value))
    return encode(context(0, constructed=True), control)


def _read_page(control: Control) -> Page:
    if control.value is None:
        raise MalformedError("the control for pages has no value")
    parts = Reader(control.value).enter(Tag.SEQUENCE)
    return Page(size=parts.integer(), cookie=parts.content(Tag.OCTETS))


def _read_parts(control: Control) -> int:
    if control.value is None:
        raise MalformedError("the control for the parts of a descriptor has no value")
    return Reader(control.value).enter(Tag.SEQUENCE).integer()
