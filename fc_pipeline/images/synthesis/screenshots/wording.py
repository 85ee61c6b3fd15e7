"""The words on a screen: the vocabulary of user interfaces, always joined with words of the corpus."""

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from fc_pipeline.images.synthesis.face import Face
from fc_pipeline.images.synthesis.fields import FIRST_NAMES, Fields, is_name
from fc_pipeline.images.synthesis.page import TextPool

VERBS = (
    "Open", "Export", "Import", "Rename", "Delete", "Duplicate", "Move", "Share", "Print", "Find", "Replace", "Sort",
    "Show", "Hide", "Pin", "Edit", "View", "Insert", "Merge", "Split", "Compare", "Refresh", "Archive", "Download",
    "Upload", "Lock", "Preview", "Restore", "Copy", "Add", "New", "Close", "Remove", "Publish", "Filter", "Group",
)  # fmt: skip
MENUS = ("File", "Edit", "View", "Insert", "Format", "Tools", "Window", "Help", "Go", "Run", "Search", "Project")
SETTINGS = (
    "Show", "Enable", "Remember", "Sync", "Warn about", "Notify on", "Allow", "Auto-save", "Compress", "Encrypt",
    "Index", "Track", "Mute", "Preload", "Highlight", "Ask before", "Use", "Keep",
)  # fmt: skip
FIELDS = ("Name", "Folder", "Author", "Label", "Host", "User", "Branch", "Title", "City", "Team", "Profile", "Tag")
PRIMARY = ("OK", "Save", "Continue", "Apply", "Yes", "Open", "Send", "Accept", "Delete", "Install", "Next", "Sign in")
SECONDARY = ("Cancel", "No", "Back", "Discard", "Later", "Skip", "Help", "Close", "Details", "Retry", "Ignore")
EXTENSIONS = ("txt", "md", "py", "png", "csv", "pdf", "json", "zip", "html", "xml", "wav", "odt", "toml")
KEYS = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *(f"F{n}" for n in range(1, 13)), "Del", "Enter", "Tab", "Home", "Left", "Up")


@lru_cache(maxsize=65536)
def plain(word: str) -> bool:
    """Whether a word is drawn character by character from left to right, without invisible or combining ones."""
    return word.isprintable() and all(
        unicodedata.bidirectional(c) not in ("R", "AL", "AN") and not unicodedata.combining(c) for c in word
    )


@dataclass
class Copy:
    """Draws texts that a face can show."""

    rng: random.Random
    pool: TextPool
    face: Face

    def clean(self, text: str) -> str:
        """The words of a text that the face can show, single spaces between them."""
        return " ".join(word for word in text.split() if plain(word) and self.face.covers(word))

    def sentence(self, max_chars: int) -> str:
        """Running text, at least one word."""
        return self._retry(lambda: self.pool.sentence(self.rng, max_chars=max_chars), max_chars)

    def paragraph(self, max_chars: int) -> str:
        return self._retry(lambda: self.pool.paragraph(self.rng, max_chars=max_chars), max_chars)

    def title(self, max_chars: int = 40) -> str:
        """A heading, cut at a word when it is too long."""
        return self._retry(lambda: self.pool.title(self.rng), max_chars)

    def _retry(self, make: Callable[[], str], max_chars: int) -> str:
        for _ in range(8):
            words = self.clean(make()).split()
            while len(" ".join(words)) > max_chars:
                words.pop()
            if words:
                return " ".join(words)
        return self.rng.choice(VERBS)

    def word(self, longest: int = 10) -> str:
        """A word of the corpus that names something."""
        for _ in range(8):
            words = [w.strip(".,;:!?()[]\"'*`_") for w in self.sentence(80).split()]
            fitting = [w for w in words if len(w) <= longest and is_name(w)]
            if fitting:
                return self.rng.choice(fitting)
        return self.rng.choice(FIELDS).lower()

    def name(self, longest: int = 10) -> str:
        """Such a word with a capital."""
        return self.word(longest).capitalize()

    def command(self) -> str:
        """What a menu entry or a button says, such as `Export tensor...`."""
        verb = self.rng.choice(VERBS)
        tail = self.rng.choices(("", "..."), (3, 1))[0]
        return f"{verb} {self.word(9)}{tail}" if self.rng.random() < 0.75 else f"{verb}{tail}"

    def setting(self) -> str:
        """What a check box or a switch stands for, such as `Remember layers`."""
        return f"{self.rng.choice(SETTINGS)} {self.word(10).lower()}"

    def field(self) -> str:
        """What a text field asks for."""
        name = self.rng.choice(FIELDS)
        return name if self.rng.random() < 0.5 else f"{self.name(8)} {name.lower()}"

    def value(self, label: str) -> str:
        """What stands in a text field of such a label."""
        fields, kind = Fields(self.rng, self.pool), label.split()[-1].capitalize()
        if kind in ("Author", "User"):
            return self.rng.choice((fields.name(), self.rng.choice(FIRST_NAMES)))
        if kind == "City":
            return fields.town()
        if kind == "Host":
            return f"{self.word(8).lower()}{self.rng.choice(('.example', '-1', '-2', ''))}"
        pick = self.rng.random()
        if pick < 0.3 and kind not in ("Label", "Tag", "Branch", "Profile"):
            pick = self.rng.uniform(0.3, 1)
        if pick < 0.3:
            return str(self.rng.randint(1, 99999))
        if pick < 0.5:
            return f"{self.word(8).lower()}{self.rng.choice('-_.')}{self.rng.randint(1, 99)}"
        return self.sentence(18) if pick < 0.7 else self.name(12)

    def file_name(self) -> str:
        stem = self.word(9).lower()
        tail = self.rng.choice(("", f"-{self.rng.randint(1, 40)}", f"_{self.word(5).lower()}"))
        return f"{stem}{tail}.{self.rng.choice(EXTENSIONS)}"

    def shortcut(self) -> str:
        """A keyboard shortcut such as `Ctrl+Shift+K`."""
        modifiers = self.rng.choice(("Ctrl+", "Alt+", "Ctrl+Shift+", "Ctrl+Alt+", "Shift+"))
        return modifiers + self.rng.choice(KEYS)
