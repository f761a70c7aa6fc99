"""Options over the settings file over defaults: what a command works with."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsight.errors import InvalidInput
from labsight.objects import s3_environment
from labsight_lab.settings.finding import find
from labsight_lab.sync.target import Target

if TYPE_CHECKING:
    from labsight_lab.settings.model import LabSettings
    from labsight_lab.sync.options import SyncOptions

# The fields of SyncOptions that the file has under the same name.
_SECTIONS = {
    "folder": (
        *("include", "exclude", "quiet_period", "incomplete_after", "send_incomplete"),
        *("rescan", "events"),
    ),
    "transfer": ("limit", "connections", "memory"),
}


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is said about the folder and its archive, by options or by the file; None: nothing."""

    config: Path | None = None
    folder: Path | None = None
    bucket: str | None = None
    source: str | None = None
    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None
    journal: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """The same after the settings file was read; ``file`` and ``settings`` None without one."""

    options: Given
    merged: Given
    file: Path | None
    settings: "LabSettings | None"

    def bucket(self) -> str:
        """Return the archive's bucket; raise InvalidInput when it is nowhere said."""
        if self.merged.bucket is None:
            raise self._missing("archive.bucket")
        return self.merged.bucket

    def target(self, folder: str = "--folder") -> Target:
        """Return which folder goes where; raise InvalidInput when that is nowhere said.

        ``folder`` is how the command is given the folder.
        """
        told = self.merged
        if told.folder is None or told.bucket is None or told.source is None:
            raise self._missing("folder.path", "archive.bucket", "folder.source", folder=folder)
        return Target(
            folder=told.folder.resolve(),
            bucket=told.bucket,
            source=told.source,
            profile=told.profile,
            region=told.region,
            endpoint=told.endpoint,
            journal=told.journal,
            log_folder=self.settings.state.log_folder if self.settings else None,
        )

    def target_to_read(self) -> Target:
        """Return the same, with the profile that may read the archive."""
        return replace(self.target(), profile=self.reader)

    @property
    def own_file(self) -> Path | None:
        """The settings file, where it tells of the folder and the archive that were asked for."""
        if self.settings is None or _other_archive(self.options, _told(self.settings)):
            return None
        return self.file

    @property
    def reader(self) -> str | None:
        """The profile that may read the archive, which who sends need not."""
        told = self.settings.verify.profile if self.settings else None
        return self.options.profile or told or self.merged.profile

    def _missing(self, *needed: str, folder: str = "--folder") -> InvalidInput:
        told = {
            "folder.path": (self.merged.folder, folder),
            "archive.bucket": (self.merged.bucket, "--bucket"),
            "folder.source": (self.merged.source, "--source"),
        }
        lacking = [name for name in needed if told[name][0] is None]
        options = " and ".join(told[name][1] for name in lacking)
        if self.file is None:
            return InvalidInput(
                f"there is no settings file, so give {options} here; or run `labsight init`, which "
                "asks once and writes one"
            )
        return InvalidInput(
            f"{self.file} sets no {' and no '.join(lacking)}: set it there, or give {options}"
        )


def know(options: Given) -> Known:
    """Put options over the settings file; raise SettingsError when the file is wrong.

    Raise InvalidInput for a folder that is not the file's and has no source of its own: its slides
    would mix with those of the other under one name, for good.
    """
    file = find(options.config)
    settings = None
    told = Given()
    if file is not None:
        from labsight_lab.settings.reading import read  # noqa: PLC0415 - pydantic is slow to load

        settings = read(file)
        told = _told(settings)
        if options.folder is not None and options.folder.is_file():
            raise InvalidInput(
                f"{options.folder} is a file; give the folder that the scanner writes to"
            )
        if _differ(options.folder, told.folder) and options.source is None:
            raise InvalidInput(
                f"{options.folder} is not the folder of {file} ({told.folder}): give it a --source "
                "of its own, or a settings file of its own with --config"
            )
        if _other_archive(options, told):
            told = replace(told, journal=None)  # it is the journal of what the file says
    merged = _over(options, told)
    if merged.endpoint is None:
        merged = replace(merged, endpoint=s3_environment.endpoint())
    return Known(options=options, merged=merged, file=file, settings=settings)


def sync_options(
    options: Given, *, watch: bool, dry_run: bool, as_json: bool, **asked: object
) -> "SyncOptions":
    """Return the options of `labsight sync`; ``asked`` by its fields' names, None: not asked.

    What the settings file says of its own folder does not hold for another one.
    """
    from labsight_lab.sync.options import SyncOptions  # noqa: PLC0415 - not for the others

    known = know(options)
    chosen: dict[str, Any] = {}
    if known.settings:
        chosen = _settings_of(known.settings, "transfer")
        if not _differ(options.folder, known.settings.folder.path):
            chosen |= _settings_of(known.settings, "folder") | _ids(known.settings)
    chosen |= {name: value for name, value in asked.items() if value is not None}
    return SyncOptions(
        target=known.target("the folder"),
        folder_setting=_folder_setting(known),
        watch=watch,
        dry_run=dry_run,
        as_json=as_json,
        **chosen,
    )


def queue_url(option: str | None, known: Known) -> str:
    """Return the queue of the import; raise InvalidInput when it is nowhere said."""
    address = option or (known.settings.catalog.queue_url if known.settings else None)
    if address is None:
        raise InvalidInput(
            "which queue the import reads is not known: give --queue-url, or set catalog.queue_url "
            f"in {known.file or 'a settings file, which `labsight init` writes'}"
        )
    return address


def _told(settings: "LabSettings") -> Given:
    archive, folder = settings.archive, settings.folder
    return Given(
        folder=folder.path,
        bucket=archive.bucket,
        source=folder.source,
        profile=archive.profile,
        region=archive.region,
        endpoint=archive.endpoint,
        journal=settings.state.journal,
    )


def _over(first: Given, second: Given) -> Given:
    values = {f.name: (getattr(first, f.name), getattr(second, f.name)) for f in fields(Given)}
    return Given(**{name: b if a is None else a for name, (a, b) in values.items()})


def _differ(asked: Path | None, told: Path | None) -> bool:
    return asked is not None and told is not None and asked.resolve() != told.resolve()


def _other_archive(options: Given, told: Given) -> bool:
    names = ("bucket", "source", "endpoint")
    return _differ(options.folder, told.folder) or any(
        getattr(options, name) not in {None, getattr(told, name)} for name in names
    )


def _settings_of(settings: "LabSettings", section: str) -> dict[str, Any]:
    """Return a section's part of SyncOptions."""
    return {name: getattr(getattr(settings, section), name) for name in _SECTIONS[section]}


def _folder_setting(known: Known) -> str | None:
    """Return where the folder is set, if it is by the file."""
    if known.file is None or known.options.folder is not None:
        return None
    from labsight_lab.settings.reading import where  # noqa: PLC0415 - loaded where there is a file

    return where(known.file, "folder.path")


def _ids(settings: "LabSettings") -> dict[str, Any]:
    from labsight_lab.sync.look.id_table import Columns  # noqa: PLC0415 - not for the others

    ids = settings.ids
    return {
        "ids_pattern": ids.pattern,
        "ids_table": ids.table,
        "ids_columns": Columns(
            file=ids.file_column,
            case_id=ids.case_column,
            slide_id=ids.slide_column,
            scanner=ids.scanner_column,
        ),
    }
