"""The domain library: images, their catalog and how they are served. Knows no Pulumi and no CLI."""

__version__ = "0.1.0"
