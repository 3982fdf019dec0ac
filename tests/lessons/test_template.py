"""The form of a lesson: short, the question and the short answer first, bets before results, one's own pictures last.

It holds notebooks that share a chapter (01a, 01b), and any other whose first cell says Core or Optional.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.practice import catalogue, chapters, notebooks
from tools import lessons as maker
from tools import minutes

CELLS, MINUTES, MEGABYTES, SECONDS = 60, 45, 1.2, 180
CORE_MINUTES = 6 * 60
EXERCISES_IN_THE_FLOW = (1, 3)
CODE_LINES, WORDS = 20, 100
LAST = ("Your pictures", "What we would write to .+", "Open", "Read on", "Next")
DOOR_LAST = ("Your (?:own )?pictures?", "Next")
_ANSWER = re.compile(r"^<details>\s*<summary>[^\n]*Short answer[^\n]*\n(.+?)</details>", re.MULTILINE | re.DOTALL)
_SYMPTOMS = re.compile(r"^\| you see \| read \|\n\|[-:| ]+\|\n((?:\|.+\|\n?)+)", re.MULTILINE)
_MINUTES = re.compile(r"^(?:Core|Optional) · \d+ minutes: .+; the code runs in \d+ s on two cores\.$", re.MULTILINE)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


LESSONS = [path for path in notebooks.files(maker.LESSONS) if maker.is_new_form(path, read(path))]


# --- the rules: each takes a notebook and its code, "01a", and gives the faults it finds ---


def size(lesson: NotebookNode, code: str) -> Iterator[str]:
    """It can be taken in: few cells, none of them long, less than an hour."""
    if len(lesson.cells) > CELLS:
        yield f"it has {len(lesson.cells)} cells; at most {CELLS}"
    announced = re.search(r"^\w+ · (\d+) minutes", lesson.cells[0].source, re.MULTILINE)  # with the code's
    takes = max(minutes.count(lesson, lesson, None).minutes, int(announced[1]) if announced else 0)
    if takes > MINUTES:
        yield f"it takes {takes} minutes; at most {MINUTES}"
    for cell in lesson.cells[1:]:
        first, length = (cell.source.splitlines() or [""])[0], len(cell.source.splitlines())
        if cell.cell_type == "code" and "setup" not in tags(cell) and length > CODE_LINES:
            yield f"a code cell has {length} lines, at most {CODE_LINES}: `{first}`"
        prose = "\n".join(line for line in cell.source.splitlines() if not line.startswith("|"))  # tables are scanned
        words = max(minutes.words(part)[0] for part in re.split(r"^## ", prose, flags=re.MULTILINE))  # of a section
        if cell.cell_type == "markdown" and words > WORDS:
            yield f"a prose cell has {words} words, at most {WORDS}: `{first}`"


def beginning(lesson: NotebookNode, code: str) -> Iterator[str]:
    """First cell: question, short answer, symptoms, minutes."""
    first = lesson.cells[0].source
    title = rf"# {re.escape(notebooks.label(code))} · \S" if code != "00" else r"# \S"
    if not re.match(title, first):
        yield f"it does not begin with `# {notebooks.label(code)} · ` and a title"
    question = first.partition("<details>")[0]
    if "?" not in question or minutes.words(question)[0] < 20:
        yield "no question in a practitioner's words stands before the short answer"
    answer = _ANSWER.search(first)
    if not answer or minutes.words(answer[1])[0] < 10:
        yield "no `<details><summary>…Short answer…`, folded, with an answer in it"
    if not _SYMPTOMS.search(first):
        yield "no table with the header `| you see | read |`"
    if len(_MINUTES.findall(first)) != 1:
        yield "not one line `Core · ` or `Optional · ` with its minutes and the code's seconds"


def bets(lesson: NotebookNode, code: str) -> Iterator[str]:
    """At least one; each shown, and compared in a later cell of the same section; nothing else is compared.

    Of the same section, because the book folds what lies between.
    """
    placed: dict[str, int] = {}
    compared: dict[str, int] = {}
    section = 0
    for place, cell in enumerate(lesson.cells):
        if cell.cell_type != "code":
            section = place if re.search(r"^## ", cell.source, re.MULTILINE) else section
            continue
        for name in re.findall(r"\b(\w+)\.compare\(", cell.source):
            if placed.get(name, place) == place:
                yield f"`{name}` is compared before anybody could bet"
            elif placed[name] < section:
                yield f"the bet `{name}` is compared in another section"
            compared[name] = place
        found = minutes.PLACED.findall(cell.source)
        placed |= dict.fromkeys(found, place)
        if found and cell.source.splitlines()[-1] != found[-1]:
            yield f"the bet `{found[-1]}` is not shown: it does not stand in the cell's last line"
    if not placed:
        yield "no bet"
    for name in placed.keys() - compared.keys():
        yield f"nobody learns what came of the bet `{name}`"


def verdicts(lesson: NotebookNode, code: str) -> Iterator[str]:
    """Checks of the page are folded away, and nothing else needs them."""
    hidden: dict[str, str] = {}
    for cell in lesson.cells:
        if cell.cell_type != "code":
            continue
        first = (cell.source.splitlines() or [""])[0]
        reads, writes = names(cell.source)
        for name in sorted(reads & hidden.keys()):
            yield f"`{first}` needs `{name}`, which a verdict defines: `{hidden[name]}`"
        if "verdict" in tags(cell):
            hidden |= dict.fromkeys(writes, first)
            if not cell.metadata.get("jupyter", {}).get("source_hidden"):
                yield f"a verdict is not collapsed: `{first}`"
        else:
            hidden = {name: where for name, where in hidden.items() if name not in writes}


def names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell takes from other cells, and those that it defines for them.

    Read from the bytecode, where what a comprehension or a function keeps to itself is told apart.
    """
    code = compile(source, "cell", "exec", dont_inherit=True)
    reads: set[str] = set()
    writes: set[str] = set()
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            writes.add(step.argval)
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in writes:
            reads.add(step.argval)
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    while inner:
        part = inner.pop()
        inner += [deeper for deeper in part.co_consts if isinstance(deeper, CodeType)]
        globals_ = {step.argval for step in dis.get_instructions(part) if step.opname == "LOAD_GLOBAL"}
        reads |= globals_ - writes
    return reads, writes


