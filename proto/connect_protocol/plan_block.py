"""A plan in a pod's log, for people who can read the log and nothing else of the customer: written there, found again.

One JSON document, cut into lines that each say to what they belong:

    connect-plan 0f343b0931126a20 1/3 {"schema":1,"realm":"musterwil",…,"changes":[
    connect-plan 0f343b0931126a20 2/3 {"kind":"disable","object":"S.00001",…}
    connect-plan 0f343b0931126a20 3/3 ]}

The number after the mark is the beginning of the document's SHA-256: lines of others that come in between (a pod's two
outputs are collected apart) are passed over, and a plan of which a line is missing is none. Container runtimes cut
lines at 16 KiB, so these are shorter; kubelet rotates a log at 10 MiB, so the whole has a bound.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connect_protocol.json_object import JsonObject

SCHEMA = 1
MARK = "connect-plan"
LINE_SIGNS = 3_500
"""At most four bytes each: below the 16 KiB at which container runtimes cut."""
MOST_BYTES = 4 * 1024 * 1024
"""Of all changes together; what has no place is counted."""

_LINE = re.compile(rf"(?:^|\s){MARK} (?P<digest>[0-9a-f]{{16}}) (?P<number>\d+)/(?P<count>\d+) (?P<part>.*)")
_END = "]}"

Values = Mapping[str, object] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedChange:
    """One change. `object` is empty for an organizational unit; `dn` where no plan was made yet.

    `before` and `after` are the values that it touches; None: there is no object. `gated`: the safety gate counts it,
    so that the checksum covers it.
    """

    kind: str
    object: str
    dn: str
    cause: str
    sentence: str
    before: Values
    after: Values
    gated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanBlock:
    """What a run would do, or was stopped with. It holds no secrets.

    `checksum` identifies the gated changes: what a person approves. `blocked`: the safety gate has stopped it, for
    `excesses`. `approved_by`: who has let it through. `counts`: all changes by kind; `gated`: those of them that the
    gate counts. `omitted` had no place in the log.
    """

    realm: str
    run_id: str
    command: str
    checksum: str
    blocked: bool
    counts: Mapping[str, int]
    gated: int
    changes: tuple[PlannedChange, ...]
    excesses: tuple[str, ...] = ()
    approved_by: str = ""
    omitted: int = 0

    @property
    def shows_what_is_gated(self) -> bool:
        """Whether everything that the checksum covers is in it."""
        return sum(change.gated for change in self.changes) == self.gated


def encode(block: PlanBlock, *, most_bytes: int = MOST_BYTES) -> Iterator[str]:
    """The lines of the log. Changes that do not fit in `most_bytes` are left out, those that nobody counts first."""
    shown = _fitting(block.changes, most_bytes)
    block = replace(block, changes=shown, omitted=block.omitted + len(block.changes) - len(shown))
    parts = [piece for part in _parts(block) for piece in _cut(part)]
    digest = _digest("".join(parts))
    return (f"{MARK} {digest} {number}/{len(parts)} {part}" for number, part in enumerate(parts, start=1))


def is_plan_line(line: str) -> bool:
    """Whether a log's line is one of a plan, and says nothing to a person."""
    return _LINE.search(line) is not None


def find(log: str) -> PlanBlock | None:
    """The last plan in a log; None if there is none. Raises ValueError if lines of it are missing, or unreadable."""
    found = [match for line in log.split("\n") if (match := _LINE.search(line.rstrip("\r")))]
    if not found:
        return None
    digest, count = found[-1]["digest"], int(found[-1]["count"])
    parts = {int(match["number"]): match["part"] for match in found if match["digest"] == digest}
    text = "".join(parts[number] for number in sorted(parts))
    if _digest(text) != digest:
        raise ValueError(f"the log holds {len(parts)} of the {count} lines of the plan, or others than were written")
    return _block(JsonObject.parse(text, "plan"))


def _fitting(changes: Sequence[PlannedChange], most_bytes: int) -> tuple[PlannedChange, ...]:
    """In their order, but the gated ones have the first claim on the place."""
    kept: set[int] = set()
    for index in sorted(range(len(changes)), key=lambda index: not changes[index].gated):
        most_bytes -= len(_json(_change_document(changes[index])).encode())
        if most_bytes < 0:
            break
        kept.add(index)
    return tuple(change for index, change in enumerate(changes) if index in kept)


def _parts(block: PlanBlock) -> Iterator[str]:
    """The document: its beginning, a part for each change, its end."""
    beginning: dict[str, object] = {
        "schema": SCHEMA,
        "realm": block.realm,
        "runId": block.run_id,
        "command": block.command,
        "checksum": block.checksum,
        "blocked": block.blocked,
        "excesses": list(block.excesses),
        "approvedBy": block.approved_by,
        "counts": dict(block.counts),
        "gated": block.gated,
        "omitted": block.omitted,
        "changes": [],
    }
    yield _json(beginning).removesuffix(_END)
    for index, change in enumerate(block.changes):
        yield ("," if index else "") + _json(_change_document(change))
    yield _END


def _cut(part: str) -> Iterable[str]:
    return (part[start : start + LINE_SIGNS] for start in range(0, len(part), LINE_SIGNS))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _json(document: Mapping[str, object]) -> str:
    # Half a surrogate pair, which a broken name may hold, cannot be written in UTF-8: it becomes a question mark.
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _change_document(change: PlannedChange) -> dict[str, object]:
    return {
        "kind": change.kind,
        "object": change.object,
        "dn": change.dn,
        "cause": change.cause,
        "sentence": change.sentence,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "gated": change.gated,
    }


def _block(document: JsonObject) -> PlanBlock:
    schema = document.integer("schema")
    if schema != SCHEMA:
        raise ValueError(f"plan.schema is {schema}, and only {SCHEMA} can be read here")
    return PlanBlock(
        realm=document.text("realm"),
        run_id=document.text("runId"),
        command=document.text("command"),
        checksum=document.text("checksum"),
        blocked=document.flag("blocked"),
        excesses=document.texts("excesses"),
        approved_by=document.optional_text("approvedBy"),
        counts=dict(document.object("counts").integers()),
        gated=document.integer("gated"),
        omitted=document.integer("omitted"),
        changes=tuple(map(_change, document.elements("changes"))),
    )


def _change(document: JsonObject) -> PlannedChange:
    return PlannedChange(
        kind=document.text("kind"),
        object=document.text("object"),
        dn=document.text("dn"),
        cause=document.text("cause"),
        sentence=document.text("sentence"),
        before=document.members("before") if document.has("before") else None,
        after=document.members("after") if document.has("after") else None,
        gated=document.flag("gated"),
    )
