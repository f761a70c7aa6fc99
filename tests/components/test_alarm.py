from collections.abc import Callable
from typing import Any

import pytest

from components import watches
from components.alarm import Alarms, AlarmsArgs, Watch
from components.log_count import FAILED_IMPORT, LogCount, LogCountArgs
from components.place import Place
from components.topic import Topic, TopicArgs
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(account="123456789012", region="eu-central-1")
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def watch(**changes: Any) -> Watch:
    values = {
        "name": "too-hot",
        "advice": "It is too hot.",
        "namespace": "Lab",
        "metric": "Heat",
        "dimensions": {"Room": "1"},
        "threshold": 30,
    }
    return Watch(**{**values, **changes})


def alarms(*found: Watch, place: Place = PLACE) -> Callable[[], None]:
    def program() -> None:
        topic = Topic("alarms", TopicArgs(place=place))
        Alarms("alarm", AlarmsArgs(topic=topic, watches=found))

    return program


def test_each_watch_is_an_alarm_that_tells_the_topic_when_it_begins_and_ends(
    declare: Declare, recorded: Recorded
) -> None:
    declare(alarms(watch(), watch(name="too-cold")))
    topic = recorded.one("aws:sns/topic:Topic").state["arn"]
    assert [one.name for one in recorded.of(ALARM)] == ["alarm-too-cold", "alarm-too-hot"]
    for one in recorded.of(ALARM):
        assert one.inputs["alarmActions"] == one.inputs["okActions"] == [topic]


def test_an_alarm_says_what_it_means_and_where_to_read_on(
    declare: Declare, recorded: Recorded
) -> None:
    declare(alarms(watch()))
    text = recorded.one(ALARM).inputs["alarmDescription"]
    assert text == "It is too hot. See docs/operations.md."


def test_what_is_switched_off_raises_no_alarm(declare: Declare, recorded: Recorded) -> None:
    declare(alarms(watch()))
    assert recorded.one(ALARM).inputs["treatMissingData"] == "notBreaching"


def test_alarms_are_in_the_region_of_their_topic(declare: Declare, recorded: Recorded) -> None:
    place = Place(account="123456789012", region=watches.EDGE_REGION)
    declare(alarms(*watches.of_edge("E123"), place=place))
    assert recorded.one(ALARM).inputs["region"] == "us-east-1"
    assert recorded.one(ALARM).inputs["dimensions"] == {
        "DistributionId": "E123",
        "Region": "Global",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": 90}, "too-hot: CloudWatch takes whole minutes"),
        ({"times": 0}, "too-hot: CloudWatch takes whole minutes and at least one period"),
        ({"seconds": 300, "times": 289}, "looks back 86400 s at most"),
        ({"seconds": 3600, "times": 169}, "looks back 604800 s at most"),
        ({"advice": "zu heiß"}, "too-hot: advice in ASCII only"),
    ],
)
def test_what_cloudwatch_does_not_take_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        watch(**changes)


def test_two_alarms_of_one_name_are_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="got twice: too-hot"):
        declare(alarms(watch(), watch(threshold=40)))


def test_a_function_is_watched_for_errors_and_refused_starts() -> None:
    found = {one.metric: one for one in watches.of_function("importer", "importer-1a")}
    assert found.keys() == {"Errors", "Throttles"}
    assert found["Errors"].dimensions == {"FunctionName": "importer-1a"}
    assert (found["Errors"].threshold, found["Errors"].times) == (0, 1)
    assert found["Throttles"].times == 3


def test_dead_letters_stay_an_alarm_when_their_figures_stop() -> None:
    (found,) = watches.of_dead_letters("uploads", "uploads-dead-1a")
    assert (found.threshold, found.missing) == (0, "ignore")


def test_silence_is_an_hour_without_a_message_after_the_other_or_no_figures_at_all() -> None:
    (found,) = watches.of_silence("uploads-1a", hours=72)
    assert (found.namespace, found.metric) == ("AWS/SQS", "NumberOfMessagesSent")
    assert (found.comparison, found.threshold, found.missing) == (
        "LessThanThreshold",
        1,
        "breaching",
    )
    assert (found.statistic, found.seconds, found.times) == ("Sum", 3600, 72)
    assert "72 hours" in found.advice