def exercises(lesson: NotebookNode, code: str) -> Iterator[str]:
    """One to three stand where the idea is: before a section of exercises and before the last part. Not at the door."""
    flow = 0
    for cell in lesson.cells:
        if cell.cell_type == "markdown" and re.search(r"^## (?:.*[Ee]xercises|Your )", cell.source, re.MULTILINE):
            break
        flow += len(minutes.EXERCISE.findall(cell.source)) if cell.cell_type == "code" else 0
    least, most = EXERCISES_IN_THE_FLOW
    if code != "00" and not least <= flow <= most:
        yield f"{flow} exercises stand in the flow; {least} to {most} are wanted"


def ending(lesson: NotebookNode, code: str) -> Iterator[str]:
    """The last sections, in their order, and the way on."""
    prose = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", prose, re.MULTILINE)
    wanted = LAST if code != "00" else DOOR_LAST
    if code == "00":  # at the door there may be others in between
        headings = [heading for heading in headings if any(re.fullmatch(part, heading) for part in wanted)]
    last = headings[-len(wanted) :]
    if len(last) != len(wanted) or not all(map(re.fullmatch, wanted, last)):
        yield f"its last sections are {last}, not {list(wanted)}"
    if not re.search(r"\]\([^)]+\)", prose.rpartition("## Next")[2]):
        yield "Next leads nowhere: there is no link"


RULES = (size, beginning, bets, verdicts, exercises, ending)


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


# --- the lessons ---


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_lesson_keeps_the_form(path, rule):
    assert list(rule(read(path), notebooks.code(path))) == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_is_small_and_quick(path):
    assert too_large(path.stat().st_size, minutes.seconds_of(path)) == []


def too_large(size_bytes: int, seconds: float | None) -> list[str]:
    found = [] if size_bytes <= MEGABYTES * 1e6 else [f"{size_bytes / 1e6:.2f} MB; at most {MEGABYTES}"]
    if seconds is None:
        return [*found, "its code has not been timed"]
    return found if seconds <= SECONDS else [*found, f"its code takes {seconds:.0f} s; at most {SECONDS}"]


def test_the_core_takes_no_longer_than_a_day():
    assert core_minutes([(read(path), minutes.seconds_of(path)) for path in LESSONS]) <= CORE_MINUTES


def core_minutes(lessons: list[tuple[NotebookNode, float | None]]) -> int:
    counted = [minutes.count(lesson, lesson, seconds) for lesson, seconds in lessons]
    return sum(count.minutes for count in counted if count.kind == "Core")


