"""labsight in AWS, declared: read the configuration, build the parts, say how to reach them."""

import pulumi

from stacks import foundation, slides
from stacks.config import load

settings = load()
base = foundation.build(settings)
viewing = slides.build(settings, base)

pulumi.export("archive_bucket", base.archive.bucket)
pulumi.export("api_url", viewing.api_url)
pulumi.export("upload_command", slides.upload_command(base.archive))
