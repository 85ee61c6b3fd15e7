"""The table of all races."""

from bench.__main__ import table

MACHINE = {"machine": {"cpu": "A CPU", "capability": "AVX2"}}
WHERE = "A CPU, AVX2"


def test_a_row_for_each_ratio() -> None:
    lines: list[dict[str, object]] = [
        {"bench": "train_step", "threads": 2, "ours_over": {"litgpt": 1.3}, "left_out": {"x": "x is not there"}},
        {"bench": "data_dedup", "megabytes": 10, "ours_over_text_dedup": 69.0, "results": {"ours": {"cpu": 1}}},
        {"bench": "ocr_lines", "ratios": {"ours_over_fastest_peer": {"with_png": 4.4}}},
        {"bench": "quality", "contender": "ours", "seed": 1, "bits_per_byte": 1.34, "steps": 5},
        {"bench": "quality", "seed": 1, "left_out": {"ours": "refused: its loss is nan"}},
        {"bench": "attention", "shape": "lines", "ratio": 2.5, "fused_ms": 3.0},
    ]
    assert table([{**line, **MACHINE} for line in lines]) == [
        ["train_step", "threads 2", "ours_over litgpt", "1.3", WHERE],
        ["train_step", "threads 2", "x", "x is not there", WHERE],
        ["data_dedup", "megabytes 10", "ours_over_text_dedup", "69.0", WHERE],
        ["ocr_lines", "", "ratios ours_over_fastest_peer with_png", "4.4", WHERE],
        ["quality", "seed 1", "bits per byte of ours", "1.34", WHERE],
        ["quality", "seed 1", "ours", "refused: its loss is nan", WHERE],
        ["attention", "shape lines", "ratio", "2.5", WHERE],
    ]
