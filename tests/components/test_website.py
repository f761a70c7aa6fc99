import json
from pathlib import Path

import pulumi
import pytest

from components.place import Place
from components.website import Website, WebsiteArgs, content_type
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(ACCOUNT, REGION)
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1A2B3"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "index-DKORfQyF.js").write_text("1")
    (tmp_path / "assets" / "index-DutvaXqk.css").write_text("a{}")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return tmp_path


def args(folder: Path) -> WebsiteArgs:
    return WebsiteArgs(place=PLACE, folder=folder, distribution_arn=DISTRIBUTION)


def site(folder: Path) -> pulumi.Output[str]:
    return Website("site", args(folder)).domain


def test_every_file_of_the_build_is_there_with_its_type(
    declare: Declare, recorded: Recorded, folder: Path
) -> None:
    declare(lambda: site(folder))
    types = {one.inputs["key"]: one.inputs["contentType"] for one in recorded.of(OBJECT)}
    assert types == {
        "index.html": "text/html; charset=utf-8",
        "assets/index-DKORfQyF.js": "text/javascript; charset=utf-8",
        "assets/index-DutvaXqk.css": "text/css; charset=utf-8",
        "favicon.svg": "image/svg+xml",
    }
    assert content_type("a.unheard-of") == "application/octet-stream"
    assert content_type("a.png") == "image/png"


def test_files_with_a_hash_in_their_name_are_kept_for_ever_and_others_asked_for(
    declare: Declare, recorded: Recorded, folder: Path
) -> None:
    declare(lambda: site(folder))
    cached = {one.inputs["key"]: one.inputs["cacheControl"] for one in recorded.of(OBJECT)}
    assert cached["index.html"] == cached["favicon.svg"] == "no-cache"
    assert cached["assets/index-DKORfQyF.js"] == "public, max-age=31536000, immutable"


def test_another_build_is_another_hash(declare: Declare, recorded: Recorded, folder: Path) -> None:
    def hashed() -> object:
        declare(lambda: site(folder))
        return recorded.one(OBJECT, "site-index.html").inputs["sourceHash"]

    before = hashed()
    assert hashed() == before
    (folder / "index.html").write_text("<!doctype html><p>")
    assert hashed() != before


def test_the_app_is_told_where_people_sign_in(
    declare: Declare, recorded: Recorded, folder: Path
) -> None:
    def program() -> None:
        website = Website("site", args(folder))
        website.configure({"login": {"clientId": pulumi.Output.from_input("a1")}})

    declare(program)
    config = recorded.one(OBJECT, "site-config.json").inputs
    assert json.loads(config["content"]) == {"login": {"clientId": "a1"}}
    assert (config["contentType"], config["cacheControl"]) == ("application/json", "no-cache")


def test_the_builds_own_configuration_gives_way_to_the_stacks(
    declare: Declare, recorded: Recorded, folder: Path
) -> None:
    (folder / "config.json").write_text('{"login": null}')

    def program() -> None:
        Website("site", args(folder)).configure({"login": {"clientId": "a1"}})

    declare(program)
    config = recorded.one(OBJECT, "site-config.json").inputs
    assert json.loads(config["content"]) == {"login": {"clientId": "a1"}}


def test_no_file_lies_in_the_bucket_before_its_policy(
    declare: Declare, recorded: Recorded, folder: Path
) -> None:
    declare(lambda: site(folder))
    for one in recorded.of(OBJECT):
        assert "site-policy" in one.depends_on


def test_only_one_distribution_reads(declare: Declare, recorded: Recorded, folder: Path) -> None:
    assert declare(lambda: site(folder)) == f"site-bucket-1a2b3c4.s3.{REGION}.amazonaws.com"
    policy = json.loads(recorded.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    (allowed,) = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == ["s3:GetObject"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceArn": DISTRIBUTION}}


def test_nothing_of_it_is_kept(declare: Declare, recorded: Recorded, folder: Path) -> None:
    declare(lambda: site(folder))
    assert not any(one.retained for one in recorded)


def test_a_web_app_that_is_not_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"index\.html is missing; run `make web`"):
        args(tmp_path)
