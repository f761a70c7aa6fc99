from tests.support.pulumi_recorder import declare, recorded

__all__ = ["declare", "recorded"]
