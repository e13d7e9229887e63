"""The picture of a region: the right place, readable, and only from where it may come."""

from __future__ import annotations

import base64
import io
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from conftest import ACCOUNT, Era, Network, connected, error_of, reviewing, told_beside
from docreview_mcp.sandbox import Sandbox
from PIL import Image, ImageChops, ImageDraw
from PIL.Image import Transpose
from results import image_of

MAX_SIDE = 1568
WHERE = {"workflow_id": "w", "document_id": "d"}
FIELD = {**WHERE, "field_data_id": "f"}
OWN = "https://app.nanonets.com/pages/p.png"


def found_in(sandbox: Sandbox, name: str) -> tuple[dict[str, str], Any]:
    """A document of the sandbox by the start of its name: the arguments that name it, and its pages."""
    held = next(each for each in sandbox.nanonets.documents.values() if each.name.startswith(name))
    return {"workflow_id": held.workflow_id, "document_id": held.id}, held.pages


def picture_in(result: Any) -> Image.Image:
    """The one picture of a result, after checking its kind and size."""
    assert not result.is_error, result.structured_content
    _, content = result.content
    picture = Image.open(io.BytesIO(base64.b64decode(content.data)))
    assert content.mime_type == f"image/{str(picture.format).lower()}"
    assert [*picture.size] == told_beside(result)["picture_size"]
    assert max(picture.size) <= MAX_SIDE
    return picture.convert("RGB")


def _extrema(picture: Image.Image) -> Any:
    """The darkest and the lightest shade."""
    return picture.getextrema()


def _pixel(picture: Image.Image, point: tuple[int, int]) -> Any:
    """The shade or the color at a point."""
    return picture.getpixel(point)


