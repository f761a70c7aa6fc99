"""What is asked, and what counts as an answer."""

from pathlib import Path

import pytest

from labsight.errors import InvalidInput
from labsight_lab.settings import questions
from labsight_lab.settings.questions import QUESTIONS, ask
from tests.lab.settings.script import Script

BY_OPTION = {question.option: question for question in QUESTIONS}


def test_the_usual_answer_is_shown_and_taken_by_enter() -> None:
    terminal = Script([""])
    assert ask(BY_OPTION["--source"], "scanner-1", terminal) == "scanner-1"
    assert terminal.asked[0].endswith("[scanner-1]: ")


def test_a_question_that_may_stay_open_takes_enter_as_no_answer() -> None:
    assert ask(BY_OPTION["--region"], "", Script([""])) is None


def test_it_is_asked_again_until_the_answer_fits(tmp_path: Path) -> None:
    terminal = Script(["", str(tmp_path / "no"), str(tmp_path)])
    assert ask(BY_OPTION["--folder"], "", terminal) == str(tmp_path)
    assert terminal.said == [
        "  an answer is needed here",
        f"  {tmp_path / 'no'} does not exist",
    ]


def test_it_is_not_asked_for_ever() -> None:
    with pytest.raises(InvalidInput, match="--bucket: no answer that fits; nothing was written"):
        ask(BY_OPTION["--bucket"], "", Script(["A B"] * questions.MOST_TRIES))


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", "  {} "])
def test_a_path_may_be_pasted_with_its_quotes(quotes: str, tmp_path: Path) -> None:
    assert ask(BY_OPTION["--folder"], "", Script([quotes.format(tmp_path)])) == str(tmp_path)


@pytest.mark.parametrize(
    ("option", "answer", "told"),
    [
        ("--bucket", "s3://b/c", "give the name of a bucket alone"),
        ("--source", "Scanner 1", "lower-case letters, digits and hyphens"),
        ("--quiet-period", "fast", "found 'fast', expected a time such as 90s"),
        ("--ids-pattern", "(", "no regular expression"),
        ("--limit", "20 fast", "is no rate"),
        ("--endpoint-url", "minio", "expected an address such as"),
        ("--profile", "AKIAIOSFODNN7EXAMPLE", "this looks like a credential"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_as_in_the_file(
    option: str, answer: str, told: str
) -> None:
    assert told in (questions.wrong(BY_OPTION[option], answer) or "")


def test_answers_that_fit_are_not_wrong(tmp_path: Path) -> None:
    fitting = {
        "--folder": str(tmp_path),
        "--source": "scanner-1",
        "--bucket": "archive",
        "--profile": "labsight",
        "--region": "eu-central-1",
        "--quiet-period": "10s",
        "--ids-pattern": r"(?P<case>\d+)",
        "--limit": "07:00-19:00 20Mbit, else off",
        "--endpoint-url": "http://127.0.0.1:9000",
    }
    assert fitting.keys() == BY_OPTION.keys()
    for option, answer in fitting.items():
        assert questions.wrong(BY_OPTION[option], answer) is None, option


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert questions.wrong(BY_OPTION["--folder"], str(file)) == f"{file} is not a folder"


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("SCANNER-PC.hospital.example", "scanner-pc"),
        ("Aperio_GT 450", "aperio-gt-450"),
        ("x" * 80, "x" * 63),
        ("___", ""),
    ],
)
def test_the_host_suggests_a_source(host: str, source: str) -> None:
    assert questions.suggested_source(host) == source


def test_this_host_suggests_a_source_that_is_taken_or_none() -> None:
    suggested = questions.suggested_source()
    assert not suggested or questions.wrong(BY_OPTION["--source"], suggested) is None


def test_answers_become_a_document_without_those_not_given() -> None:
    answers = {"folder.path": "/a", "archive.bucket": "b", "archive.region": None}
    assert questions.document(answers) == {"folder": {"path": "/a"}, "archive": {"bucket": "b"}}
