"""What the doctor says: findings, what was looked at, and what could not be seen; as text, as a table, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

Certainty = Literal["sure", "likely", "possible"]
_STYLE = "text-align:left;vertical-align:top;white-space:pre-wrap"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        name: a slug that programs can compare, such as "classes-erased".
        cause: the same in a few words, such as "the classes are lost between loading and the network".
        evidence: what was measured.
        mend: what to do.
        code: the mend as code to paste.
        certainty: "sure" where it follows from what was seen, "likely" where a trial speaks for it, else "possible".
    """

    name: str
    cause: str
    evidence: str
    mend: str
    code: str = ""
    certainty: Certainty = "likely"

    def __str__(self) -> str:
        code = "".join(f"\n      {line}" for line in self.code.splitlines())
        sure = "" if self.certainty == "sure" else f" ({self.certainty})"
        return f"{capital(self.cause)}{sure}.\n  seen: {self.evidence}\n  mend: {self.mend}{code}"

    def _repr_html_(self) -> str:
        return _table([self])


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What the doctor found, the most likely cause first; nothing where the network can learn.

    Attributes:
        findings: what explains that it does not learn.
        warnings: slips that this network learns in spite of.
        looked_at: what was checked, in words.
        not_seen: what could not be checked, and so cannot be excluded.
    """

    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    looked_at: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing was found; warnings do not count."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """All of it in dicts, lists, strings and one bool, as JSON can hold it."""
        return {
            "healthy": self.healthy,
            "findings": [asdict(finding) for finding in self.findings],
            "warnings": [asdict(finding) for finding in self.warnings],
            "looked_at": list(self.looked_at),
            "not_seen": list(self.not_seen),
        }

    def __str__(self) -> str:
        blocks = ["\n".join(map(str, self.findings)) or self._nothing()]
        blocks += [f"Warning, though it learns all the same: {finding}" for finding in self.warnings]
        blocks += [_listed("Not seen", self.not_seen)] if self.not_seen else []
        return "\n".join(blocks)

    __repr__ = __str__

    def _nothing(self) -> str:
        listed = f"\n{_listed('Looked at', self.looked_at)}" if self.looked_at else ""
        return f"Nothing found that would keep it from learning.{listed}"

    def _repr_html_(self) -> str:
        parts = [_table(list(self.findings)) if self.findings else f"<p>{escape(self._nothing().splitlines()[0])}</p>"]
        if self.warnings:
            parts.append(f"<p>It learns in spite of these:</p>{_table(list(self.warnings))}")
        parts.append(_folded("Looked at", self.looked_at))
        parts.append(_folded("Not seen", self.not_seen))
        return "".join(parts)


def capital(words: str) -> str:
    """`words` with a capital first letter; the others stay as they are, unlike with str.capitalize."""
    return words[:1].upper() + words[1:]


def _listed(title: str, lines: tuple[str, ...]) -> str:
    return f"{title}: " + "; ".join(lines) + "."


def _table(findings: list[Finding]) -> str:
    head = "".join(f'<th style="{_STYLE}">{name}</th>' for name in ("cause", "seen", "mend", "sure?"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, findings))}</tbody></table>"


def _row(finding: Finding) -> str:
    code = f"<pre><code>{escape(finding.code)}</code></pre>" if finding.code else ""
    cause = f"<b>{escape(capital(finding.cause))}</b><br><code>{escape(finding.name)}</code>"
    cells = (cause, escape(finding.evidence), escape(finding.mend) + code, escape(finding.certainty))
    return "<tr>" + "".join(f'<td style="{_STYLE}">{cell}</td>' for cell in cells) + "</tr>"


def _folded(title: str, lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    return f"<details><summary>{title}</summary><ul>{''.join(f'<li>{escape(x)}</li>' for x in lines)}</ul></details>"
