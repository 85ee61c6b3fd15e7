"""The step that makes `images/fonts`: font files of pinned packages, and what each can draw."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.engine.step import Step
from fc_pipeline.images.fonts.config import FaceFiles, FontPackage, FontsConfig
from fc_pipeline.images.fonts.coverage import NEEDED, covered, to_ranges, unicase
from fc_pipeline.images.fonts.faces import FACES_FILE, FACES_SCHEMA

_SUFFIXES = {".ttf", ".otf"}


class FontFile(NamedTuple):
    """A font file of a package."""

    package: str
    path: str
    face: FaceFiles
    licence: str
    data: bytes

    @property
    def name(self) -> str:
        """Of the face."""
        return self.face.name or PurePosixPath(self.path).stem


def fetch_fonts(step: Step) -> None:
    """Writes `files/<face>.ttf` (or .otf), faces.json {schema, faces: [{name, file, style, licence, package, path,
    characters}]}, characters being [first, last] code points, and dropped.json [{name, reason, detail}].

    A face without printable ASCII letters and digits, or whose small letters are its capitals, is dropped and counted.

    config: FontsConfig. No inputs. Metrics: faces, faces_<style>, font_bytes.

    Raises:
        UserError: a package cannot be had or is not what was pinned, a font file is broken, or two faces have one name.
    """
    config = FontsConfig.model_validate(step.config)
    faces: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    taken: set[str] = set()
    counters, num_bytes = step.out.counters, 0
    for package in config.packages:
        for file in read_package(package, step.runtime.home):
            counters.read += 1
            if file.name in taken:
                raise UserError(f"font package {file.package}: {file.path}: another face is called {file.name!r} too")
            taken.add(file.name)
            characters = covered(file.data, where=f"font package {file.package}: {file.path}")
            refusal = _refusal(file, characters)
            if refusal is not None:
                counters.drop(refusal[0])
                dropped.append({"name": file.name, "reason": refusal[0], "detail": refusal[1]})
                continue
            counters.kept += 1
            num_bytes += len(file.data)
            target = f"files/{file.name}{PurePosixPath(file.path).suffix.lower()}"
            with step.out.open(target) as out:
                out.write(file.data)
            faces.append(_entry(file, target, characters))
    if not faces:
        raise UserError(f"{step.key}: no face is left of {counters.read}; add font packages")
    step.out.write_text(FACES_FILE, _lines({"schema": FACES_SCHEMA, "faces": sorted(faces, key=_name)}))
    step.out.write_text("dropped.json", _lines(sorted(dropped, key=_name)))
    by_licence = Counter((face["licence"], face["package"]) for face in faces)
    step.out.licences = [
        {"licence": licence, "source": f"fonts/{package}", "documents": count}
        for (licence, package), count in sorted(by_licence.items())
    ]
    by_style = Counter(face["style"] for face in faces)
    step.out.metrics = {
        "faces": len(faces),
        **{f"faces_{style}": count for style, count in sorted(by_style.items())},
        "font_bytes": num_bytes,
    }


def read_package(package: FontPackage, home: Path) -> Iterator[FontFile]:
    """The font files that a package's globs name, in the package's order.

    Raises:
        UserError: it cannot be had, is not what was pinned, a glob fits nothing, or a file is none of a font.
    """
    wanted = Wanted(
        specs=package.faces, where=f"font package {package.name}", home=home, max_file_bytes=package.max_file_bytes
    )
    for path, face, content in read_files(package, wanted):
        where = f"{wanted.where}: {path}"
        if isinstance(content, BadInput):
            raise UserError(f"{where}: {content.detail}; take it out of the catalogue")
        if PurePosixPath(path).suffix.lower() not in _SUFFIXES or not isinstance(content, bytes):
            raise UserError(f"{where}: no .ttf or .otf file; correct the glob")
        yield FontFile(package.name, path, face, package.licence, content)


def _refusal(file: FontFile, characters: frozenset[str]) -> tuple[str, str] | None:
    """(reason, detail) for a face that is not taken."""
    missing = NEEDED - characters
    if missing:
        return "no_ascii", f"has no glyph for {''.join(sorted(missing))}"
    if unicase(file.data):
        return "unicase", "small letters are drawn as capitals"
    return None


def _entry(file: FontFile, target: str, characters: frozenset[str]) -> dict[str, Any]:
    return {
        "name": file.name,
        "file": target,
        "style": file.face.style,
        "licence": file.licence,
        "package": file.package,
        "path": file.path,
        "characters": to_ranges(characters),
    }


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"])


def _lines(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