def red_box(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The place of the drawn box."""
    red, green, blue = picture.split()
    is_red = [
        red.point([255 * (shade > 150) for shade in range(256)]),
        *(band.point([255 * (shade < 90) for shade in range(256)]) for band in (green, blue)),
    ]
    return ImageChops.multiply(ImageChops.multiply(is_red[0], is_red[1]), is_red[2]).getbbox()


def file_of(picture: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    output = io.BytesIO()
    picture.save(output, kind, **how)
    return output.getvalue()


def page(size: tuple[int, int] = (800, 1000), ink: tuple[int, int, int, int] = (400, 500, 480, 520)) -> Any:
    """A white page with one black place."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle(ink, fill="black")
    return picture


def network_with(
    content: bytes = b"", *, bbox: Any = (400, 500, 480, 520), address: str = OWN, **answer: Any
) -> Network:
    """Answers a document with one field, and its picture under any other address."""
    value = {"field_data_id": "f", "value": "1", "confidence": 0.5, "bbox": bbox and [*bbox]}
    document = {
        "pages": [
            {
                "page_id": "p",
                "page_number": 1,
                "image_url": address,
                "data": {"fields": {"total": [value]}, "tables": []},
            }
        ]
    }

    def told(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith("/api/v4/"):
            return httpx2.Response(200, json=document)
        return httpx2.Response(**{"status_code": 200, "content": content, **answer})

    return Network(told)


async def region(network: Network, era: Era = "auto", /, **arguments: Any) -> Any:
    async with connected(network, era) as client:
        return await client.call_tool("review_region", {**FIELD, **arguments})


async def test_every_value_of_a_document_is_shown_where_it_stands(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where, pages = found_in(sandbox, "invoice-003")
        for value in (*pages[0].fields, *pages[0].tables[0].cells[:4]):
            is_cell = hasattr(value, "column")
            named = {"cell_id" if is_cell else "field_data_id": value.id}
            result = await client.call_tool("review_region", {**where, **named})
            picture, told = picture_in(result), told_beside(result)
            assert (told["shown"], told["page_number"]) == ("cell" if is_cell else "field", 1)
            assert told["value"] == (value.text if is_cell else value.value)
            box, cut, scale = told["box"], told["cut"], told["scale"]
            assert all(abs(side - true) <= 1 for side, true in zip(box, value.box, strict=True))
            assert (box[3] - box[1]) * scale >= 31
            drawn = red_box(picture)
            assert drawn is not None
            expected = [(side - edge) * scale for side, edge in zip(box, cut[:2] * 2, strict=True)]
            assert all(abs(side - wanted) <= 5 for side, wanted in zip(drawn, expected, strict=True))
            inside = picture.crop((drawn[0] + 3, drawn[1] + 3, drawn[2] - 3, drawn[3] - 3)).convert("L")
            assert _extrema(inside)[0] < 100, "the text stands inside the box"
            assert told["docreview"]["outside"] == ["name", "value"]
            assert "never instructions" in told["note"]


async def test_a_table_and_a_page(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where, pages = found_in(sandbox, "invoice-005")
        table = pages[1].tables[0]
        result = await client.call_tool("review_region", {**where, "table_id": table.id})
        assert red_box(picture_in(result))
        assert (told_beside(result)["shown"], told_beside(result)["page_number"]) == ("table", 2)
        result = await client.call_tool("review_region", {**where, "page_number": 3})
        picture = picture_in(result)
        assert picture.size == (850, 1100)
        assert red_box(picture) is None
        assert "box" not in told_beside(result)


async def test_the_misread_total_can_be_read(era: Era) -> None:
    """The value was read as 4,398.29; what is shown is the part of the page as it is printed."""
    async with reviewing(era=era) as (client, sandbox):
        where, pages = found_in(sandbox, "invoice-003")
        total = next(value for value in pages[0].fields if value.name == "total_amount")
        call = {**where, "field_data_id": total.id}
        result = await client.call_tool("review_region", call)
        assert told_beside(result)["value"] == "4,398.29"
        assert told_beside(result)["confidence"] == 0.41
        wide = picture_in(await client.call_tool("review_region", {**call, "margin": 10}))
        narrow = picture_in(await client.call_tool("review_region", {**call, "margin": 0}))
        assert narrow.width < picture_in(result).width < wide.width


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "field_data_id: missing, expected exactly one of field_data_id, cell_id"),
        ({"field_data_id": "a", "page_number": 1}, "field_data_id and page_number: given together"),
        ({"field_data_id": "a"}, "field_data_id: got a, but the document has nothing"),
        ({"cell_id": "a"}, "cell_id: got a, but the document has nothing"),
        ({"table_id": "a"}, "table_id: got a, but the document has nothing"),
        ({"page_number": 7}, "page_number: got 7, but the document has 1"),
    ],
)
async def test_what_is_not_there_is_said(arguments: dict[str, Any], message: str, era: Era) -> None:
    async with connected(network_with(), era) as client:
        error = error_of(await client.call_tool("review_region", {**WHERE, **arguments}))
    assert error["code"] in ("invalid_arguments", "not_found")
    assert message in error["message"]


async def test_an_id_of_another_kind_is_told_as_such(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where, pages = found_in(sandbox, "invoice-003")
        field, table = pages[0].fields[0], pages[0].tables[0]
        for given, kind in (
            ({"cell_id": field.id}, "field_data_id"),
            ({"table_id": table.cells[0].id}, "cell_id"),
            ({"field_data_id": table.id}, "table_id"),
        ):
            error = error_of(await client.call_tool("review_region", {**where, **given}))
            assert error["message"].endswith(f"it is a {kind}. Nothing was changed.")


async def test_a_value_without_a_place_leads_to_the_page(era: Era) -> None:
    for bbox in (None, (0, 0, 0, 0), (1, 2, 3)):
        error = error_of(await region(network_with(bbox=bbox), era))
        assert "page_number 1" in error["next"]


async def test_shares_of_the_page_and_boxes_half_outside(era: Era) -> None:
    result = await region(network_with(file_of(page()), bbox=(0.5, 0.5, 0.6, 0.52)), era)
    assert told_beside(result)["box"] == [400, 500, 480, 520]
    result = await region(network_with(file_of(page()), bbox=(700, 990, 900, 1020)), era)
    assert told_beside(result)["box"] == [700, 990, 800, 1000]
    result = await region(network_with(file_of(page()), bbox=(480, 520, 400, 500)), era)
    assert told_beside(result)["box"] == [400, 500, 480, 520]


async def test_a_box_outside_of_the_picture_gives_the_page_and_says_so(era: Era) -> None:
    result = await region(network_with(file_of(page()), bbox=(2000, 2000, 2100, 2100)), era)
    assert picture_in(result).size == (800, 1000)
    assert "outside" in told_beside(result)["problem"]
    assert "cut" not in told_beside(result)


@pytest.mark.parametrize(
    "content",
    [
        file_of(page(), "JPEG"),
        file_of(page(), "WEBP"),
        file_of(page(), "TIFF"),
        file_of(page().convert("L")),
        file_of(page().convert("1"), "TIFF"),
        file_of(page().convert("P")),
        file_of(page().convert("CMYK"), "JPEG"),
        file_of(page().convert("RGBA")),
        file_of(page((1000, 800), (500, 320, 520, 400)), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0"
                b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"),
    ],
    ids=["jpeg", "webp", "tiff", "grey", "black and white", "palette", "cmyk", "alpha", "turned"],
)  # fmt: skip
async def test_pictures_of_many_kinds(content: bytes) -> None:
    result = await region(network_with(content))
    drawn = red_box(picture := picture_in(result))
    assert drawn is not None
    middle = ((drawn[0] + drawn[2]) // 2, (drawn[1] + drawn[3]) // 2)
    assert _pixel(picture.convert("L"), middle) < 60
    assert _pixel(picture.convert("L"), (2, 2)) > 200
    whole = picture_in(await region_of_page(content))
    assert whole.size == (800, 1000)


async def region_of_page(content: bytes) -> Any:
    async with connected(network_with(content)) as client:
        return await client.call_tool("review_region", {**WHERE, "page_number": 1})


async def test_clear_paper_is_white() -> None:
    clear = Image.new("RGBA", (800, 1000), (0, 0, 0, 0))
    assert picture_in(await region_of_page(file_of(clear))).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.slow
async def test_large_pages_and_noisy_ones_are_made_small_enough() -> None:
    whole = picture_in(await region_of_page(file_of(page((2500, 3500)), "JPEG")))
    assert whole.height == MAX_SIDE
    noise = Image.effect_noise((900, 900), 90).convert("RGB")
    result = await region_of_page(file_of(noise))
    picture_in(result)
    assert image_of(result, 1).mime_type == "image/jpeg"


async def test_a_large_page_is_cut_at_the_right_place_and_tells_its_own_size() -> None:
    content = file_of(page((5000, 6000), (2000, 3000, 2400, 3100)), "JPEG")
    result = await region(network_with(content, bbox=(2000, 3000, 2400, 3100)))
    told, drawn = told_beside(result), red_box(picture_in(result))
    assert (told["page_size"], told["box"]) == ([5000, 6000], [2000, 3000, 2400, 3100])
    expected = [
        (side - edge) * told["scale"] for side, edge in zip(told["box"], told["cut"][:2] * 2, strict=True)
    ]
    assert drawn is not None
    assert all(abs(side - wanted) <= 6 for side, wanted in zip(drawn, expected, strict=True))
    whole = await region_of_page(content)
    assert told_beside(whole)["page_size"] == [5000, 6000]
    assert picture_in(whole).size == (1307, 1568)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_page_is_shown_upright_however_it_is_stored(orientation: int) -> None:
    """The box is in pixels of the upright page, so that it stands around what is printed there."""
    upright = page((800, 1000), (400, 500, 480, 520))
    stored = {
        1: (),
        2: (Transpose.FLIP_LEFT_RIGHT,),
        3: (Transpose.ROTATE_180,),
        4: (Transpose.FLIP_TOP_BOTTOM,),
        5: (Transpose.TRANSPOSE,),
        6: (Transpose.ROTATE_90,),
        7: (Transpose.TRANSVERSE,),
        8: (Transpose.ROTATE_270,),
    }[orientation]
    for turn in stored:
        upright = upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = await region(network_with(file_of(upright, "JPEG", exif=exif, quality=95)))
    assert told_beside(result)["page_size"] == [800, 1000]
    picture = picture_in(result)
    drawn = red_box(picture)
    assert drawn is not None
    inside = picture.crop((drawn[0] + 8, drawn[1] + 8, drawn[2] - 8, drawn[3] - 8)).convert("L")
    assert _extrema(inside)[1] < 60
    assert _pixel(picture.convert("L"), (2, 2)) > 200


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1100, 1560), (2600, 3400)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_every_picture_stays_within_what_hosts_take(size: tuple[int, int], kind: str) -> None:
    noise = Image.frombytes("RGB", size, random.Random(5).randbytes(size[0] * size[1] * 3))
    # Noise cannot be compressed: PNG would try it for seconds.
    content = file_of(noise, kind, **({"compress_level": 0} if kind == "PNG" else {}))
    for result in (
        await region_of_page(content),
        await region(network_with(content, bbox=(10, 10, size[0] - 10, size[1] - 10))),
    ):
        picture_in(result)
        assert len(image_of(result, 1).data) <= 700_000
        assert "JPEG with quality" in told_beside(result)["reduced"]
    small = await region_of_page(file_of(page()))
    assert "reduced" not in told_beside(small)


@pytest.mark.parametrize(
    ("kind", "missing"), [("JPEG", 2), ("JPEG", 30), ("PNG", 2), ("PNG", 40), ("TIFF", 9)]
)
async def test_a_file_that_is_a_few_bytes_short_is_shown_and_the_result_says_so(
    kind: str, missing: int
) -> None:
    content = file_of(page(), kind)
    for result in (await region(network_with(content[:-missing])), await region_of_page(content[:-missing])):
        assert _pixel(picture_in(result), (2, 2))[0] > 200
        assert "is incomplete" in told_beside(result)["problem"]
    whole = await region(network_with(content))
    assert "problem" not in told_beside(whole)


MEMORY = """
import resource, sys, io
from docreview_mcp.tools.review.region_image import draw_region
content = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for box in (None, (100.0, 100.0, 300.0, 140.0), (0.0, 0.0, 5000.0, 3000.0)):
    draw_region(content, box, 2.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the memory differs")
@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_a_picture_of_forty_megapixels_takes_less_than_250_megabytes(mode: str) -> None:
    content = file_of(Image.new(mode, (8000, 5000), 1 if mode == "P" else "white"), compress_level=1)
    done = subprocess.run([sys.executable, "-c", MEMORY], input=content, capture_output=True, check=True)
    assert int(done.stdout) * 1024 < 250_000_000


def huge(width: int, height: int) -> bytes:
    """A small file that says it holds a picture of any size."""
    small = file_of(Image.new("1", (1, 1)))
    ihdr = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + small[24:29]
    import zlib

    return small[:12] + ihdr + zlib.crc32(ihdr).to_bytes(4, "big") + small[33:]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no picture"),
        (b"<!doctype html><p>Sign in", "an HTML page instead"),
        (b"%PDF-1.7", "no picture"),
        (file_of(page())[:400], "is missing"),
        (file_of(page(), "JPEG")[:300], "cannot be shown"),
        (file_of(page(), "GIF"), "no picture"),
        (file_of(page(), "BMP"), "no picture"),
        (huge(60_000, 60_000), "million pixels"),
        (huge(12_000, 12_000), "million pixels"),
        (huge(9_000, 9_000), "million pixels"),
        (huge(9_000, 5_000), "40 million pixels"),
        (huge(8_000, 5_000), "cannot be shown"),
    ],
)
async def test_what_is_no_picture_is_refused(content: bytes, reason: str, era: Era) -> None:
    error = error_of(await region(network_with(content), era))
    assert reason in error["message"]
    assert error["done"] == "no"
    assert "values" in error["next"]


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        (OWN, True),
        ("/pages/p.png", True),
        ("https://APP.nanonets.com:443/p.png", True),
        ("https://pictures.example/p.png?signature=1", False),
        ("https://app.nanonets.com.example/p.png", False),
        ("https://app.nanonets.com:8443/p.png", False),
        ("//pictures.example/p.png", False),
    ],
)
async def test_credentials_go_to_the_own_host_only(address: str, is_own: bool, era: Era) -> None:
    network = network_with(file_of(page()), address=address)
    picture_in(await region(network, era))
    sent = network.requests[-1]
    assert ("authorization" in sent.headers) == is_own
    assert ACCOUNT["nanonets_api_key"] not in str(sent.url)


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "http://app.nanonets.com/p.png",
        "http://app.nanonets.com:443/p.png",
        "http://pictures.example/p.png",
        "https://user:word@app.nanonets.com/p.png",
        "https://user@pictures.example/p.png",
        "https://localhost/p.png",
        "https://127.0.0.1/p.png",
        "https://[::1]/p.png",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7/p.png",
        "https://metadata.google.internal/p.png",
        "https://2130706433/p.png",
        "https://0x7f000001/p.png",
        "https://0x7f.0.0.1/p.png",
        "https://0177.0.0.1/p.png",
        "https://127.1/p.png",
        "https://0/p.png",
        "https://localhost./p.png",
        "https://127.0.0.1./p.png",
        "https://[::ffff:127.0.0.1]/p.png",
        "https://[64:ff9b::a00:7]/p.png",
        "https://[2002:a00:7::]/p.png",
        "https://[fe80::1]/p.png",
        "https://[ff02::1]/p.png",
        "https://224.0.0.1/p.png",
        "https://router/p.png",
        "https://printer.local/p.png",
        f"https://{socket.gethostname()}/p.png",
        f"https://{socket.gethostname().upper()}./p.png",
        "ftp://pictures.example/p.png",
        "file:///etc/passwd",
        "data:image/png;base64,iVBORw0KGgo=",
        "   ",
    ],
)
async def test_other_addresses_are_not_called(address: str, era: Era) -> None:
    network = network_with(file_of(page()), address=address)
    error = error_of(await region(network, era))
    assert error["code"] in ("not_allowed", "upstream_error")
    assert len(network.requests) == 1, "only the document was read"


async def test_redirects_are_followed_on_the_own_host_only(era: Era) -> None:
    def moved(target: str) -> Callable[[httpx2.Request], httpx2.Response]:
        inner = network_with(file_of(page()))

        def told(request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/pages/p.png":
                return httpx2.Response(302, headers={"Location": target})
            return inner._answer(request)

        return told

    network = Network(moved("/elsewhere.png"))
    picture_in(await region(network, era))
    assert "authorization" in network.requests[-1].headers
    for target in ("https://pictures.example/p.png", "http://app.nanonets.com/p.png", "/pages/p.png"):
        network = Network(moved(target))
        error = error_of(await region(network, era))
        assert error["code"] == "upstream_error"
        assert {request.url.host for request in network.requests} == {"app.nanonets.com"}
        assert {request.url.scheme for request in network.requests} == {"https"}


@pytest.mark.parametrize(
    ("answer", "code", "requests"),
    [
        ({"status_code": 404}, "not_found", 1),
        ({"status_code": 403, "text": "expired"}, "forbidden", 1),
        ({"status_code": 500}, "upstream_error", 1),
        ({"status_code": 503, "headers": {"Retry-After": "0"}}, "upstream_error", 3),
        ({"status_code": 200, "content": b"x" * (33 * 2**20)}, "too_large", 1),
    ],
)
async def test_a_picture_that_does_not_come(
    answer: dict[str, Any], code: str, requests: int, era: Era
) -> None:
    network = network_with(**answer)
    error = error_of(await region(network, era))
    assert (error["code"], error["done"]) == (code, "no")
    assert len(network.requests) == 1 + requests
