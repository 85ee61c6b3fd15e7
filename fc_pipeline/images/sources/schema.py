"""What a source of real images may say. Unknown fields are refused."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from fc_model.config.strict import Strict
from fc_model.data.images.limits import DECODABLE_FORMATS, PILLOW_MAX_PIXELS, ImageLimits
from fc_pipeline.catalogue.entry import Entry, InstalledPin, LocalPin, PypiPin, parse_entry
from fc_pipeline.catalogue.files import MAX_TOTAL_BYTES, MEBIBYTE
from fc_pipeline.images.datasets.catalogue import DATASETS, DatasetLimits
from fc_pipeline.images.datasets.listing import Listing


class _Origin(Strict):
    files: dict[str, str] = Field(
        min_length=1, description="{what the reader takes them for: glob}; `*`, `**` across folders, `{a,b}` choices"
    )
    exclude: list[str] = Field(default=[], description="globs of files to leave out")
    licence: str | None = Field(default=None, description="of these files, when it is not the source's")


class PypiOrigin(_Origin, PypiPin):
    """Files of a wheel or sdist."""


class InstalledOrigin(_Origin, InstalledPin):
    """Files of an installed distribution."""


class LocalOrigin(_Origin, LocalPin):
    """Files of a folder."""


Origin = Annotated[PypiOrigin | InstalledOrigin | LocalOrigin, Field(discriminator="kind")]


class Scaled(Strict):
    """A reader whose pictures are used as they are."""

    max_side: int | None = Field(default=None, ge=16, description="a longer side is scaled down to so many pixels")


class EmojiReader(Strict):
    """SVGs named by code points (`pictures`), joined with the JSON of the package emoji (`names`)."""

    kind: Literal["emoji"]
    size: int = Field(default=64, ge=16, le=1024, description="side of the picture in pixels")
    background: Literal["white", "seeded"] = Field(default="white", description="seeded: a plain light colour")


class EasyVqaReader(Strict):
    """`pictures` and `questions` (questions.json) below a folder train and a folder test, as easy-VQA has them."""

    kind: Literal["easy_vqa"]


class DocstringReader(Scaled):
    """`pictures` that functions of a Python file (`code`) load; the docstring describes them. The code is not run."""

    kind: Literal["docstrings"]
    text_files: list[str] = Field(default=[], description="names of the pictures that show text to read")


class FolderReader(Scaled):
    """`pictures`, described by their file name, or by a text file of the same name beside them (`captions`)."""

    kind: Literal["folder"]
    shows: str = Field(default="photo", description="kind of the records, such as photo, chart, screenshot/desktop")
    family: Literal["text", "natural"] = "natural"
    caption: Literal["none", "file_name", "text_file"] = "file_name"


class ChessReader(Strict):
    """Boards drawn for positions (`positions`: JSON with FENs as keys or fields) with the signs of a `font`."""

    kind: Literal["chess"]
    size: int = Field(default=224, ge=96, le=1024, description="side of the board in pixels; a multiple of 8 is used")
    squares_asked: int = Field(default=2, ge=0, le=64, description="squares that a question asks about, a board")
    position_asked: bool = Field(default=True, description="whether a question asks for the whole position in FEN")


class ScreenshotReader(Scaled):
    """`pictures` of documentation, captioned by the `pages` (html, md, rst) that show them."""

    kind: Literal["screenshots"]
    shows: str = Field(default="screenshot/application", description="kind of the records")
    suffix: str = Field(default="", description="what a picture's file name has more than the name pages call it by")
    referenced_only: bool = Field(default=True, description="drop pictures that no page shows")
    max_caption_chars: int = Field(default=400, gt=0)


class PdfReader(Strict):
    """Pages of PDF files (`documents`) as images, with the words and boxes of their text layer."""

    kind: Literal["pdf"]
    dpi: int = Field(default=96, ge=36, le=300)
    pages_per_record: int = Field(default=1, ge=1, le=16, description="pages that make one record of several images")
    max_pages: int = Field(default=500, gt=0, description="of a file; further ones are dropped and counted")


class DatasetReader(DatasetLimits):
    """A public set, as its publisher packs it, in a `folder` that a person put it into who has the licence to.

    It takes no origins. It is pinned by the names and sizes of its files: by the listing that is made when the graph is
    built, or by `manifest_sha256`, with which the graph is built without a look at the folder. The folder need not be
    there until the step runs.
    """

    kind: Literal["dataset"]
    dataset: str = Field(description="name of the set in fc_pipeline/images/datasets/catalogue.py")
    folder: str = Field(description="absolute, or relative to the working directory")
    manifest_sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="what `python -m fc_pipeline.images.datasets.listing FOLDER` prints; null: found out whenever the "
        "graph is built, at a second for 300,000 files",
    )
    content: Listing | None = Field(default=None, description="filled in by the graph where manifest_sha256 is null")

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder).expanduser()

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.dataset not in DATASETS:
            raise ValueError(f"data set {self.dataset!r} has no loader; choose from {', '.join(sorted(DATASETS))}")
        return self


ReaderOptions = Annotated[
    EmojiReader
    | EasyVqaReader
    | DocstringReader
    | FolderReader
    | ChessReader
    | ScreenshotReader
    | PdfReader
    | DatasetReader,
    Field(discriminator="kind"),
]


class ImageCaps(Strict):
    """What one file or image may be; a larger one is quarantined."""

    max_file_bytes: int = Field(default=64 * MEBIBYTE, gt=0, description="bytes of a file of the source")
    max_total_bytes: int = Field(default=MAX_TOTAL_BYTES, gt=0, description="cap on all that is unpacked")
    max_svg_bytes: int = Field(default=MEBIBYTE, gt=0)
    max_pixels: int = Field(
        default=40_000_000, gt=0, le=PILLOW_MAX_PIXELS, description="width times height before anything is decoded"
    )
    min_side: int = Field(default=8, gt=0, description="pixels of the shorter side")

    @property
    def image(self) -> ImageLimits:
        """The caps as the decoder takes them, for every format that it can open: pictures of packages are in many."""
        return ImageLimits(
            max_bytes=self.max_file_bytes, max_pixels=self.max_pixels, min_side=self.min_side, formats=DECODABLE_FORMATS
        )


class ImageSource(Entry):
    """Real images: where their files come from, and how they become records."""

    attribution: str | None = Field(default=None, description="whom the licence wants named; in each record's meta")
    origins: list[Origin] = Field(default=[], description="packages or folders with the files; none for a data set")
    reader: ReaderOptions = Field(description="what the files are and how they become records")
    max_images: int | None = Field(default=None, gt=0, description="a spread by hash of path; of PDFs see max_pages")
    holdout: float = Field(default=0.1, ge=0, lt=1, description="part held out, by hash, where there is no split")
    holdout_files: list[str] = Field(default=[], description="globs of files that are held out as a whole")
    seed: int = Field(default=0, ge=0, description="of what is drawn by chance: colours, questions, the holdout")
    max_bad_rate: float = Field(default=0.01, ge=0, le=1, description="part that may be quarantined; one always may")
    caps: ImageCaps = ImageCaps()

    @model_validator(mode="after")
    def _fits_the_reader(self) -> Self:
        kind = self.reader.kind
        cap = {"pdf": "max_pages", "dataset": "share"}.get(kind)
        if self.max_images is not None and cap:
            raise ValueError(f"reader {kind} takes no `max_images`; set reader.{cap}")
        if not isinstance(self.reader, DatasetReader):
            if not self.origins:
                raise ValueError(f"reader {kind} needs `origins`: the packages or folders with its files")
            return self
        if self.origins:
            raise ValueError("reader dataset takes no `origins`; its files are in reader.folder")
        stated = DATASETS[self.reader.dataset].licence
        if self.licence != stated:
            raise ValueError(f"licence: {self.reader.dataset} is published under {stated}, not {self.licence}")
        return self


_ADAPTER: TypeAdapter[ImageSource] = TypeAdapter(ImageSource)


def parse_image_source(raw: Any, where: str) -> ImageSource:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)
