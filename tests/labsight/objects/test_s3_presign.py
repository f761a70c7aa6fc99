import pytest

from labsight.objects.s3_presign import Presigner


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_an_address_names_the_bucket_in_its_region(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page may talk to that name alone (see Archive.host), and S3 redirects from others."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, region)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    address = Presigner("lab-archive")("slides/lab/a b.svs", 60)
    assert address.startswith(
        f"https://lab-archive.s3.{region}.amazonaws.com/slides/lab/a%20b.svs?"
    )
    assert "X-Amz-Expires=60" in address


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_an_address_holds_for_seven_days_at_most(seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 604800 seconds"):
        Presigner("lab-archive")("a", seconds)
