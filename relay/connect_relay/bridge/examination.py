"""What `doctor` has found: step by step, with what to do; and how it is shown. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import click

from connect_protocol.exit_codes import ExitCode


class Mark(StrEnum):
    """How a step went."""

    WELL = "✓"
    WARNING = "!"
    FAULT = "✗"


class Area(IntEnum):
    """What a step is about, in the order of the way; its number is the exit code of a fault there."""

    CONFIGURATION = ExitCode.CONFIGURATION
    RELAY = 11
    """The relay cannot be reached."""
    ADMISSION = 12
    """The relay is there, and does not let this bridge in."""
    TARGET = ExitCode.CONNECTION_FAILED


_WAY = tuple(Area)
_JSON_MARKS = {Mark.WELL: "ok", Mark.WARNING: "warning", Mark.FAULT: "fault"}
_COLOURS = {Mark.WELL: "green", Mark.WARNING: "yellow", Mark.FAULT: "red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: of what (`subject`, a heading), its name, what was found, and what to do about it."""

    area: Area
    subject: str
    name: str
    found: str
    mark: Mark = Mark.WELL
    todo: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """Makes the steps of one subject."""

    area: Area
    subject: str

    def well(self, name: str, found: str) -> Step:
        """It went well."""
        return Step(area=self.area, subject=self.subject, name=name, found=found)

    def warning(self, name: str, found: str, todo: str) -> Step:
        """It works, and should be seen to."""
        return Step(area=self.area, subject=self.subject, name=name, found=found, mark=Mark.WARNING, todo=todo)

    def fault(self, name: str, found: str, todo: str, area: Area | None = None) -> Step:
        """It does not work; `area` where it is another one's fault than the chapter's."""
        area = area or self.area
        return Step(area=area, subject=self.subject, name=name, found=found, mark=Mark.FAULT, todo=todo)


def exit_code(steps: Sequence[Step]) -> int:
    """0, or that of the first area on the way that has a fault."""
    faulty = {step.area for step in steps if step.mark is Mark.FAULT}
    return next((int(area) for area in _WAY if area in faulty), int(ExitCode.DONE))


def as_json(steps: Sequence[Step]) -> str:
    """For machines."""
    rows = [
        {
            "area": step.area.name.lower(),
            "subject": step.subject,
            "step": step.name,
            "result": _JSON_MARKS[step.mark],
            "found": step.found,
            "todo": step.todo,
        }
        for step in steps
    ]
    return json.dumps({"steps": rows, "exitCode": exit_code(steps)}, ensure_ascii=False, indent=2)


def as_lines(steps: Sequence[Step]) -> Iterator[str]:
    """For people, with colours that click takes away where no terminal is."""
    subject = ""
    for step in steps:
        if step.subject != subject:
            subject = step.subject
            yield click.style(subject, bold=True)
        yield f"  {click.style(step.mark.value, fg=_COLOURS[step.mark])} {step.name:<14} {step.found}"
        if step.todo:
            yield f"    {'':<14} → {step.todo}"
    faults, warnings = (sum(step.mark is mark for step in steps) for mark in (Mark.FAULT, Mark.WARNING))
    yield ""
    yield "All is well." if not faults + warnings else f"{_count(faults, 'fault')}, {_count(warnings, 'warning')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
