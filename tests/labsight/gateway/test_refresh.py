import json

import pytest

from labsight.gateway.parts import State
from labsight.gateway.refresh import Outcome, Refresher, folders_of
from tests.labsight.gateway.fakes import FakeGateway, FakeInstance, FakeQueue

SLIDES, WORK = "arn:share/slides", "arn:share/work"
APPLIANCE = "10.20.0.9"
STARTED = json.dumps(
    {
        "detail-type": "EC2 Instance State-change Notification",
        "detail": {"instance-id": "i-1", "state": "running"},
    }
)


def created(key: str, address: str = "10.20.0.77") -> str:
    detail = {"object": {"key": key}, "source-ip-address": address}
    return json.dumps({"detail-type": "Object Created", "detail": detail})


def refresher(
    *bodies: str, appliance: State = "running", away: int = 0
) -> tuple[Refresher, FakeQueue, FakeGateway]:
    queue, gateway = FakeQueue(list(bodies)), FakeGateway(away=away)
    subject = Refresher(
        waiting=queue,
        appliance=FakeInstance(appliance),
        gateway=gateway,
        shares={"slides/": SLIDES, "work/": WORK},
        address=APPLIANCE,
    )
    return subject, queue, gateway


def test_nothing_waiting_asks_nothing() -> None:
    subject, _, gateway = refresher()
    assert subject.run() == Outcome(handled=0, again=0, refreshed=0)
    assert gateway.refreshed == []


def test_a_new_object_refreshes_the_folders_on_its_way_and_no_other() -> None:
    subject, queue, gateway = refresher(created("slides/scanner-1/batch 2/a.svs"))
    assert subject.run() == Outcome(handled=1, again=0, refreshed=1)
    assert gateway.refreshed == [(SLIDES, ("/", "scanner-1", "scanner-1/batch 2"), False)]
    assert queue.hidden == queue.bodies == []


def test_many_objects_are_one_request_a_share() -> None:
    bodies = [created(f"slides/lab/day-1/{number}.svs") for number in range(200)]
    subject, _, gateway = refresher(*bodies, created("work/report.csv"), created("derived/x.jpg"))
    assert subject.run() == Outcome(handled=202, again=0, refreshed=2)
    assert gateway.refreshed == [
        (SLIDES, ("/", "lab", "lab/day-1"), False),
        (WORK, ("/",), False),
    ]


def test_more_folders_than_one_request_takes_are_refreshed_as_a_tree() -> None:
    subject, _, gateway = refresher(*(created(f"slides/lab/{n}/a.svs") for n in range(49)))
    subject.run()
    assert gateway.refreshed == [(SLIDES, ("/",), True)]


def test_fifty_folders_are_still_named() -> None:
    subject, _, gateway = refresher(*(created(f"slides/lab/{n}/a.svs") for n in range(48)))
    subject.run()
    ((_, folders, recursive),) = gateway.refreshed
    assert (len(folders), recursive) == (50, False)


def test_what_the_gateway_wrote_itself_is_not_looked_for() -> None:
    subject, queue, gateway = refresher(created("work/measurements.csv", APPLIANCE))
    assert subject.run() == Outcome(handled=1, again=0, refreshed=0)
    assert gateway.refreshed == []
    assert queue.hidden == []


@pytest.mark.parametrize("state", ["stopping", "stopped", "terminated", "missing"])
def test_notices_for_a_stopped_appliance_are_skipped(state: State) -> None:
    subject, queue, gateway = refresher(created("slides/lab/a.svs"), appliance=state)
    assert subject.run() == Outcome(handled=1, again=0, refreshed=0)
    assert gateway.refreshed == []
    assert queue.hidden == []


def test_a_start_of_the_appliance_catches_up_with_all_that_was_skipped() -> None:
    subject, queue, gateway = refresher(created("slides/lab/a.svs"), STARTED)
    assert subject.run() == Outcome(handled=2, again=0, refreshed=2)
    assert gateway.refreshed == [(SLIDES, ("/",), True), (WORK, ("/",), True)]
    assert queue.hidden == []


def test_a_gateway_that_is_still_starting_loses_no_notice() -> None:
    subject, queue, gateway = refresher(STARTED, created("slides/lab/a.svs"), away=2)
    for _ in range(2):
        assert subject.run() == Outcome(handled=0, again=2, refreshed=0)
        queue.again()
    assert subject.run() == Outcome(handled=2, again=0, refreshed=2)
    assert len(gateway.refreshed) == 2


def test_a_run_that_fails_between_two_shares_does_both_again() -> None:
    subject, queue, gateway = refresher(created("slides/lab/a.svs"), created("work/b.csv"))
    whole = gateway.refresh

    def fails_for_work(share: str, folders: list[str], *, recursive: bool) -> None:
        if share == WORK:
            raise KeyboardInterrupt
        whole(share, folders, recursive=recursive)

    gateway.refresh = fails_for_work  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        subject.run()
    gateway.refresh = whole  # type: ignore[method-assign]
    queue.again()
    assert subject.run() == Outcome(handled=2, again=0, refreshed=2)


@pytest.mark.parametrize("bad", ["not json", "[]", "{}", '{"detail-type": "Object Created"}'])
def test_a_message_of_another_kind_stays_for_people_to_see(bad: str) -> None:
    subject, queue, gateway = refresher(bad, created("slides/lab/a.svs"))
    assert subject.run() == Outcome(handled=1, again=1, refreshed=1)
    assert queue.hidden == [bad]
    assert len(gateway.refreshed) == 1


def test_an_endless_queue_does_not_hold_a_run_up() -> None:
    subject, queue, _ = refresher(*([created("slides/lab/a.svs")] * 2_500))
    assert subject.run().handled == 2_000
    assert len(queue.bodies) == 500


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        ("a.svs", ["/"]),
        ("", ["/"]),
        ("lab/a.svs", ["/", "lab"]),
        ("lab//x/a.svs", ["/", "lab", "lab/x"]),
        ("lab/F\u00e4rbung/", ["/", "lab", "lab/F\u00e4rbung"]),
    ],
)
def test_folders_are_named_from_the_share_on(path: str, folders: list[str]) -> None:
    assert folders_of(path) == folders
