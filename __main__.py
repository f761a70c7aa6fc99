"""labsight in AWS, declared: read the configuration, build the parts, say how to reach them."""

from stacks import catalog, desktop, foundation, operations, outputs, slides, sync, viewer
from stacks.config import load

settings = load()
base = foundation.build(settings)
records = catalog.build(settings, base) if settings.has("slides") else None
viewing = slides.build(settings, base, records) if records else None
parts = operations.Parts(
    foundation=base,
    catalog=records,
    slides=viewing,
    viewer=viewer.build(settings, base, viewing) if viewing else None,
    desktop=desktop.build(settings, base) if settings.has("desktop") else None,
)
access = sync.build(settings, base, viewing)
watched = operations.build(settings, parts)
outputs.export(settings, parts, access, watched)
