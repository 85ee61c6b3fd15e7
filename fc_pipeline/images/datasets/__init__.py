"""Loaders of public sets in the formats that they are published in, one module a set (or a family of one format).

Each takes a `base.SetFolder`: the set as it was downloaded and unpacked by its owner, and the caps. It yields:

* `Sample`: `(ImageRecord, [encoded image bytes])`. Images are decoded once, so every byte that is passed on can be
  read. PNG, JPEG and WebP keep their bytes if any reader sees the upright image in them; with an EXIF turn, alpha, 16
  bits or CMYK they become PNG, as other allowed formats do. Width, height and boxes are those of that image.
* `BadRecord`: an id, a reason and a detail. A record that is damaged, an image that is missing and a file of
  annotations that cannot be parsed are each one; the rest goes on, and whoever asked counts and judges the rate.

It raises UserError when the folder is not what the set's documentation describes: no annotations in it at all.

All questions and captions of an image are in one record. Records of a set's own validation and test parts have
`split="holdout"`, so that nothing trains on what a benchmark scores. What a machine read (OCR that comes with a set) is
in `words` and `lines`, with its maker in `meta["words_by"]`; `text` is only what people or the renderer stated.

`sets.yaml` is what is known of each set: licence, layout, reference; `registry.READERS` has the loaders. A source
names a set and the folder that a person put it into (`reader: {kind: dataset}`; fc_pipeline/images/sources/catalog has
one for each set). `listing` pins that folder by the names and sizes of its files: contents would take minutes whenever
a graph is built, so a change that keeps every size is not noticed. `download` gets images of URL lists.
"""
