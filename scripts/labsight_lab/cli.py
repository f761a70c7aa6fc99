"""The `labsight` command: what it offers, and how every end of it is told."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from labsight import __version__
from labsight.errors import LabsightError, exit_code
from labsight_lab.desktop.commands import app as desktop

app = typer.Typer(
    name="labsight",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 some files failed (each is named), 2 wrong usage or settings, "
    "130 interrupted.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"labsight {__version__}")
        raise typer.Exit


@app.callback()
def labsight(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback when something fails.")
    ] = False,
) -> None:
    """Carry images from a lab's instruments to the archive, and look at them.

    Begin with a look, no account needed:  labsight serve FOLDER

    See what would be sent:  labsight sync FOLDER --bucket NAME --source scanner-1 --dry-run

    Send it, and keep sending:  labsight sync FOLDER --bucket NAME --source scanner-1 --watch
    """


@app.command()
def sync(  # noqa: PLR0913, PLR0917 - the options of a command
    folder: Annotated[Path, typer.Argument(help="The folder that the scanner writes to.")],
    bucket: Annotated[
        str, typer.Option(help="The archive's bucket: the stack's output archive_bucket.")
    ],
    source: Annotated[
        str,
        typer.Option(
            help="A name for this scanner; first part of each slide's place in the archive."
        ),
    ],
    watch: Annotated[
        bool,
        typer.Option(
            "--watch/--once", help="Go on looking for new slides, or end when all is sent."
        ),
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks with --watch.")
    ] = 5.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; show what would be sent.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document at the end, nothing else.")
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only these slides: a pattern for the file name, or with a / for the path below "
            "FOLDER. May be given several times.",
        ),
    ] = None,
    quiet_period: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="A file unchanged for so long counts as written. "
            "Default: 5, and 1 more for each 100 MB above 500 MB.",
        ),
    ] = None,
    send_incomplete: Annotated[
        bool, typer.Option("--send-incomplete", help="Send slides that are cut off, too.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to remember what was sent. Default: a file for each folder and bucket "
            "among the user's own application data.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Files sent at a time.")] = 4,
    profile: Annotated[
        str | None, typer.Option(help="Profile in the AWS configuration. Default: AWS_PROFILE.")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another S3 than that of AWS, for trials.")
    ] = None,
) -> None:
    """Copy finished slides into the archive; never overwrite, never delete.

    A slide is sent once it has stayed unchanged for a while and its structure is complete. What
    was sent is remembered, so running again sends only what is new, and an interrupted run goes
    on where it stopped.
    """
    from labsight_lab.sync import command  # noqa: PLC0415 - not for `--help` and `serve`

    options = command.SyncOptions(
        folder=folder,
        bucket=bucket,
        source=source,
        watch=watch,
        interval=interval,
        dry_run=dry_run,
        as_json=as_json,
        journal=journal,
        quiet_period=quiet_period,
        include=tuple(include or ()),
        send_incomplete=send_incomplete,
        threads=threads,
        profile=profile,
        endpoint=endpoint_url,
    )
    raise typer.Exit(command.sync(options))


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the slides.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine alone.")
    ] = "127.0.0.1",
    show_labels: Annotated[
        bool,
        typer.Option(
            "--show-labels", help="Show label and macro images, which can name a patient."
        ),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to keep indexes. Default: among the user's caches."
        ),
    ] = None,
    allow_origin: Annotated[
        str | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let pages of another site read the slides as IIIF images: its address, such as "
            "https://viewer.example.org, or * for any site.",
        ),
    ] = None,
) -> None:
    """Show a folder of slides in the browser; nothing leaves this machine."""
    from labsight_lab import serve as server  # noqa: PLC0415 - not for `--help` and `sync`

    server.serve(
        folder,
        host=host,
        port=port,
        cache=cache,
        show_labels=show_labels,
        allow_origin=allow_origin,
    )


@app.command()
def export(  # noqa: PLR0913, PLR0917 - the options of a command
    slide: Annotated[
        str,
        typer.Argument(
            help="A slide's file, the folder of a DICOM series, s3://BUCKET/KEY, an https:// "
            "address of a file, or https://SERVER/slides/ID on a labsight server."
        ),
    ],
    tiles: Annotated[
        bool, typer.Option("--tiles", help="A folder: the slide's own levels, tile by tile.")
    ] = False,
    as_zip: Annotated[
        bool, typer.Option("--zip", help="The same as one ZIP file, not compressed.")
    ] = False,
    dzi: Annotated[
        bool, typer.Option("--dzi", help="Deep Zoom: NAME.dzi and the folder NAME_files.")
    ] = False,
    szi: Annotated[
        bool, typer.Option("--szi", help="Smart Zoom Image: Deep Zoom in one file.")
    ] = False,
    ome_tiff: Annotated[
        bool,
        typer.Option("--ome-tiff", help="Pyramidal OME-TIFF, with all channels, z and t."),
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
        typer.Option(help="JPEG quality of tiles that have to be encoded, 1 to 100. Default: 80."),
    ] = None,
    labels: Annotated[
        bool,
        typer.Option("--labels", help="Add label and macro images, which can name a patient."),
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

    For OpenSeadragon on any web server:  labsight export case7.svs --dzi --to web/

    For QuPath, Fiji, Python:  labsight export case7.svs --ome-tiff

    Nothing is overwritten. When it was interrupted, the same command goes on where it stopped.
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


app.add_typer(desktop)

keys = typer.Typer(no_args_is_help=True, help="Keys with which a stack signs its sessions.")
app.add_typer(keys, name="keys")


@keys.command("new")
def new_keys(
    stack: Annotated[
        str | None, typer.Option(help="The Pulumi stack. Default: the one that is selected.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Give the keys to the stack now, by running `pulumi`.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the keys to two files there; the private one for you only.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --run: replace the keys that the stack has.")
    ] = False,
) -> None:
    """Make the pair of keys that lets signed-in people see tiles; once for each stack.

    Before the first `pulumi up`, in labsight's folder:  labsight keys new --stack dev --run

    To see the two commands and run them yourself:  labsight keys new --stack dev --folder keys

    The public key becomes the setting edge.publicKey, the private one the secret edge.signingKey,
    which is encrypted in the stack's file and read by one function in AWS.
    """
    from labsight_lab import keys as maker  # noqa: PLC0415 - not for `--help`

    maker.new(maker.KeysOptions(stack=stack, folder=folder, run=run, replace=replace))


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; a traceback is shown only with --debug."""
    given = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal's encoding lacks must not end the command.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        app(given, prog_name="labsight")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 130
    except LabsightError as error:
        _tell(error.message, given)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - the last line before the user
        _tell(
            f"unexpected {type(error).__name__}: {error}; "
            "`labsight --debug ...` shows where, please report it",
            given,
        )
        return 1
    return 0


def _tell(message: str, given: list[str]) -> None:
    if "--debug" in given:
        traceback.print_exc()
    sys.stderr.write(f"labsight: {message}\n")
