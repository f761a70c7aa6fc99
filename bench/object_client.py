"""Our own client of the object server; loads nothing else, so that memory can be measured."""

from labsight.objects.credentials import Credentials, Fixed
from labsight.objects.s3_http import HttpS3Store

BUCKET = "bench"
SOURCE = "bench"  # of the slides in it


def store(endpoint: str) -> HttpS3Store:
    """Return the bucket; the server looks at no signature, but they are made and sent."""
    credentials = Fixed(Credentials("bench", "bench"))
    return HttpS3Store(BUCKET, "eu-central-1", credentials, endpoint)
