"""A Markdown document as a reader types it: chapters, and the fenced blocks in them."""

import re
from dataclasses import dataclass, field


@dataclass
class Block:
    """What stands between two fences. `mark` is the word behind the first one."""

    mark: str
    line: int
    lines: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def commands(self):
        """The commands to type, each with what a transcript shows below it (None in a block that is no transcript)."""
        if self.mark == "sh":
            return [(re.sub(r"\s+#\s.*$", "", line), None) for line in self.lines if line and not line.startswith("#")]
        typed = []
        for line in self.lines:
            if line.startswith("$ "):
                typed.append((line[2:], ""))
            elif typed:
                typed[-1] = (typed[-1][0], typed[-1][1] + line + "\n")
        return typed


@dataclass
class Chapter:
    """A heading of the second level and what is below it. Of `prose` the blocks are left out."""

    title: str
    blocks: list = field(default_factory=list)
    prose: str = ""

    def code(self):
        """What the prose has as code."""
        return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", self.prose)]

    def table(self, heading):
        """The rows of the table whose first column has this heading: lists of cells."""
        tables = re.findall(r"(?m)^\|.*\n\|[-|]+\|\n(?:\|.*\n)*", self.prose)
        for table in tables:
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
            if rows[0][0] == heading:
                return rows[2:]
        return []


def chapters(path):
    """The chapters of the document, by title. What stands before the first has none."""
    found, block = {"": Chapter("")}, None
    chapter = found[""]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r"(````?)(\w*)$", line)
        if block:
            if fence and not fence[2] and fence[1] == block[1]:
                chapter.blocks.append(block[0])
                block = None
            else:
                block[0].lines.append(line)
        elif fence:
            block = Block(fence[2], number), fence[1]
        elif line.startswith("## "):
            chapter = found[line[3:]] = Chapter(line[3:])
        else:
            chapter.prose += line + "\n"
    return found
