import json
from pathlib import Path

import pulumi
import pytest
import yaml

from stacks import settings as s
from stacks.checks import missing_for_deployment, untagged, zones_of
from stacks.config import ConfigError, load, load_file, parse
from stacks.keys import KEYS, SECRETS
from tests.support.labsight_program import KEY_PAIR, ROOT
from tests.support.pulumi_recorder import Declare

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
PLANTED = "hunter2-planted"


def refusal(**values: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse({key.replace("_", "."): text for key, text in values.items()})
    return str(caught.value)


def lacking(**values: str) -> list[str]:
    settings = parse({key.replace("_", "."): text for key, text in values.items()} | KEY_PAIR)
    return missing_for_deployment(settings, ZONES)


def test_nothing_has_to_be_set() -> None:
    assert parse({}) == s.Settings()


def test_what_is_empty_is_not_set() -> None:
    assert parse({"edge.domain": "", "login.mfa": " ", "profile": ""}) == s.Settings()


def test_every_kind_of_setting_is_read() -> None:
    read = parse(
        {
            "profile": "regulated",
            "features": '["slides", "desktop", "gateway"]',
            "network.cidr": "10.8.0.0/16",
            "network.zones": '["eu-central-1a", "eu-central-1b"]',
            "archive.archiveAfterDays": "125",
            "archive.deepArchiveAfterDays": "180",
            "archive.objectLockDays": "30",
            "database.engine": "aurora",
            "edge.domain": "slides.example.org",
            "edge.hostedZone": "Z0123456789ABC",
            "edge.signingKey": "secret text",
            "desktop.stopAt": "never",
            "operations.email": "lab@example.org",
        }
    )
    assert read.profile == "regulated"
    assert read.features == {"slides", "desktop", "gateway"}
    assert read.network == s.NetworkSettings(cidr="10.8.0.0/16", zones=ZONES[:2])
    assert read.archive == s.ArchiveSettings(
        archive_after_days=125, deep_archive_after_days=180, object_lock_days=30
    )
    assert read.database.engine == "aurora"
    assert read.edge.domain == "slides.example.org"
    assert read.edge.signing_key == s.Secret("secret text")
    assert read.desktop.stop_at is None
    assert read.operations.email == "lab@example.org"


def test_features_may_be_none_or_words_between_commas() -> None:
    assert parse({"features": "[]"}).features == frozenset()
    assert parse({"features": "slides"}).features == {"slides"}


def test_regulated_asks_for_a_second_factor_by_itself() -> None:
    assert parse({}).login.mfa == "optional"
    assert parse({"profile": "regulated"}).login.mfa == "required"
    assert "labsight:login.mfa is 'optional'" in refusal(profile="regulated", login_mfa="optional")


def test_a_login_provider_is_oidc_with_a_client_and_saml_without() -> None:
    saml = {"login.providerName": "Hospital", "login.providerUrl": "https://id.example.org/saml"}
    assert parse(saml).login.provider == s.ProviderSettings(
        name="Hospital", url="https://id.example.org/saml"
    )
    oidc = parse({**saml, "login.providerClientId": "abc", "login.providerClientSecret": PLANTED})
    assert oidc.login.provider is not None
    assert oidc.login.provider.client_secret == s.Secret(PLANTED)


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"login_providerName": "Hospital"}, "labsight:login.providerUrl is not set"),
        ({"gateway_directoryUser": "joiner"}, "labsight:gateway.directoryDomain is not set"),
    ],
)
def test_settings_that_go_together_are_all_asked_for(values: dict[str, str], missing: str) -> None:
    assert missing in refusal(**values)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("profile", "cheap", "use demo or lab or regulated"),
        ("features", '["slide"]', "'slide' is none of slides, desktop, gateway"),
        ("features", '{"slides": true}', "is none of"),
        ("showLabels", "yes", "use true or false"),
        ("network.cidr", "10.20.0.1/16", "has host bits set; write a network such as 10.20.0.0/16"),
        ("network.cidr", "anything", "write a network such as 10.20.0.0/16"),
        ("network.zones", '["a", "a"]', "'a' is there twice"),
        ("network.zones", "[1]", 'write a list of words, such as ["slides"]'),
        ("network.egress", "nat", "use none or nat-instance or nat-gateway or endpoints"),
        ("archive.archiveAfterDays", "60", "use 0 (never) or 90 to 730 days"),
        ("archive.archiveAfterDays", "120.5", "use 0 (never) or 90 to 730 days"),
        ("archive.deepArchiveAfterDays", "125", "use 0 (never) or 180 to 730 days"),
        ("database.engine", "mysql", "use postgres or aurora"),
        ("database.instanceClass", "t4g.micro", "it has to look like db.t4g.micro"),
        ("database.backupDays", "0", "use 1 to 35 days"),
        ("edge.domain", "localhost", "it has to look like slides.example.org"),
        ("edge.publicKey", "abc", "the PEM text that `labsight keys new` makes"),
        ("login.providerUrl", "http://id.example.org", "it has to look like https://"),
        ("desktop.stopAt", "25:00", "it has to look like 20:00"),
        ("desktop.stopAt", "1200", "in the stack's file put it in quotes"),
        ("operations.email", "nobody", "it has to look like lab@example.org"),
        ("operations.logDays", "91", "one of these days: 1, 3, 5, 7, 14, 30, 60, 90, 120"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_what_is_allowed(
    key: str, value: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({key: value})
    assert f"labsight:{key} is {value!r}: " in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"archive.archiveAfterDays": "180", "archive.deepArchiveAfterDays": "180"},
            (
                "labsight:archive.deepArchiveAfterDays is 180: it has to be more than "
                "archive.archiveAfterDays (180)"
            ),
        ),
        (
            {"archive.objectLockDays": "30"},
            "object lock goes with the profile regulated alone",
        ),
        (
            {"network.cidr": "10.20.0.0/28"},
            "labsight:network.cidr: 10.20.0.0/28 has 16 addresses; take a block from /16",
        ),
        ({"network.cidr": "8.8.0.0/16"}, "labsight:network.cidr: 8.8.0.0/16 is not private"),
        (
            {"network.avoid": '["10.0.0.0/8"]'},
            "labsight:network.cidr: 10.20.0.0/16 overlaps 10.0.0.0/8 (network.avoid[0])",
        ),
        ({"desktop.timeZone": "Mars/Phobos"}, "labsight:desktop.timeZone: 'Mars/Phobos' is not a"),
        ({"gateway.instanceType": "m7g.xlarge"}, "labsight:gateway.instanceType: 'm7g.xlarge'"),
        ({"gateway.timeZone": "GMT+99:00"}, "labsight:gateway.timeZone: 'GMT+99:00'; the service"),
        ({"functions.packages": "./none-here"}, "labsight:functions.packages: pypi, none or a"),
        (
            {"login.providerName": "Google", "login.providerUrl": "https://a.example.org"},
            "labsight:login.providerName: 3 to 32 letters",
        ),
        (
            {
                "login.providerName": "Hospital",
                "login.providerUrl": "https://a.example.org",
                "login.providerClientId": "labsight",
            },
            "labsight:login.providerClientId and login.providerClientSecret",
        ),
        ({"desktop.days": "MON-XXX"}, "labsight:desktop.days: write MON-FRI"),
        ({"desktop.idleMinutes": "5"}, "labsight:desktop.idleMinutes: 0 for never, or 10 to 1440"),
        ({"desktop.instanceType": "m7g.xlarge"}, "is not an x86 type such as t3.xlarge"),
        (
            {"network.egress": "nat-gateway"},
            "labsight:network.egress is 'nat-gateway', billed by the hour, and nothing in this",
        ),
        ({"features": "slides,gateway"}, "has gateway without a Windows desktop"),
        (
            {"features": "desktop,gateway", "desktop.kind": "linux-dcv"},
            "has gateway without a Windows desktop",
        ),
        ({"features": "desktop"}, "has desktop without gateway"),
        ({"edge.hostedZone": "Z0123456789ABC"}, "a certificate needs the name it is for"),
        ({"edge.domain": "slides.example.org"}, "without edge.hostedZone"),
        ({"profile": "regulated", "operations.logDays": "30"}, "keeps logs for 365 days or longer"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(values: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"network_zones": '["eu-central-1a", "eu-central-1x"]'},
            (
                "labsight:network.zones has 'eu-central-1x', which this region does not have for "
                "this account: use some of eu-central-1a, eu-central-1b, eu-central-1c"
            ),
        ),
        ({"network_zones": '["eu-central-1a"]'}, "the database needs two or more"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_anything_is_made(
    values: dict[str, str], message: str
) -> None:
    assert any(message in problem for problem in lacking(**values))


def test_a_viewer_needs_a_key_pair_and_the_refusal_names_the_command() -> None:
    problems = missing_for_deployment(parse({}), ZONES)
    assert [problem.partition(" ")[0] for problem in problems] == [
        "labsight:edge.publicKey",
        "labsight:edge.signingKey",
    ]
    assert all("labsight keys new" in problem for problem in problems)
    assert missing_for_deployment(parse({"features": "[]"}), ZONES) == []


@pytest.mark.parametrize("tags", [{}, {"stack": "prod"}])
def test_a_stack_has_to_carry_its_name_as_a_tag(tags: dict[str, str]) -> None:
    (problem,) = untagged(tags, "dev")
    assert "pulumi config set --path 'aws:defaultTags.tags.stack' dev" in problem
    assert untagged({"stack": "dev"}, "dev") == []


def test_without_zones_the_region_s_first_two_are_used() -> None:
    assert zones_of(parse({}), ("b", "c", "a")) == ("a", "b")


def test_a_secret_is_never_repeated() -> None:
    message = refusal(edge_signingKey=PLANTED, profile="none")
    assert PLANTED not in message
    assert PLANTED not in repr(parse({"edge.signingKey": PLANTED}))


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("archive.archiveAfterDay", "archive.archiveAfterDays"),
        ("Network.CIDR", "network.cidr"),
        ("labels", "showLabels"),
        ("feature", "features"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: str, nearest: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({key: "1"})
    message = str(caught.value)
    assert f"labsight:{key} is no setting of labsight; the nearest one is {nearest}" in message
    assert f"pulumi config rm {key}" in message


def test_a_group_set_by_path_is_refused_with_the_key_to_use() -> None:
    message = refusal(network='{"egress": "none"}')
    assert "pulumi config set network.cidr VALUE (without --path)" in message


def test_everything_wrong_is_said_at_once() -> None:
    lines = refusal(nonsense="x", profile="x", showLabels="x").splitlines()
    assert [line.partition(" ")[0] for line in lines[1:]] == [
        "labsight:nonsense",
        "labsight:profile",
        "labsight:showLabels",
    ]


def test_pulumi_shows_the_refusal_without_a_traceback() -> None:
    assert issubclass(ConfigError, pulumi.RunError)


def test_settings_come_from_labsight_s_namespace_alone(declare: Declare) -> None:
    def program() -> str:
        pulumi.runtime.set_all_config(
            {
                "labsight:profile": "demo",
                "labsight:features": "[]",
                "aws:wrong": "x",
                "aws:defaultTags": '{"tags": {"stack": "test"}}',
            }
        )
        return load(lambda: ZONES).profile

    assert declare(program) == "demo"


def test_an_unknown_key_of_the_stack_is_seen_by_the_loader(declare: Declare) -> None:
    def program() -> s.Settings:
        pulumi.runtime.set_all_config({"labsight:shwLabels": "1"})
        return load(lambda: ZONES)

    with pytest.raises(ConfigError, match=r"labsight:shwLabels is no setting .* is showLabels"):
        declare(program)


def test_the_environment_that_pulumi_hands_over_is_read(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"labsight:nonsense": "1"}))
    pulumi.runtime.set_all_config({})
    with pytest.raises(ConfigError, match="labsight:nonsense is no setting"):
        declare(lambda: load(lambda: ZONES))


