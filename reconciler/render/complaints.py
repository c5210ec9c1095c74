"""Complaints as text with a caret, as Markdown, and as plain data for JSON."""

from collections.abc import Iterable, Sequence

from reconciler.model.fleet import Complaint

RED, BOLD, DIM, PLAIN = "\033[31m", "\033[1m", "\033[2m", "\033[0m"


def text(complaints: Iterable[Complaint], *, color: bool = False) -> str:
    """Show each complaint as `file:line:column: message`, the line with a caret, and the hint."""
    return "\n".join(_one(complaint, color=color) for complaint in complaints)


def _one(complaint: Complaint, *, color: bool) -> str:
    bold, red, dim, plain = (BOLD, RED, DIM, PLAIN) if color else ("", "", "", "")
    place = f"{complaint.file}:{complaint.line}:{complaint.column}"
    lines = [f"{bold}{place}:{plain} {red}{complaint.message}{plain}"]
    if complaint.excerpt:
        lines += [f"    {complaint.excerpt}", f"    {caret(complaint)}"]
    if complaint.hint:
        lines.append(f"    {dim}hint: {complaint.hint}{plain}")
    return "\n".join(lines)


def caret(complaint: Complaint) -> str:
    """Return the line that points at the column; tabs stay tabs so that it lines up."""
    before = (complaint.excerpt or "")[: complaint.column - 1].ljust(complaint.column - 1)
    return "".join("\t" if sign == "\t" else " " for sign in before) + "^"


def markdown(complaints: Sequence[Complaint]) -> str:
    """Show the complaints as a table; nothing when there is none."""
    if not complaints:
        return ""
    rows = ["| Where | What | Hint |", "|---|---|---|"]
    rows += [
        f"| `{complaint.file}:{complaint.line}:{complaint.column}` "
        f"| {_cell(complaint.message)} | {_cell(complaint.hint or '')} |"
        for complaint in complaints
    ]
    return "\n".join(rows)


def _cell(words: str) -> str:
    return words.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def data(complaints: Iterable[Complaint]) -> list[dict[str, object]]:
    """Return the complaints as the plan's JSON names them."""
    return [
        {
            "file": complaint.file,
            "line": complaint.line,
            "column": complaint.column,
            "message": complaint.message,
            "hint": complaint.hint,
        }
        for complaint in complaints
    ]
