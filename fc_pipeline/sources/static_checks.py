"""What is wrong with a source as it is declared, before anything of it is downloaded."""

from collections.abc import Iterator

from fc_pipeline.catalogue.entry import HubPin
from fc_pipeline.sources.columns import OTHERS
from fc_pipeline.sources.readers.template import column_of, used_fields
from fc_pipeline.sources.schema import STREAMED_FORMATS, FileSpec, Source


def source_problems(source: Source) -> Iterator[str]:
    """One line each, with the remedy: a branch instead of a commit, a size that nothing bounds, columns.

    Files of packages, addresses and folders are pinned, or bounded, by what an entry of their kind has to state.
    """
    where = f"source {source.name}"
    if isinstance(source, HubPin):
        if not source.is_pinned:
            yield (
                f"{where}: revision {source.revision!r} moves: write a commit of {source.repo} there, 40 hex digits "
                "(the first read names its head)"
            )
        if source.download_bytes is None:
            yield f"{where}: nothing bounds its size: set `max_bytes`, or `published` from the card of {source.repo}"
    for spec in source.files:
        if spec.fields is not None and spec.format in STREAMED_FORMATS:
            yield from _column_problems(f"{where}: {spec.glob}", spec, must_state=isinstance(source, HubPin))


def _column_problems(where: str, spec: FileSpec, *, must_state: bool) -> Iterator[str]:
    assert spec.fields is not None
    if spec.columns is None:
        if must_state:
            yield f"{where}: its columns are not stated: write those of the data set's card into `schema`"
        return
    text = used_fields(spec.fields, text_only=True)
    for name in used_fields(spec.fields):
        if column_of(name, spec.columns) in spec.columns:
            continue
        if name in text:
            known = ", ".join(sorted(spec.columns.keys() - {OTHERS}))
            yield f"{where}: its text is {{{name}}}, and `schema` has no such column ({known}): correct `fields.text`"
        elif OTHERS not in spec.columns:
            yield f"{where}: `fields` names {name}, and `schema` has no such column: correct one of them"
