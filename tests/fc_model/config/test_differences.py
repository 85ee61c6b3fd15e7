from fc_model.config.differences import differences


def test_differences() -> None:
    before = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": True, "f": [1], "same": None}
    now = {"a": 1.0, "b": {"c": [1, 3]}, "e": 1, "f": [1, 2], "g": {"h": 0}, "same": None}
    assert differences(before, now) == [
        "a 1 -> 1.0",
        "b.c[1] 2 -> 3",
        'b.d "x" is gone',
        "e true -> 1",
        "f [1] -> [1, 2]",
        'g {"h": 0} is new',
    ]
    assert differences({"text": "x" * 100}, {"text": ""})[0].startswith('text "xxx') and not differences(now, now)
