"""`labsight export`."""

from typing import Annotated

import typer


def export(  # noqa: PLR0913, PLR0917 - the options of a command
    slide: Annotated[
        str,
        typer.Argument(
            metavar="SLIDE",
            help="A slide's file, the folder of a DICOM series, s3://BUCKET/KEY, an https:// "
            "address of a file, or https://SERVER/slides/ID on a labsight server.",
        ),
    ],
    tiles: Annotated[
        bool,
        typer.Option("--tiles", metavar="", help="A folder: the slide's own levels, tile by tile."),
    ] = False,
    as_zip: Annotated[
        bool, typer.Option("--zip", metavar="", help="The same as one ZIP file, not compressed.")
    ] = False,
    dzi: Annotated[
        bool,
        typer.Option("--dzi", metavar="", help="Deep Zoom: NAME.dzi and the folder NAME_files."),
    ] = False,
    szi: Annotated[
        bool, typer.Option("--szi", metavar="", help="Smart Zoom Image: Deep Zoom in one file.")
    ] = False,
    ome_tiff: Annotated[
        bool,
        typer.Option(
            "--ome-tiff", metavar="", help="Pyramidal OME-TIFF, with all channels, z and t."
        ),
    ] = False,
    to: Annotated[
        str | None,  # a Path would drop the / that makes a folder of it
        typer.Option(
            metavar="PLACE",
            help="What to write, or a folder to write it into; with a / at its end it is made. "
            "Default: here, named as the slide.",
        ),
    ] = None,
    tile_size: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Of Deep Zoom tiles. Default: that of the slide."),
    ] = None,
    overlap: Annotated[
        int, typer.Option(metavar="PX", help="By how much Deep Zoom tiles overlap.")
    ] = 0,
    quality: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="JPEG quality of tiles that have to be encoded, 1 to 100. Default: 80.",
        ),
    ] = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels", metavar="", help="Add label and macro images, which can name a patient."
        ),
    ] = False,
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Fluorescence: channels with colour and window, 0:FF0000:100-4000,1:00FF00.",
        ),
    ] = None,
    z: Annotated[
        str | None, typer.Option("--z", metavar="N", help="Focal plane. Default: the middle one.")
    ] = None,
    t: Annotated[
        str | None, typer.Option("--t", metavar="N", help="Time. Default: the first.")
    ] = None,
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
