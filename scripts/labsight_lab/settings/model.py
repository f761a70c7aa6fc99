"""What `labsight.toml` may say: every setting, its kind and its default.

``template.toml`` is the same as people see it.
"""

from pydantic import BaseModel, ConfigDict

from labsight_lab.settings import kinds as kind
from labsight_lab.settings.kinds import MIB


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Archive(_Section):
    """The bucket, and as whom to send; credentials are kept by AWS's own tools."""

    bucket: kind.BucketName | None = None
    region: kind.Text | None = None
    profile: kind.Text | None = None
    endpoint: kind.Address | None = None


class Folder(_Section):
    """The folder that the scanner writes to, and when a file in it is finished.

    ``quiet_period`` None grows with the file; all times in seconds.
    """

    path: kind.Place | None = None
    source: kind.SourceName | None = None
    include: kind.Patterns = ()
    exclude: kind.Patterns = ()
    quiet_period: kind.Quiet | None = None
    incomplete_after: kind.Patience = 86_400.0
    send_incomplete: kind.Flag = False
    rescan: kind.Pause = 5.0
    events: kind.Flag = True


class Ids(_Section):
    """Where case and slide ids come from: names, or a table, which has the last word."""

    pattern: kind.IdPattern | None = None
    table: kind.Place | None = None
    file_column: kind.Text = "file"
    case_column: kind.Text = "case_id"
    slide_column: kind.Text = "slide_id"
    scanner_column: kind.Text = "scanner"


class Transfer(_Section):
    """How fast to send; ``memory`` in bytes."""

    limit: kind.Timetable | None = None
    connections: kind.Connections = 128
    memory: kind.Memory = 96 * MIB


class State(_Section):
    """Where this machine remembers what it sent, and writes its logs."""

    journal: kind.Place | None = None
    log_folder: kind.Place | None = None


class Catalog(_Section):
    """How `labsight register` reaches the catalog."""

    queue_url: kind.Address | None = None


class Verify(_Section):
    """As whom to verify, clean and register; sending needs no such rights."""

    profile: kind.Text | None = None


class LabSettings(_Section):
    """All of `labsight.toml`; a section that is left out has its defaults."""

    archive: Archive = Archive()
    folder: Folder = Folder()
    ids: Ids = Ids()
    transfer: Transfer = Transfer()
    state: State = State()
    catalog: Catalog = Catalog()
    verify: Verify = Verify()
