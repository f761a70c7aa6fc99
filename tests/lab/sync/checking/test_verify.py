import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import InvalidInput, SettingsError, StorageUnavailable
from labsight_lab.sync.checking import verify
from labsight_lab.sync.checking.verify import VerifyOptions
from labsight_lab.sync.checking.verify_report import VerifyReport
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.sending.archive import NewObject
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.s3 import connect
from labsight_lab.sync.target import Target
from tests.lab.support import noise, write
from tests.lab.sync.checking.lab import Lab
from tests.support.s3_server import S3, serving

DATA, OTHER = noise(3000), noise(3000, seed=1)
MRXS = [("a/s1.mrxs", b"index"), ("a/s1/Data0000.dat", DATA), ("a/s1/Slidedat.ini", b"[x]")]


def run(lab: Lab, *paths: str, **about: Any) -> int:
    options = VerifyOptions(target=lab.target, paths=tuple(map(Path, paths)), **about)
    return verify.run(options, lab.connect)


def document(lab: Lab, capsys: pytest.CaptureFixture[str], *paths: str, **about: Any) -> Any:
    code = run(lab, *paths, as_json=True, **about)
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == code
    return told


def test_all_that_was_sent_is_proven_and_noted(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("x.svs", DATA)
    lab.sent_unit("a/s1/", "mrxs", MRXS)
    assert run(lab) == 0
    assert "equal by size and CRC64NVME: 5 objects" in capsys.readouterr().out
    assert {entry.state for entry in lab.journal.entries()} == {State.VERIFIED}
    assert all(entry.verified for entry in lab.journal.entries())


def test_what_is_not_proven_is_named(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("missing.svs", DATA)
    lab.sent("other.svs", DATA)
    lab.sent("fine.svs", DATA)
    del lab.shelf.objects[lab.key("missing.svs")]
    lab.shelf.objects[lab.key("other.svs")] = OTHER
    assert run(lab) == 1
    told = capsys.readouterr().out
    assert "missing in the archive (1):\n  missing.svs: the archive does not hold" in told
    assert "not what was sent (1):\n  other.svs: slides/scanner-1/other.svs has CRC64" in told
    assert "what to do: " in told
    assert "fine.svs" not in told


def test_the_document_names_everything_but_what_is_proven(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("missing.svs", DATA)
    lab.sent("fine.svs", DATA)
    write(lab.folder / "new.svs", DATA)
    del lab.shelf.objects[lab.key("missing.svs")]
    told = document(lab, capsys)
    assert (told["proven"], told["proven_bytes"], told["not_archived"]) == (1, 3000, 1)
    (trouble,) = told["trouble"]
    assert (trouble["path"], trouble["finding"]) == ("missing.svs", "missing")
    assert trouble["key"] == "slides/scanner-1/missing.svs"
    assert (told["error"], told["interrupted"], told["deep"]) == (None, False, False)


def test_verifying_twice_says_the_same(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("missing.svs", DATA)
    lab.sent("fine.svs", DATA)
    del lab.shelf.objects[lab.key("missing.svs")]
    first, second = document(lab, capsys), document(lab, capsys)
    assert first["trouble"] == second["trouble"]
    assert first["proven"] == second["proven"] == 1


def test_what_came_back_is_proven_again(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    kept = lab.shelf.objects.pop(lab.key("a.svs"))
    assert run(lab) == 1
    assert "the archive does not hold" in lab.entry("a.svs").reason
    lab.shelf.objects[lab.key("a.svs")] = kept
    assert run(lab) == 0
    assert lab.entry("a.svs").reason == ""


def test_paths_choose(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("missing.svs", DATA)
    lab.sent("b/fine.svs", DATA)
    lab.shelf.objects.pop(lab.key("missing.svs"))
    told = document(lab, capsys, "b")
    assert (told["proven"], told["trouble"], told["not_archived"]) == (1, [], None)


def test_a_path_that_was_never_sent_is_something_to_look_at(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    write(lab.folder / "new.svs", DATA)
    assert run(lab, "new.svs") == 1
    told = capsys.readouterr().out
    assert "never sent: new.svs; `labsight sync --dry-run` tells" in told
    assert "labsight status" not in told


def test_what_lies_there_unsent_is_named(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("a.svs", DATA)
    lab.sent("changed.svs", DATA)
    write(lab.folder / "changed.svs", DATA + b"x")
    write(lab.folder / "new.svs", DATA)
    assert run(lab) == 0
    told = capsys.readouterr().out
    assert "2 files in the folder not looked at" in told
    assert ": changed.svs, new.svs; `labsight sync --dry-run` tells" in told
    for n in range(5):
        write(lab.folder / f"more-{n}.svs", DATA)
    assert run(lab) == 0
    assert ": changed.svs, more-0.svs, more-1.svs, ...; `lab" in capsys.readouterr().out
    assert document(lab, capsys)["not_archived_paths"][2:] == [
        *(f"more-{n}.svs" for n in range(1, 5)),
        "new.svs",
    ]


def test_many_of_one_reason_are_told_together(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    for n in (3, 1, 4, 0, 2):
        lab.sent(f"{n}.svs", DATA)
    lab.shelf.objects.clear()
    assert run(lab) == 1
    lines = capsys.readouterr().out.splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.startswith("  5 of them: the archive"))
    assert lines[at - 1] == "missing in the archive (5):"
    assert lines[at + 1 : at + 6] == [f"    {n}.svs" for n in range(5)]
    assert [one["path"] for one in document(lab, capsys)["trouble"]] == [
        f"{n}.svs" for n in range(5)
    ]


def test_what_is_sent_again_needs_no_other_advice(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    run(lab, resend=True)
    told = capsys.readouterr().out
    assert "--resend" not in told
    assert "what to do: `labsight sync` sends again" in told


def test_what_cannot_be_sent_again_is_to_be_restored(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    (lab.folder / "a.svs").unlink()
    run(lab, resend=True)
    told = capsys.readouterr().out
    assert "--resend" not in told
    assert "what to do: what was sent is not there any more" in told


def test_a_folder_that_is_away_keeps_nobody_from_asking(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("a.svs", DATA)
    lab.folder.rename(lab.place / "away")
    assert document(lab, capsys)["not_archived"] is None
    (lab.place / "away").rename(lab.folder)


def test_a_deep_check_names_flipped_bytes_on_both_sides(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.sent("there.svs", DATA)
    lab.sent("here.svs", DATA)
    lab.sent("changed.svs", DATA)
    lab.sent("gone.svs", DATA)
    lab.shelf.flip(lab.key("there.svs"), 77)
    write(lab.folder / "here.svs", DATA[:-1] + b"!")
    write(lab.folder / "changed.svs", b"now so")
    (lab.folder / "gone.svs").unlink()
    assert run(lab) == 0
    capsys.readouterr()
    assert run(lab, deep=True) == 1
    told = capsys.readouterr().out
    assert "reading 12.0 kB back from the archive (4 objects); AWS charges" in told
    assert "damaged in the archive (1):\n  there.svs: the bytes of slides/scanner-1/there" in told
    assert "damaged here, whole in the archive where not named above (1):\n  here.svs: its" in told
    assert "changed here since, in the archive as it was sent (1):\n  changed.svs:" in told
    assert "not in the folder any more: 1 file" in told


def test_a_conflict_leads_to_a_revision(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.sent("a.svs", DATA, State.CONFLICT, revision=0, crc64=None)
    lab.shelf.objects[lab.key("a.svs")] = OTHER
    told = document(lab, capsys)
    assert told["trouble"][0]["finding"] == "other"
    assert (lab.entry("a.svs").state, lab.entry("a.svs").revision) == (State.SEEN, 1)


def test_sending_again_is_asked_for(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.objects.clear()
    assert run(lab) == 1
    assert lab.entry("a.svs").state is State.UPLOADED
    assert run(lab, resend=True) == 1
    assert (lab.entry("a.svs").state, lab.entry("a.svs").revision) == (State.SEEN, 0)


def test_what_sync_changes_meanwhile_stays_as_sync_has_it(lab: Lab) -> None:
    entry = lab.sent("a.svs", DATA)
    begun = replace(entry, state=State.UPLOADING, attempted=frozenset({9}))
    lab.shelf.before = lambda _: lab.journal.write([begun])
    assert run(lab) == 0
    assert lab.entry("a.svs") == begun


def test_it_works_while_sync_holds_its_lock(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.journal.lock()
    assert run(lab) == 0


def test_many_files_are_asked_about_at_a_time(lab: Lab) -> None:
    for number in range(verify.THREADS):
        lab.sent(f"{number}.svs", DATA)
    together = threading.Barrier(verify.THREADS)

    def wait(_: str) -> None:
        together.wait(30)

    lab.shelf.before = wait
    assert run(lab) == 0


def test_more_files_than_are_prepared_at_a_time(lab: Lab) -> None:
    entry = lab.sent("a.svs", DATA)
    paths = [f"{number}.svs" for number in range(700)]
    lab.noted(*(replace(entry, path=path) for path in paths))
    lab.shelf.objects |= {lab.key(path): DATA for path in paths}
    assert run(lab) == 0
    states = [one.state for one in lab.journal.entries()]
    assert states == [State.VERIFIED] * 701


def test_rights_that_do_not_suffice_are_told_with_the_profile(lab: Lab) -> None:
    lab.sent("a.svs", DATA)
    lab.shelf.hidden.add(lab.key("a.svs"))
    with pytest.raises(SettingsError, match=r"s3:GetObject.*'reader'.*--profile") as told:
        run(lab)
    assert "[verify]" in told.value.message


def test_without_a_network_what_was_proven_is_told_and_noted(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "THREADS", 1)
    lab.sent("a.svs", DATA)
    lab.sent("b.svs", DATA)

    def goes(_: str) -> None:
        lab.shelf.is_away = True

    lab.shelf.before = goes  # the first question is answered yet
    with pytest.raises(StorageUnavailable):
        run(lab, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["proven"], told["error"]) == (1, "the archive cannot be reached")
    assert told["exit_code"] == 1
    assert lab.entry("a.svs").state is State.VERIFIED
    assert lab.entry("b.svs").state is State.UPLOADED


def test_an_interrupted_run_notes_what_it_proved(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "THREADS", 1)
    lab.sent("a.svs", DATA)
    lab.sent("b.svs", DATA)

    class Interrupting(VerifyReport):
        def add(self, checked: Any) -> None:
            super().add(checked)
            raise KeyboardInterrupt

    monkeypatch.setattr(verify, "VerifyReport", Interrupting)
    told = document(lab, capsys)
    assert (told["interrupted"], told["exit_code"], told["proven"]) == (True, 130, 1)
    assert lab.entry("a.svs").state is State.VERIFIED


def test_without_a_journal_nothing_was_sent(lab: Lab) -> None:
    target = replace(lab.target, journal=lab.place / "another.sqlite")
    with pytest.raises(InvalidInput, match="nothing was sent"):
        verify.run(VerifyOptions(target=target), lab.connect)
    assert not (lab.place / "another.sqlite").exists()


@pytest.fixture
def s3(aws: None) -> Iterator[S3]:  # noqa: ARG001 - no credentials but the test's
    with serving("archive") as served:
        yield served


class TestS3:
    """With a real client, against a server that behaves as S3 does."""

    @staticmethod
    def sent(lab: Lab, s3: S3, tmp_path: Path) -> Target:
        archive = connect("archive", endpoint=s3.url, region="us-east-1")
        for path in ("a.svs", "b.svs"):
            data = noise(3000, seed=ord(path[0]))
            lab.sent(path, data)
            new = NewObject(key=lab.key(path), content_type="image/tiff", metadata={})
            archive.put(new, Body(data, lambda _: None, lambda: None), crc64nvme(data))
        target = replace(
            lab.target,
            profile=None,
            region="us-east-1",
            endpoint=s3.url,
            journal=tmp_path / "s3.sqlite",
        )
        journal = Journal(target.journal_file, target.identity)
        journal.write(lab.journal.entries())
        journal.close()
        return target

    def test_proven(self, lab: Lab, s3: S3, tmp_path: Path) -> None:
        target = self.sent(lab, s3, tmp_path)
        assert verify.run(VerifyOptions(target=target)) == 0
        assert verify.run(VerifyOptions(target=target, deep=True)) == 0

    def test_flipped_at_rest(
        self, lab: Lab, s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = self.sent(lab, s3, tmp_path)
        s3.flip_at_rest("archive", lab.key("b.svs"), 1000)
        assert verify.run(VerifyOptions(target=target)) == 0
        assert verify.run(VerifyOptions(target=target, deep=True)) == 1
        assert "b.svs: the bytes of slides/scanner-1/b.svs have" in capsys.readouterr().out

    def test_missing(
        self, lab: Lab, s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = self.sent(lab, s3, tmp_path)
        del s3.store.buckets["archive"][lab.key("a.svs")]
        assert verify.run(VerifyOptions(target=target)) == 1
        assert "a.svs: the archive does not hold" in capsys.readouterr().out

    def test_no_right_to_read(self, lab: Lab, s3: S3, tmp_path: Path) -> None:
        target = self.sent(lab, s3, tmp_path)
        s3.denied = frozenset({"HeadObject", "GetObject"})
        with pytest.raises(SettingsError, match="s3:GetObject"):
            verify.run(VerifyOptions(target=target))

    def test_no_right_to_list(self, lab: Lab, s3: S3, tmp_path: Path) -> None:
        target = self.sent(lab, s3, tmp_path)
        s3.denied = frozenset({"HeadObject", "GetObject", "ListObjectsV2"})
        with pytest.raises(SettingsError, match="s3:ListBucket"):
            verify.run(VerifyOptions(target=target))

    def test_no_object_and_no_right_to_see_that(
        self, lab: Lab, s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = self.sent(lab, s3, tmp_path)
        s3.store.buckets["archive"].clear()
        s3.denied = frozenset({"HeadObject", "GetObject"})  # what S3 says of missing ones
        assert verify.run(VerifyOptions(target=target)) == 1
        assert "missing in the archive (2)" in capsys.readouterr().out