RECUT = sorted({notebooks.chapter(notebooks.code(path)) for path in LESSONS} & set(catalogue.lessons()))


@pytest.mark.parametrize("chapter", RECUT)
def test_all_exercises_and_the_quiz_of_a_chapter_stand_in_its_notebooks(chapter):
    paths = notebooks.chosen(notebooks.files(maker.LESSONS), [chapter])
    code = "\n".join(cell.source for path in paths for cell in read(path).cells if cell.cell_type == "code")
    assert left_out(code, chapter) == []


def left_out(code: str, chapter: str) -> list[str]:
    """Exercises, and the quiz, that no cell of a chapter shows."""
    called = {exercise.name: f".check({exercise.reference.__name__})" for exercise in catalogue.exercises(chapter)}
    missing = [name for name, call in called.items() if call not in code]
    return missing if f"{chapters.packages()[chapter]}.quiz import" in code else [*missing, "the quiz"]


# --- the rules can fail ---

FIRST = """\
# 3a · What does a network see?

Somebody has pictures from space and a network that works. Which features decide, they asked, and nobody could say why.
What would you look at first?

<details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>

Take one thing away after the other and see what is lost. Colour alone gives a surprisingly good answer.
</details>

| you see | read |
|---|---|
| it works and nobody knows why | section 1 |

Core · 12 minutes: 4 of reading, 3 of bets and figures, 5 of exercises; the code runs in 12 s on two cores."""


def tiny(**changes: object) -> NotebookNode:
    """A lesson with all that a lesson needs; `changes` replace its cells by name. None leaves one out."""
    parts = {
        "first": new_markdown_cell(FIRST),
        "bet": new_code_cell('guess = predict.choice(\n    "Which?",\n    ["A", "B"],\n)\nguess'),
        "run": new_code_cell("right = 0.9"),
        "compare": new_code_cell("guess.compare(right)"),
        "verdict": verdict("print(right > 0.8)"),
        "after": new_code_cell("print(right)"),
        "exercise": new_code_cell("def recall(m):\n    ...\nex.recall.check(recall)"),
        "yours": new_markdown_cell("## Your pictures\nHere."),
        "write": new_markdown_cell("## What we would write to the asker\nDear."),
        "open": new_markdown_cell("## Open\nMuch."),
        "read": new_markdown_cell("## Read on\nA book."),
        "next": new_markdown_cell("## Next\n[3b](03b_more.ipynb)"),
    } | changes
    return new_notebook(cells=[cell for cell in parts.values() if cell is not None])


def verdict(source: str, **metadata: object) -> NotebookNode:
    return new_code_cell(source, metadata={"tags": ["verdict"], "jupyter": {"source_hidden": True}} | metadata)


def told(lesson: NotebookNode, code: str = "03a") -> list[str]:
    return [fault for rule in RULES for fault in rule(lesson, code)]


def test_lesson_with_all_parts_passes():
    assert told(tiny()) == []
    door = {"first": new_markdown_cell(FIRST.replace("# 3a · ", "# ")), "exercise": None, "write": None, "open": None}
    assert told(tiny(**door), "00") == []


