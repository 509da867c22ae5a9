"""What a command prints when it has ended: for people, or as JSON for machines."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from connect_protocol.report import Report, RunResult
from connect_worker.core.plan import Plan
from connect_worker.core.rules import rule_of
from connect_worker.core.rules.rule import Rule
from connect_worker.core.validation import Validation
from connect_worker.errors import ConnectError
from connect_worker.model.account import Account
from connect_worker.model.finding import Finding
from connect_worker.model.group import Group
from connect_worker.stages.examination import Examination
from connect_worker.stages.gate import Verdict
from connect_worker.store.audit import effect_of
from connect_worker.targets.active_directory.ldif import change_as_ldif

MOST_FINDINGS = 20
_DIFF_STYLES = {"@": "cyan", "-": "red", "+": "green"}
_COLOURS = {
    RunResult.DONE: "green",
    RunResult.BLOCKED: "yellow",
    RunResult.STOPPED: "yellow",
    RunResult.FAILED: "red",
}


def plan_as_json(plan: Plan) -> dict[str, object]:
    """The plan for machines: every change with before and after, no secrets."""
    return {
        "checksum": plan.checksum,
        "counts": dict(sorted(plan.counts().items())),
        "notes": list(plan.notes),
        "changes": [
            {
                "kind": change.kind,
                "object": None if change.key is None else str(change.key),
                "dn": change.dn,
                "cause": change.cause.value,
                "sentence": change.sentence,
                "before": effect_of(change).before,
                "after": effect_of(change).after,
            }
            for change in plan.changes
        ],
    }


def findings_as_json(validation: Validation) -> list[dict[str, object]]:
    """The findings for machines."""
    return [
        {
            "object": str(finding.key),
            "name": finding.name,
            "code": finding.code,
            "found": finding.found,
            "blocks": finding.blocks,
            "blocksEverything": finding.blocks_everything,
            "title": rule_of(finding).meaning.english,
            "solution": rule_of(finding).solution.english,
        }
        for finding in validation.findings
    ]


def verdict_as_json(verdict: Verdict) -> dict[str, object]:
    """What the safety gate says of a plan, and how a person lets it through."""
    return {
        "blocked": verdict.blocked,
        "excesses": [excess.sentence for excess in verdict.excesses],
        "checksum": verdict.checksum,
        "approve": verdict.command if verdict.blocked else None,
        "approvedBy": verdict.approved_by,
    }


def document(
    report: Report,
    *,
    validation: Validation | None,
    plan: Plan | None,
    verdict: Verdict | None = None,
    more: Mapping[str, object] | None = None,
) -> str:
    """Everything as one JSON document; `more` are further parts, by their names."""
    content: dict[str, object] = {"report": json.loads(report.to_json()), **(more or {})}
    if validation is not None:
        content["findings"] = findings_as_json(validation)
    if plan is not None:
        content["plan"] = plan_as_json(plan)
    if verdict is not None:
        content["safetyGate"] = verdict_as_json(verdict)
    return json.dumps(content, ensure_ascii=False, indent=2)


def plan_as_ldif(plan: Plan) -> str:
    """The plan as LDIF to read, or to paste to ldapmodify; passwords are masked."""
    return "\n".join(change_as_ldif(change) for change in plan.changes)


def plan_as_diff(plan: Plan) -> Iterator[str]:
    """The plan as lines that a person reads like a patch."""
    for change in plan.changes:
        effect = effect_of(change)
        yield f"@@ {change.kind} {change.dn}"
        yield from (f"- {name}: {_plain(value)}" for name, value in (effect.before or {}).items())
        yield from (f"+ {name}: {_plain(value)}" for name, value in (effect.after or {}).items())


def print_report(console: Console, report: Report, *, validation: Validation | None, plan: Plan | None) -> None:
    """A summary that a person can read: how it ended, what was done, what is in the way."""
    colour = _COLOURS[report.result]
    of_realm = f" of {escape(report.realm)}" if report.realm else ""
    console.print(f"[bold {colour}]{report.reason}[/] {report.command}{of_realm}", highlight=False)
    if report.message:
        console.print(escape(report.message), highlight=False)
    if report.todo:
        console.print(f"[dim]→ {escape(report.todo)}[/]", highlight=False)
    if report.approved_by is not None:
        console.print(f"Approved by {escape(report.approved_by)}", highlight=False)
    if report.people is not None:
        console.print(f"People in scope {report.people.in_scope}, out of scope {report.people.out_of_scope}")
    if report.changes:
        console.print(_changes_table(report))
    for error in report.errors:
        console.print(f"[red]✗[/] {escape(error)}", highlight=False)
    if validation is not None:
        _print_findings(console, validation.findings)
        _print_notes(console, validation.findings)
    for note in plan.notes if plan is not None else ():
        console.print(f"[yellow]![/] {escape(note)}", highlight=False)
    if report.stages:
        times = ", ".join(f"{stage.stage} {stage.seconds:.1f} s" for stage in report.stages)
        console.print(f"[dim]{times}[/]", highlight=False)


def print_way_through(console: Console, verdict: Verdict) -> None:
    """What a person here can give next, where the safety gate has stopped a run."""
    console.print("[dim]→ connect-worker plan[/]", highlight=False)
    console.print(f"[dim]→ {verdict.command}[/]", highlight=False)


def print_plan(console: Console, plan: Plan, show: str) -> None:
    """The plan as a table, a diff or LDIF."""
    if show == "diff":
        for line in plan_as_diff(plan):
            console.print(Text(line, style=_DIFF_STYLES.get(line[:1], "")), soft_wrap=True)
    elif show == "ldif":
        console.print(Text(plan_as_ldif(plan)), soft_wrap=True)
    else:
        _print_plan_table(console, plan)


def print_error(console: Console, error: ConnectError) -> None:
    """An error before any run began: what is wrong, where, and what to do."""
    console.print(f"[bold red]{error.reason}[/]", highlight=False)
    console.print(escape(error.what), highlight=False)
    if error.todo:
        console.print(f"[dim]→ {escape(error.todo)}[/]", highlight=False)


def error_document(error: ConnectError) -> str:
    """The same for machines."""
    content = {"reason": error.reason, "message": error.what, "todo": error.todo, "exitCode": error.exit_code}
    return json.dumps({"error": content}, ensure_ascii=False, indent=2)


def print_examination(console: Console, examination: Examination) -> None:
    """What `doctor` found, link by link."""
    for check in examination.checks:
        mark = "[green]✓[/]" if check.error is None else "[red]✗[/]"
        console.print(f"{mark} {escape(check.link)}: {escape(check.found)}", highlight=False)
        if check.error is not None and check.error.todo:
            console.print(f"  [dim]→ {escape(check.error.todo)}[/]", highlight=False)


def _print_plan_table(console: Console, plan: Plan) -> None:
    table = Table("change", "object", "what", "cause", box=None, header_style="bold", pad_edge=False)
    for change in plan.changes:
        table.add_row(change.kind, str(change.key or ""), escape(change.sentence), change.cause.value)
    if plan.changes:
        console.print(table)
    console.print(f"{len(plan.changes)} changes, checksum {plan.checksum}", highlight=False)


def _changes_table(report: Report) -> Table:
    table = Table("change", "result", "count", box=None, header_style="bold", pad_edge=False)
    for row in report.changes:
        table.add_row(row.kind, row.result, str(row.count))
    return table


def _print_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Each rule once, with what to do, and the first records that it was found on."""
    by_rule: defaultdict[Rule[Account] | Rule[Group], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.blocks:
            by_rule[rule_of(finding)].append(finding)
    for rule, found in sorted(by_rule.items(), key=lambda item: item[0].code):
        title = escape(rule.meaning.english)
        console.print(f"[yellow]Warning {rule.code}[/] {title} ({len(found)})", highlight=False)
        console.print(f"[dim]→ {escape(rule.solution.english)}[/]", highlight=False)
        for finding in found[:MOST_FINDINGS]:
            console.print(f"    {finding.key} {escape(finding.name)}: {escape(finding.found)}", highlight=False)
        if len(found) > MOST_FINDINGS:
            console.print(f"    and {len(found) - MOST_FINDINGS} more, see connect.connect_warning", highlight=False)


def _print_notes(console: Console, findings: Iterable[Finding]) -> None:
    """What is only told: how often, and where it can be read."""
    told = Counter(rule for finding in findings if not (rule := rule_of(finding)).blocks)
    for rule, count in sorted(told.items(), key=lambda item: item[0].code):
        title = escape(rule.meaning.english)
        console.print(f"Note {rule.code:d} {title} ({count}), see connect.connect_warning", highlight=False)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
