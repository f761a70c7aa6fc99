"""`labsight export`."""

import click

from labsight_lab.commands.help import Command, option


@click.command(cls=Command)
@click.argument(
    "slide",
    help="A slide's file, the folder of a DICOM series, s3://BUCKET/KEY, an https:// address of a "
    "file, or https://SERVER/slides/ID on a labsight server.",
)
@option("--tiles", is_flag=True, help="A folder: the slide's own levels, tile by tile.")
@option("--zip", "as_zip", is_flag=True, help="The same as one ZIP file, not compressed.")
@option("--dzi", is_flag=True, help="Deep Zoom: NAME.dzi and the folder NAME_files.")
@option("--szi", is_flag=True, help="Smart Zoom Image: Deep Zoom in one file.")
@option("--ome-tiff", is_flag=True, help="Pyramidal OME-TIFF, with all channels, z and t.")
@option(
    "--to",  # a Path would drop the / that makes a folder of it
    metavar="PLACE",
    help="What to write, or a folder to write it into; with a / at its end it is made. Default: "
    "here, named as the slide.",
)
@option(
    "--tile-size",
    type=int,
    metavar="PX",
    help="Of Deep Zoom tiles. Default: that of the slide.",
)
@option(
    "--overlap",
    type=int,
    default=0,
    show_default=True,
    metavar="PX",
    help="By how much Deep Zoom tiles overlap.",
)
@option(
    "--quality",
    type=int,
    metavar="N",
    help="JPEG quality of tiles that have to be encoded, 1 to 100. Default: 80.",
)
@option("--labels", is_flag=True, help="Add label and macro images, which can name a patient.")
@option(
    "--channels",
    metavar="LIST",
    help="Fluorescence: channels with colour and window, 0:FF0000:100-4000,1:00FF00.",
)
@option("--z", metavar="N", help="Focal plane. Default: the middle one.")
@option("--t", metavar="N", help="Time. Default: the first.")
def export(  # noqa: PLR0913 - the options of a command
    *,
    slide: str,
    tiles: bool,
    as_zip: bool,
    dzi: bool,
    szi: bool,
    ome_tiff: bool,
    to: str | None,
    tile_size: int | None,
    overlap: int,
    quality: int | None,
    labels: bool,
    channels: str | None,
    z: str | None,
    t: str | None,
) -> None:
    """Write a slide as files of another kind; stored tiles are copied as they are.

    Nothing is overwritten. When it was interrupted, the same command goes on where it stopped.

    For OpenSeadragon on any web server, then for QuPath, Fiji, Python:

        labsight export case7.svs --dzi --to web/
        labsight export case7.svs --ome-tiff
    """
    from labsight_lab import export as exporter  # noqa: PLC0415 - not for `--help`

    asked = {"tiles": tiles, "zip": as_zip, "dzi": dzi, "szi": szi, "ome-tiff": ome_tiff}
    exporter.export(
        exporter.ExportOptions(
            slide=slide,
            targets=tuple(name for name, wanted in asked.items() if wanted),
            to=to,
            tile_size=tile_size,
            overlap=overlap,
            quality=quality,
            labels=labels,
            channels=channels,
            z=z,
            t=t,
        )
    )
