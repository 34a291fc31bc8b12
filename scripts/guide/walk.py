"""Going through a chapter, block by block, with somebody who looks."""

import re

from .world import Wrong, expect

# What the prose has as code and is a command, or an option of one.
COMMAND = re.compile(r"(dbassistd?|keys|createuser|createdb) [a-z-]|--[a-z]")


class Walk:
    """A chapter, and where we are in it. What is run has to be what stands there next."""

    def __init__(self, chapter, world):
        self.chapter, self.world = chapter, world
        self.blocks = list(chapter.blocks)
        self.typed = []

    def block(self, mark):
        """The text of the next block, which has this mark."""
        self.finish_block()
        expect(self.blocks, f"there is no further block of {mark}.")
        block = self.blocks.pop(0)
        expect(block.mark == mark, f"the block at line {block.line} is of '{block.mark}', not of {mark}.")
        return block.text

    def take(self, command):
        """What the document shows below the command (None in a block that is no transcript), which is the next to type."""
        if not self.typed:
            expect(self.blocks, f"`{command}` is no longer there.")
            block = self.blocks.pop(0)
            self.typed = block.commands()
            expect(block.mark in ("sh", "console") and self.typed,
                   f"the block at line {block.line} is of '{block.mark}', and `{command}` not in it.")
        there, shown = self.typed[0]
        expect(there == command, f"where `{command}` should be there is `{there}`, which nothing runs.")
        self.typed.pop(0)
        return shown

    def run(self, command, *parts, **options):
        """Runs the next command; as `World.run`."""
        self.take(command)
        return self.world.run(command, *parts, **options)

    def serve(self, command, **options):
        """Starts the daemon with the next command; as `World.serve`."""
        self.take(command)
        self.world.serve(command, **options)

    def transcript(self, command, alike=lambda text: text, **options):
        """Runs the next command, which has to print what the document shows, but for what `alike` makes the same of."""
        shown = self.take(command)
        said = self.world.run(command, **options)
        expect(alike(said) == alike(shown), f"`{command}` prints\n{said}and the document shows\n{shown}")
        return said

    def finish_block(self):
        expect(not self.typed, f"nothing runs `{self.typed[0][0] if self.typed else ''}`.")

    def finish(self):
        """The whole chapter was gone through: no block is left, and no command that the prose names was not run."""
        self.finish_block()
        if self.blocks:
            raise Wrong(f"nothing looks at the block at line {self.blocks[0].line}: {self.blocks[0].text.splitlines()[0]}")
        for span in self.chapter.code():
            if COMMAND.match(span) and not any(f" {span} " in f" {ran} " for ran in self.world.ran):
                raise Wrong(f"nothing runs `{span}`.")


CHAPTERS = {}


def covers(document, title):
    """The function goes through this chapter: it gets a walk and a world."""

    def register(function):
        CHAPTERS[document, title] = function
        return function

    return register
