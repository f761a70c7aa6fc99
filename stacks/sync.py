"""Who of the lab may send slides, verify what arrived, and register it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import Output

from components.certificate_authority import AuthorityArgs, CertificateAuthority
from components.lab_rights import LabRights
from components.lab_role import Certificate, LabRole, LabRoleArgs
from components.queue import Queue
from labsight.keys import SLIDES, UNIT
from stacks.foundation import Foundation
from stacks.keys import UPLOADER
from stacks.settings import Settings
from stacks.slides import Slides


@dataclass(frozen=True, kw_only=True)
class Registrar:
    """Who may ask for imports, and where (the queue's URL)."""

    role: LabRole
    queue_url: Output[str]


@dataclass(frozen=True, kw_only=True)
class Access:
    """The lab's roles: one ``uploader`` for every source, or one for each by name."""

    verifier: LabRole
    uploader: LabRole | None = None
    uploaders: Mapping[str, LabRole] = field(default_factory=dict)
    registrar: Registrar | None = None


def build(settings: Settings, foundation: Foundation, slides: Slides | None) -> Access:
    """Declare the roles; who registers needs the import of ``slides``."""
    uploaders = _uploaders(settings, foundation)
    place, rights = foundation.place, _rights(foundation, SLIDES)
    purpose = f"Read objects under {SLIDES} of one labsight archive, to compare them"
    return Access(
        uploader=None if uploaders else _uploader(foundation),
        uploaders=uploaders,
        verifier=LabRole(
            "verifier", LabRoleArgs(place=place, purpose=purpose, grants=rights.verify())
        ),
        registrar=_registrar(foundation, slides.uploads) if slides else None,
    )


def _uploaders(settings: Settings, foundation: Foundation) -> Mapping[str, LabRole]:
    """Declare a role for each source: with another's credentials nobody writes under its name."""
    given = settings.sync.certificate_authority
    authority = CertificateAuthority("scanners", AuthorityArgs(source=given)) if given else None
    return {
        source: _uploader(
            foundation,
            source,
            Certificate(anchor_arn=authority.anchor_arn, common_name=source) if authority else None,
        )
        for source in settings.sync.sources
    }


def _uploader(
    foundation: Foundation, source: str | None = None, certificate: Certificate | None = None
) -> LabRole:
    prefix = f"{SLIDES}{source}/" if source else SLIDES
    return LabRole(
        f"{UPLOADER}-{source}" if source else UPLOADER,
        LabRoleArgs(
            place=foundation.place,
            purpose=f"Add objects under {prefix} to one labsight archive",
            grants=_rights(foundation, prefix).send(),
            certificate=certificate,
        ),
    )


def _registrar(foundation: Foundation, imports: Queue) -> Registrar:
    role = LabRole(
        "registrar",
        LabRoleArgs(
            place=foundation.place,
            purpose=f"Have objects under {SLIDES} of one labsight archive imported",
            grants=_rights(foundation, SLIDES).register(imports, UNIT),
        ),
    )
    return Registrar(role=role, queue_url=imports.url)


def _rights(foundation: Foundation, prefix: str) -> LabRights:
    return LabRights(archive=foundation.archive, place=foundation.place, prefix=prefix)
