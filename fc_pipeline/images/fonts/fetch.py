"""The step that makes `images/fonts`: font files of pinned packages, and what each can draw."""

import json
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.engine.step import Step
from fc_pipeline.images.fonts.catalogue import FaceFiles, FontPackage, FontsConfig
from fc_pipeline.images.fonts.coverage import NEEDED, covered, to_ranges, unicase
from fc_pipeline.images.fonts.faces import FACES_FILE, FACES_SCHEMA

_SUFFIXES = {".ttf", ".otf"}


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
    names: set[str] = set()
    counters, num_bytes = step.out.counters, 0
    for package in config.packages:
        for path, face, data in _font_files(package, step.runtime.home):
            where = f"font package {package.name}: {path}"
            name = face.name or PurePosixPath(path).stem
            counters.read += 1
            if name in names:
                raise UserError(f"{where}: another face is called {name!r} too")
            names.add(name)
            characters = covered(data, where=where)
            refusal = _refusal(data, characters)
            if refusal is not None:
                counters.drop(refusal[0])
                dropped.append({"name": name, "reason": refusal[0], "detail": refusal[1]})
                continue
            counters.kept += 1
            num_bytes += len(data)
            target = f"files/{name}{PurePosixPath(path).suffix.lower()}"
            with step.out.open(target) as out:
                out.write(data)
            faces.append(
                {
                    "name": name,
                    "file": target,
                    "style": face.style,
                    "licence": package.licence,
                    "package": package.name,
                    "path": path,
                    "characters": to_ranges(characters),
                }
            )
    if not faces:
        raise UserError(f"{step.key}: no face is left of {counters.read}; add font packages")
    step.out.write_text(FACES_FILE, _lines({"schema": FACES_SCHEMA, "faces": sorted(faces, key=itemgetter("name"))}))
    step.out.write_text("dropped.json", _lines(sorted(dropped, key=itemgetter("name"))))
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


def _font_files(package: FontPackage, home: Path) -> Iterator[tuple[str, FaceFiles, bytes]]:
    """(path, its entry of `faces`, content) of the font files that a package's globs name, in the package's order.

    Raises:
        UserError: it cannot be had, is not what was pinned, a glob fits nothing, or a file is none of a font.
    """
    wanted = Wanted(
        specs=package.faces, where=f"font package {package.name}", home=home, max_file_bytes=package.max_file_bytes
    )
    for path, face, content in read_files(package, wanted):
        if isinstance(content, BadInput):
            raise UserError(f"{wanted.where}: {path}: {content.detail}; take it out of the catalogue")
        if PurePosixPath(path).suffix.lower() not in _SUFFIXES or not isinstance(content, bytes):
            raise UserError(f"{wanted.where}: {path}: no .ttf or .otf file; correct the glob")
        yield path, face, content


def _refusal(data: bytes, characters: frozenset[str]) -> tuple[str, str] | None:
    """(reason, detail) for a face that is not taken."""
    missing = NEEDED - characters
    if missing:
        return "no_ascii", f"has no glyph for {''.join(sorted(missing))}"
    return ("unicase", "small letters are drawn as capitals") if unicase(data) else None


def _lines(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
