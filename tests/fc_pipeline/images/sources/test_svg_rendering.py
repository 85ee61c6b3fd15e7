"""SVGs are drawn at the size asked for, and none of them reaches a file, the network or the end of the machine."""

import io
from pathlib import Path

import pytest
import resvg_py
from PIL import Image

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.svg import render_svg
from fc_pipeline.sources.sandbox.isolated import Isolated, isolated

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inside: str, root: str = 'viewBox="0 0 10 10"') -> bytes:
    return f"<svg {NAMESPACES} {root}>{inside}</svg>".encode()


def drawn(data: bytes, size: int = 16) -> Image.Image:
    _, (image,) = isolated().call(render_svg, data, size=size, background="#ffffff")
    return Image.open(io.BytesIO(image)).convert("RGB")


def refusal(data: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        isolated().call(render_svg, data, size=16, background="#ffffff")
    return caught.value.reason


def test_a_drawing_fills_the_size_asked_for() -> None:
    image = drawn(svg('<rect width="5" height="10" fill="#ff0000"/>'), size=32)
    assert image.size == (32, 32)
    assert image.getpixel((8, 16)) == (255, 0, 0) and image.getpixel((24, 16)) == (255, 255, 255)
    assert drawn(svg("", 'viewBox="0 0 20 10"')).size == (16, 8)
    assert drawn(svg("", 'width="10" height="40"')).size == (4, 16)
    assert drawn(svg('<rect width="9" height="9"/>', 'width="1000000000" height="1000000000"')).size == (16, 16)


def test_a_drawing_refers_to_its_own_parts() -> None:
    data = svg('<defs><rect id="r" width="10" height="10" fill="#0000ff"/></defs><use xlink:href="#r"/>')
    assert drawn(data).getpixel((8, 8)) == (0, 0, 255)


def test_no_file_is_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary.png"
    Image.new("RGB", (10, 10), (255, 0, 0)).save(canary)
    image = '<image width="10" height="10" {}="{}"/>'
    unguarded = resvg_py.svg_to_bytes(svg_string=svg(image.format("href", canary)).decode(), width=10)
    assert Image.open(io.BytesIO(unguarded)).convert("RGB").getpixel((5, 5)) == (255, 0, 0), "this is why it is refused"
    for name in ("href", "xlink:href"):
        for address in (str(canary), canary.as_uri(), "http://127.0.0.1:9/x.png", "&#47;etc/hostname"):
            assert refusal(svg(image.format(name, address))) == "active_content"
            assert refusal(svg(f'<use {name}="{address}#part"/>')) == "external_reference"


BILLION = "<!DOCTYPE svg [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

LEVELS = "".join(f"""<g id="l{level + 1}">{f'<use href="#l{level}"/>' * 10}</g>""" for level in range(12))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BILLION.encode() + b"]>" + svg("<text>&i;</text>"), "doctype"),
        (b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + svg("<text>&x;</text>"), "doctype"),
        (svg("<script>alert(1)</script>"), "active_content"),
        (svg("<foreignObject/>"), "active_content"),
        (svg("<g>" * 5_000 + "</g>" * 5_000), "too_deep"),
        (svg("<g/>" * 30_000), "too_large"),
        (svg("", 'viewBox="0 0 1 1000000000"'), "odd_shape"),
        (svg("", 'width="1e999" height="1"'), "invalid_svg"),
        (svg("", 'viewBox="0 0 0 10"'), "invalid_svg"),
        (svg("", ""), "invalid_svg"),
        (b"<html/>", "invalid_svg"),
        (b"\x89PNG\r\n\x1a\n", "invalid_svg"),
        (b"", "invalid_svg"),
        (svg("<g>")[:-3], "invalid_svg"),
        (svg(f'<defs><rect id="l0" width="1" height="1"/>{LEVELS}</defs><use href="#l12"/>'), "invalid_svg"),
    ],
)
def test_hostile_and_broken_drawings_are_refused_by_reason(data: bytes, reason: str) -> None:
    assert refusal(data) == reason


def test_a_drawing_that_takes_for_ever_costs_its_time_and_the_next_is_drawn() -> None:
    clouds = '<feTurbulence baseFrequency="0.9" numOctaves="50"/>' * 200
    slow = svg(f'<filter id="f">{clouds}</filter><rect width="10" height="10" filter="url(#f)"/>')
    impatient = Isolated(cpu_seconds=0.7)
    try:
        with pytest.raises(BadInput) as caught:
            impatient.call(render_svg, slow, size=512, background="#ffffff")
        assert caught.value.reason == "timeout"
        _, (image,) = impatient.call(render_svg, svg("<rect/>"), size=16, background="#ffffff")
        assert image.startswith(b"\x89PNG")
    finally:
        impatient.close()
