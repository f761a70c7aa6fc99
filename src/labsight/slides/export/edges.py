"""Pictures that are a little smaller than what they have to fill."""

from PIL import Image


def extended(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the picture in a size that is no smaller, its last column and row repeated."""
    if image.size == (width, height):
        return image
    whole = Image.new(image.mode, (width, height))
    whole.paste(image)
    if width > image.width:
        column = image.crop((image.width - 1, 0, image.width, image.height))
        whole.paste(column.resize((width - image.width, image.height)), (image.width, 0))
    if height > image.height:
        row = whole.crop((0, image.height - 1, width, image.height))
        whole.paste(row.resize((width, height - image.height)), (0, image.height))
    return whole