def first(old: str, new: str) -> dict[str, NotebookNode]:
    assert old in FIRST
    return {"first": new_markdown_cell(FIRST.replace(old, new))}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"run": new_markdown_cell("word " * 101)}, "a prose cell has 101 words"),
        ({"run": new_code_cell("x = 1\n" * 21)}, "a code cell has 21 lines"),
        (first("# 3a ·", "# 3 ·"), "does not begin with `# 3a · `"),
        (first("# 3a · What", "# What"), "does not begin with `# 3a · `"),
        (
            {"first": new_markdown_cell(FIRST.replace("?", "."))},
            "no question in a practitioner's words",
        ),
        (first("<details>", "<details open>"), "no `<details><summary>"),
        (first("Short answer", "Answer"), "no `<details><summary>"),
        (first("</details>", ""), "no `<details><summary>"),
        (first("| you see | read |", "| symptom | read |"), "no table with the header"),
        (first("| it works and nobody knows why | section 1 |\n", ""), "no table with the header"),
        (first("Core · 12", "Takes 12"), "not one line `Core · `"),
        (first("; the code runs in 12 s on two cores", "; the code has not been timed"), "not one line `Core · `"),
        ({"bet": None, "compare": None}, "no bet"),
        ({"compare": None}, "nobody learns what came of the bet `guess`"),
        ({"bet": new_code_cell('guess = predict.number("?", low=0, high=1)')}, "is not shown"),
        ({"bet": new_code_cell('guess = predict.number("?")\nguess.compare(1)\nguess')}, "before anybody could bet"),
        ({"run": new_code_cell("other.compare(3)")}, "`other` is compared before anybody could bet"),
        ({"verdict": verdict("print(1)", jupyter={})}, "a verdict is not collapsed"),
        ({"verdict": verdict("high = 3"), "after": new_code_cell("print(high)")}, "needs `high`, which a verdict"),
        ({"verdict": verdict("import torch"), "after": new_code_cell("torch.ones(3)")}, "needs `torch`"),
        ({"verdict": verdict("for k in (1, 2): ..."), "after": new_code_cell("k = k + 1")}, "needs `k`"),
        ({"verdict": verdict("def f(): ..."), "after": new_code_cell("def g():\n    return f()")}, "needs `f`"),
        ({"verdict": verdict("high = 3"), "after": verdict("print(high)")}, "needs `high`"),
        ({"run": new_markdown_cell("## 2 · Run")}, "the bet `guess` is compared in another section"),
        ({"exercise": None}, "0 exercises stand in the flow"),
        ({"exercise": new_code_cell("ex.a.check(a)\n" * 4)}, "4 exercises stand in the flow"),
        ({"after": new_markdown_cell("## More exercises")}, "0 exercises stand in the flow"),
        ({"yours": None}, "its last sections are"),
        ({"yours": new_markdown_cell("## Open"), "open": new_markdown_cell("## Your pictures")}, "its last"),
        ({"open": new_markdown_cell("### Open")}, "its last sections are"),
        ({"next": new_markdown_cell("## Next\n4."), "open": new_markdown_cell("## Open\n[a](b.md)")}, "Next leads"),
        ({"next": new_markdown_cell("## Next\n[4](04a_x.ipynb)\n## Appendix")}, "its last sections are"),
    ],
)  # fmt: skip
def test_what_is_missing_is_found(change, fault):
    assert any(fault in found for found in told(tiny(**change)))


def test_what_is_too_long_is_found():
    many = {f"cell {k}": new_markdown_cell("So:") for k in range(49)}
    assert "it has 61 cells; at most 60" in told(tiny(**many))
    pictures = [new_output("display_data", {"image/png": "iVBOR"})] * 40
    assert any("minutes; at most 45" in fault for fault in told(tiny(run=new_code_cell("show()", outputs=pictures))))
    assert "it takes 46 minutes; at most 45" in told(tiny(**first("12 minutes", "46 minutes")))
    assert too_large(1_200_000, 180.0) == []
    assert too_large(1_210_000, 181.0) == ["1.21 MB; at most 1.2", "its code takes 181 s; at most 180"]
    assert too_large(1, None) == ["its code has not been timed"]


def test_only_the_core_is_summed():
    optional = tiny(**first("Core · ", "Optional · "))
    assert core_minutes([(tiny(), 60.0), (optional, 60.0)]) == minutes.count(tiny(), tiny(), 60.0).minutes > 0


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("print([n for n in (1, 2)])", "n = 3\nprint(n)"),
        ("high = 3", "high = 4\nprint(high)"),
        ("high = 3", "print([high for high in (1, 2)])"),
        ("high = 3", "def f(high):\n    return high"),
        ("print(max(x for x in range(3)))", "print(max(1, 2))"),
    ],
)
def test_name_that_is_not_a_verdict_s_is_let_through(source, after):
    assert told(tiny(verdict=verdict(source), after=new_code_cell(after))) == []


def test_name_that_is_defined_anew_in_between_is_let_through():
    changes = {"after": new_code_cell("k = 2"), "exercise": new_code_cell("ex.k.check(k)")}
    assert told(tiny(verdict=verdict("k = 1"), **changes)) == []


def test_exercise_and_quiz_that_no_notebook_shows_are_found():
    calls = [f"ex.{e.name}.check({e.reference.__name__})" for e in catalogue.exercises("03")]
    whole = "\n".join([*calls, "from course_lib.lessons.transfer.quiz import QUIZ"])
    assert left_out(whole, "03") == []
    assert left_out(whole.replace(calls[1], ""), "03") == [catalogue.exercises("03")[1].name]
    assert left_out("\n".join(calls), "03") == ["the quiz"]
