"""HEIC and HEIF, the photographs of most phones: read if the extra `heif` is installed."""

from PIL import ExifTags, Image

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2")  # of still images; sequences are videos
NEEDS_EXTRA = 'HEIC is not read: pip install "affect_jax[heif]", or save it as JPEG'
TURNS = (b"irot", b"imir")  # boxes that turn and mirror


def register() -> bool:
    """Teaches Pillow HEIF; tiles are joined and turned as the boxes of the file declare. False without the extra."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def is_heif(head: bytes) -> bool:
    """Whether a file that begins like this is a HEIC or HEIF image, not AVIF, which Pillow reads itself."""
    return head[4:8] == b"ftyp" and head[8:12] in BRANDS and b"avif" not in head[8:64]


def restore_exif_turn(image: Image.Image, data: bytes) -> None:
    """Sets the EXIF orientation that pillow-heif removes, if no box of the file declares a turn instead."""
    orientation = image.info.get("original_orientation")
    description = _box(data, b"meta")
    if orientation and not any(turn in description for turn in TURNS):
        image.getexif()[ExifTags.Base.Orientation] = orientation


def _box(data: bytes, kind: bytes) -> bytes:
    """The content of the first box of a kind at the top level; empty if there is none. Source: ISO 14496-12, 4.2."""
    start = 0
    while start + 8 <= len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        if data[start + 4 : start + 8] == kind:
            return data[start : start + size]
        if size < 8:  # of 64 bits, or up to the end: the pixels, behind the description
            break
        start += size
    return b""