def test_a_database_is_watched_for_a_tenth_of_its_storage_and_most_of_its_connections() -> None:
    found = {one.name: one for one in watches.of_postgres("catalog", storage_gb=20, memory_gb=1)}
    assert found["database-storage"].threshold == 2 * 1024**3
    assert found["database-storage"].comparison == "LessThanThreshold"
    assert found["database-cpu"].seconds * found["database-cpu"].times == 30 * 60
    # 1 GiB, nine tenths of it usable: 101 connections, of which 80 %
    assert found["database-connections"].threshold == 80


@pytest.mark.parametrize(("memory_gb", "most"), [(1, 101), (2, 202), (4, 405), (1000, 5000)])
def test_connections_grow_with_memory_up_to_5000(memory_gb: float, most: int) -> None:
    assert watches.connections(memory_gb) == most


@pytest.mark.parametrize(
    ("instance_class", "memory"),
    [
        ("db.t4g.micro", 1),
        ("db.m7g.large", 8),
        ("db.r6g.large", 16),
        ("db.x2g.large", None),
        ("db.m7g.48xlarge", None),
    ],
)
def test_memory_is_known_of_the_usual_classes(instance_class: str, memory: float | None) -> None:
    assert watches.memory_of(instance_class) == memory


def test_connections_are_not_watched_where_nobody_knows_how_many_are_many() -> None:
    found = watches.of_postgres("catalog", storage_gb=20, memory_gb=None)
    assert {one.metric for one in found} == {"FreeStorageSpace", "CPUUtilization"}


def test_connections_of_no_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="memory_gb: of a database, more than 0, got 0"):
        watches.connections(0)


def test_an_aurora_cluster_is_watched_for_its_capacity_since_its_storage_grows() -> None:
    assert {one.metric for one in watches.of_aurora("catalog")} == {
        "ACUUtilization",
        "CPUUtilization",
    }


def test_a_machine_left_on_has_figures_in_every_one_of_so_many_hours() -> None:
    (found,) = watches.of_instance("i-1", hours=12)
    assert (found.statistic, found.threshold) == ("SampleCount", 0)
    assert (found.seconds, found.times) == (3600, 12)
    assert "12 hours" in found.advice


def test_a_machine_cannot_be_watched_for_longer_than_a_week() -> None:
    with pytest.raises(ValueError, match="desktop-left-on: CloudWatch looks back 604800 s"):
        watches.of_instance("i-1", hours=169)


def test_a_gateway_is_watched_by_id_and_name() -> None:
    found = watches.of_gateway("sgw-1", "labsight")
    assert {one.metric for one in found} == {"CachePercentDirty", "HealthNotifications"}
    assert all(one.dimensions == {"GatewayId": "sgw-1", "GatewayName": "labsight"} for one in found)


def test_failed_imports_are_counted_in_the_log_and_watched(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        count = LogCount(
            "failed-imports", LogCountArgs(log_group="/labsight/test/importer", pattern="x")
        )
        topic = Topic("alarms", TopicArgs(place=PLACE))
        Alarms("alarm", AlarmsArgs(topic=topic, watches=watches.of_imports(count)))

    declare(program)
    counted = recorded.one("aws:cloudwatch/logMetricFilter:LogMetricFilter").inputs
    alarm = recorded.one(ALARM).inputs
    metric = counted["metricTransformation"]
    assert counted["logGroupName"] == "/labsight/test/importer"
    assert (metric["namespace"], metric["name"]) == (alarm["namespace"], alarm["metricName"])
    assert alarm["namespace"] == "labsight/test"


def test_the_pattern_for_failed_imports_fits_the_line_that_the_importer_writes() -> None:
    from labsight.catalog.models import ImportState  # noqa: PLC0415 - what the pattern depends on

    line = "%s: %s %s" % ("slides/a/b.svs", ImportState.FAILED, "not a slide")  # noqa: UP031 - as logging does
    assert ": failed " in line
    assert r"%:\sfailed\s%" in FAILED_IMPORT
