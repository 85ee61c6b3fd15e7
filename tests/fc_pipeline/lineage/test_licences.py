import pytest

from fc_pipeline.lineage.licences import licence_names, use_of

ENTRIES = [
    {"licence": "MIT AND PSF-2.0", "source": "synthetic", "documents": 3},
    {"licence": "MIT", "source": "wikipedia_vital", "documents": 2},
    {"licence": "GPL-3.0-or-later WITH GCC-exception-3.1", "source": "code", "documents": 2},
    {"licence": "CC BY 4.0 (see LICENSE)", "source": "words", "documents": 1},
    {"licence": "CC-BY-4.0", "source": "evalsets/mmlu", "documents": 9},
    {"licence": "OFL-1.1", "source": "fonts/dejavu", "documents": 8},
]


def test_names_of_what_was_trained_on_stand_once():
    names = ["CC BY 4.0 (see LICENSE)", "GCC-exception-3.1", "GPL-3.0-or-later", "MIT", "PSF-2.0"]
    assert licence_names(ENTRIES) == names
    assert licence_names(ENTRIES, use="checked") == ["CC-BY-4.0"]
    assert licence_names(ENTRIES, use="drew") == ["OFL-1.1"]
    assert licence_names([]) == []


@pytest.mark.parametrize(
    ("source", "use"),
    [("fonts/noto", "drew"), ("evalsets/piqa", "checked"), ("fonts", "drew"), ("fontsource", "trained")],
)
def test_uses(source, use):
    assert use_of(source) == use
