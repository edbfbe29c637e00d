"""Media for Converse: formats have Bedrock's names, documents names that it takes."""

import pytest

from loopbus.backends.errors import Refused
from loopbus.backends.wire.bedrock_media import DocumentNames, write_media
from loopbus.events.content import Audio, File, Image


@pytest.mark.parametrize(
    ("media", "kind", "form"),
    [
        (Image("image/png", data=b"x"), "image", "png"),
        (Image("image/jpg", data=b"x"), "image", "jpeg"),
        (Audio("audio/x-wav", data=b"x"), "audio", "wav"),
        (File("video/mp4", data=b"x"), "video", "mp4"),
        (File("video/3gpp", data=b"x"), "video", "three_gp"),
        (File("application/pdf", data=b"x"), "document", "pdf"),
        (File("Text/Plain; charset=utf-8", data=b"x"), "document", "txt"),
        (File("text/x-python", data=b"x"), "document", "txt"),
        (
            File("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data=b"x"),
            "document",
            "xlsx",
        ),
    ],
)
def test_a_media_type_is_a_kind_and_a_format(media: Image | Audio | File, kind: str, form: str) -> None:
    """In Bedrock's words; the bytes go as base64."""
    ((told, value),) = write_media(media, DocumentNames()).items()
    assert (told, value["format"], value["source"]) == (kind, form, {"bytes": "eA=="})
    assert ("name" in value) == (kind == "document")


def test_what_lies_in_s3_is_named() -> None:
    """Bedrock fetches it itself."""
    told = write_media(Image("image/png", url="s3://bucket/key"), DocumentNames())
    assert told["image"]["source"] == {"s3Location": {"uri": "s3://bucket/key"}}


@pytest.mark.parametrize(
    ("media", "words"),
    [
        (Image("image/png", url="https://x/y.png"), r"load it and pass Image\(data"),
        (File("application/zip", data=b"x"), "no document of type application/zip"),
    ],
)
def test_what_bedrock_does_not_take_is_refused(media: Image | File, words: str) -> None:
    """Before anything is sent, with what to do."""
    with pytest.raises(Refused, match=words):
        write_media(media, DocumentNames())


def test_a_place_may_have_no_room_for_a_kind() -> None:
    """The error names both."""
    with pytest.raises(Refused, match="a tool's result cannot hold audio"):
        write_media(Audio("audio/wav", data=b"x"), DocumentNames(), "tool's result", without="audio")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (None, "document"),
        ("", "document"),
        ("report.pdf", "report"),
        ("sample_2", "sample_2"),
        ("Q3: r\u00e9sum\u00e9 / final.v2.DOCX", "Q3 r sum final v2"),
        ("...", "document"),
    ],
)
def test_a_name_has_only_what_bedrock_takes(name: str | None, told: str) -> None:
    """Letters, digits, single spaces, hyphens, brackets: the ending is the format's to say."""
    assert DocumentNames().of(File("application/pdf", data=b"x", name=name)) == told


def test_no_two_documents_have_one_name() -> None:
    """Bedrock refuses that too; the same history has the same names each time."""
    names = DocumentNames()
    told = [names.of(File("text/plain", data=b"x", name=name)) for name in ("a.txt", "a.txt", "a 2", "a")]
    assert told == ["a", "a 2", "a 2 2", "a 3"]
