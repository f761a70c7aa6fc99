import json
from pathlib import Path

import pytest

from policy.findings import (
    AT_TIMES,
    CHECKOV,
    Finding,
    Known,
    figures,
    read,
    read_checkov,
    read_exceptions,
    read_known,
    stale,
    unknown,
)

REPORT = """
== program: 400 resources, 301 of them aws:*, 2 data calls, 12 stack outputs
     1 aws:backup/plan:Plan

== first preview (nothing computed is known): FAULTS
   missing from preview, made inside apply: urn:pulumi:dev::labsight::aws:s3/bucket:Bucket::late

== program log and recorder findings
   a warning that the program itself gave
   FAULT: two resources of one name

== deterministic: NO, two runs differ in
   aws_iam_role.reader

== terraform resources: 301; not in this provider version (left out):
   aws:new/thing:Thing one

== conversion findings
   aws_lambda_permission.tiles: unknown argument 'invokedViaFunctionUrl'
   aws_iam_role.reader: note: this is no fault
   aws_iam_role.reader: literal stand-ins for what was read

== terraform validate: 0 errors

== terraform plan: 1 errors, 301 to create
   aws_db_instance.catalog: Error: size: no such class

== terraform apply: 290 of 301 resources created; faults: 0

== moto-unsupported, left out of apply: 1
   aws_budgets_budget.monthly: no such call

== second plan: 0 errors, 1 created resources would change
   aws_sns_topic.alarms [update] name: "a" -> "b"

== second plan: 1 more differ only in values moto does not give back
   aws_sqs_queue.uploads [update] redrive_policy: null -> "{}"

== terraform destroy: 1 left in state, 0 errors (0 moto's)
   aws_efs_file_system_policy.files

== what moto holds beyond the start (it keeps records of some deleted things)
     4 kms/eu-central-1/keys

== verdict: faults in conversion, plan, second plan, program, determinism, preview
"""


def test_a_report_is_read_stage_by_stage() -> None:
    late = "missing from preview, made inside apply: urn:pulumi:dev::labsight::aws:s3/bucket:Bucket"
    assert read(REPORT) == [
        Finding("preview", "program", f"{late}::late"),
        Finding("program", "program", "FAULT: two resources of one name"),
        Finding("determinism", "aws_iam_role.reader", "left"),
        Finding("not in provider", "program", "aws:new/thing:Thing one"),
        Finding(
            "conversion", "aws_lambda_permission.tiles", "unknown argument 'invokedViaFunctionUrl'"
        ),
        Finding("plan", "aws_db_instance.catalog", "Error: size: no such class"),
        Finding("not in moto", "aws_budgets_budget.monthly", "no such call"),
        Finding("second plan", "aws_sns_topic.alarms", '[update] name: "a" -> "b"'),
        Finding("not given back", "aws_sqs_queue.uploads", '[update] redrive_policy: null -> "{}"'),
        Finding("destroy", "aws_efs_file_system_policy.files", "left"),
        Finding("left in moto", "kms/eu-central-1/keys", "4 left"),
    ]


def test_a_run_that_came_to_no_verdict_is_no_clean_run() -> None:
    with pytest.raises(
        ValueError, match=r"no verdict; it ended with:\n(?s:.*)terraform init failed"
    ):
        read("== program: 3 resources\nterraform init failed")


def test_a_verdict_that_nothing_explains_is_no_clean_run() -> None:
    with pytest.raises(ValueError, match="says faults in plan and shows none"):
        read("== terraform plan: 1 errors, 0 to create\n\n== verdict: faults in plan\n")


def test_a_clean_report_has_no_findings() -> None:
    assert read("== terraform plan: 0 errors, 301 to create\n\n== verdict: clean\n") == []


def test_figures_are_the_titles_that_hold_some() -> None:
    assert list(figures(REPORT))[-2:] == [
        "second plan: 1 more differ only in values moto does not give back",
        "terraform destroy: 1 left in state, 0 errors (0 moto's)",
    ]


LISTED = Known("plan", "aws_db_*.catalog", "no such class", "provider: it is from last year")


@pytest.mark.parametrize(
    "finding",
    [
        Finding("validate", "aws_db_instance.catalog", "no such class"),
        Finding("plan", "aws_db_instance.catalog_2", "no such class"),
        Finding("plan", "aws_db_instance.catalog", "no such size"),
    ],
)
def test_a_finding_of_another_stage_resource_or_text_is_unknown(finding: Finding) -> None:
    assert unknown([finding], [LISTED]) == [finding]
    assert stale([finding], [LISTED]) == [LISTED]


def test_a_listed_finding_is_known_and_its_line_is_not_stale() -> None:
    finding = Finding("plan", "aws_db_instance.catalog", "Error: no such class: db.x")
    assert unknown([finding], [LISTED]) == []
    assert stale([finding], [LISTED]) == []


def test_what_occurs_at_times_only_is_never_stale() -> None:
    known = Known("plan", "aws_x.y", "*", f"{AT_TIMES}too slow")
    assert stale([], [known]) == []
    assert unknown([Finding("plan", "aws_x.y", "whatever it says")], [known]) == []


def test_the_lists_say_what_is_known_and_why(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_text("# remark\n\nplan | aws_x.* | no such class | provider: too old\n")
    assert read_known(path) == [Known("plan", "aws_x.*", "no such class", "provider: too old")]
    path.write_text("CKV_AWS_1 | aws_x.y | it is public\n")
    assert read_exceptions(path) == [Known(CHECKOV, "aws_x.y", "CKV_AWS_1", "it is public")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("plan | aws_x.y | text", "line 1: write 'stage | resource or pattern | "),
        ("plan | aws_x.y | text | ", "line 1: write 'stage | resource or pattern | "),
        ("plans | aws_x.y | text | why", "line 1: 'plans' is none of apply, conversion, "),
    ],
)
def test_a_line_without_a_reason_or_of_no_stage_is_refused(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "known.txt"
    path.write_text(line)
    with pytest.raises(ValueError, match=complaint):
        read_known(path)


def test_checkovs_answer_is_read(tmp_path: Path) -> None:
    failed = {"check_id": "CKV_AWS_1", "resource": "aws_x.y", "check_name": "Ensure"}
    answer = [{"results": {"failed_checks": [failed]}, "summary": {"resource_count": 7}}]
    path = tmp_path / "checkov.json"
    path.write_text(json.dumps(answer))
    assert read_checkov(path) == ([Finding(CHECKOV, "aws_x.y", "CKV_AWS_1")], 7)


def test_the_repositorys_own_lists_can_be_read() -> None:
    assert all(one.reason.startswith(("provider: ", "moto: ", AT_TIMES)) for one in read_known())
    assert read_exceptions()
