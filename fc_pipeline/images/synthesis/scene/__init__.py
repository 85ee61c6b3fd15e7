"""Text as a camera finds it: signs, labels, shop fronts, posters, on backgrounds that are made, seen from an angle.

A scene's text is drawn flat on a panel and taken along by the homography that the picture goes through
(fc_pipeline/images/synthesis/warp.py), so a word's box is the box of its own transformed ink: every pixel that it
covers at all, as on a flat page, of the letters alone, without their outline and shadow. `page.meta["quads"]` has the
four corners of each word's flat box after it.
"""