def test_pulumi_yaml_describes_every_setting_with_the_default_that_the_loader_has() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert described.keys() == KEYS.keys()
    assert all(one["description"] and one["type"] for one in described.values())
    texts = {
        key: one["default"] if isinstance(one["default"], str) else json.dumps(one["default"])
        for key, one in described.items()
    }
    assert parse(texts) == parse({})


def test_secrets_have_no_default() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert {described[key]["default"] for key in SECRETS} == {""}


def test_the_dev_stack_is_a_complete_small_lab() -> None:
    dev = load_file(ROOT, "dev")
    assert dev.features == {"slides", "desktop", "gateway"}
    assert dev.archive.archive_after_days == 125
    assert dev.archive.deep_archive_after_days == 180
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert "labsight keys new" in text


def test_a_stack_file_is_read_without_opening_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(
        "config:\n  labsight:profile: demo\n  labsight:edge.signingKey: {secure: abc}\n"
    )
    read = load_file(tmp_path, "x")
    assert read.profile == "demo"
    assert read.edge.signing_key is not None


def test_a_stack_without_a_file_is_refused_with_those_that_have_one(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("config: {}\n")
    with pytest.raises(
        ConfigError, match=r"there is no Pulumi\.y\.yaml; stacks with a file here: x"
    ):
        load_file(tmp_path, "y")


@pytest.mark.parametrize("text", ["config: [1]", "[1]", "config: text"])
def test_a_stack_file_of_another_shape_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"Pulumi\.x\.yaml is no stack file: below config"):
        load_file(tmp_path, "x")


def test_a_new_stack_s_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("encryptionsalt: v1:abc\n")
    assert load_file(tmp_path, "x") == s.Settings()


def test_an_unknown_key_like_no_other_leads_to_the_list() -> None:
    assert "docs/settings.md lists them all" in refusal(qqqq="1")


def test_a_stack_file_that_is_no_yaml_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("config: [")
    with pytest.raises(ConfigError, match=r"Pulumi\.x\.yaml is no stack file"):
        load_file(tmp_path, "x")
