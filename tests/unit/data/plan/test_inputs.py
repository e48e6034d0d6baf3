import pytest

from sluice.core.config.plan import PlanConfig
from sluice.core.errors import InputError
from sluice.data.plan.inputs import make_plan, warc_name


@pytest.fixture
def crawl(tmp_path):
    """Folder with archives of different lengths, out of order and at different depths, and other files."""
    for name, length in [("b/2.warc.gz", 3), ("b/10.warc.gz", 4), ("a.WARC", 1), ("c/d/old.arc.gz", 5), ("z.arc", 6)]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * length)
    (tmp_path / "README.md").write_text("not an archive")
    (tmp_path / "b" / "warc.paths.gz").write_text("not an archive")
    return tmp_path


def relative(plan, root):
    return [entry.path.removeprefix(f"{root}/") for entry in plan.entries]


def test_archives_are_numbered_in_the_order_of_their_paths(crawl):
    plan = make_plan(PlanConfig(inputs=(str(crawl),), crawl=7))
    assert relative(plan, crawl) == ["a.WARC", "b/10.warc.gz", "b/2.warc.gz", "c/d/old.arc.gz", "z.arc"]
    assert [entry.warc_index for entry in plan.entries] == [0, 1, 2, 3, 4]
    assert [entry.size for entry in plan.entries] == [1, 4, 3, 5, 6]
    assert {entry.crawl for entry in plan.entries} == {7}


def test_the_plan_does_not_depend_on_the_order_of_inputs(crawl):
    inputs = [str(crawl / "z.arc"), str(crawl / "b"), str(crawl / "a.WARC")]
    plans = [make_plan(PlanConfig(inputs=tuple(order))) for order in (inputs, inputs[::-1])]
    assert plans[0] == plans[1]
    assert relative(plans[0], crawl) == ["a.WARC", "b/10.warc.gz", "b/2.warc.gz", "z.arc"]


def test_an_archive_given_several_times_is_read_once(crawl, monkeypatch):
    monkeypatch.chdir(crawl)
    given = (str(crawl / "b"), str(crawl / "b" / "2.warc.gz"), f"{crawl}/b/*.gz", "b", "./b", f"{crawl}/c/../b/")
    plan = make_plan(PlanConfig(inputs=given))
    assert relative(plan, crawl) == ["b/10.warc.gz", "b/2.warc.gz"]


def test_other_files_in_the_folders_are_listed(crawl):
    assert make_plan(PlanConfig(inputs=(str(crawl),))).ignored == (
        str(crawl / "README.md"),
        str(crawl / "b/warc.paths.gz"),
    )


def test_a_file_given_as_an_input_is_used_whatever_its_name(crawl):
    plan = make_plan(PlanConfig(inputs=(str(crawl / "README.md"), str(crawl))))
    assert "README.md" in relative(plan, crawl)
    assert plan.ignored == (str(crawl / "b/warc.paths.gz"),)


@pytest.mark.parametrize(
    ("name", "is_archive"),
    [
        ("x.warc", True),
        ("x.warc.gz", True),
        ("x.arc", True),
        ("x.warc.zst", True),
        ("x.warc.wet.gz", True),
        ("x.gz", False),
        ("warc.gz", False),
        ("x.march.gz", False),
        ("x.warcs", False),
    ],
)
def test_archives_in_a_folder_are_recognized_by_their_names(tmp_path, name, is_archive):
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "sure.warc").write_bytes(b"x")
    assert (name in relative(make_plan(PlanConfig(inputs=(str(tmp_path),))), tmp_path)) == is_archive


def test_batches_are_consecutive_and_full_except_the_last(crawl):
    plan = make_plan(PlanConfig(inputs=(str(crawl),), batch_warcs=2))
    assert [entry.batch for entry in plan.entries] == [0, 0, 1, 1, 2]


def test_names_in_the_archive_list_have_no_scheme_and_no_host():
    assert warc_name("s3://commoncrawl/crawl-data/a.warc.gz") == "crawl-data/a.warc.gz"
    assert warc_name("file:///data/a.warc.gz") == "data/a.warc.gz"
    assert warc_name("/data/b/../a.warc.gz") == "data/a.warc.gz"


def test_no_input_is_an_error_with_an_example():
    with pytest.raises(InputError, match=r"plan\.inputs is empty.*--set"):
        make_plan(PlanConfig())


def test_a_missing_path_is_an_error_with_its_name(crawl):
    with pytest.raises(InputError, match=f"{crawl}/none"):
        make_plan(PlanConfig(inputs=(str(crawl), f"{crawl}/none")))


def test_an_empty_directory_is_an_error_with_its_name(tmp_path):
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(InputError, match=f"{tmp_path}/empty"):
        make_plan(PlanConfig(inputs=(f"{tmp_path}/empty",)))


def test_a_directory_without_archives_is_an_error_with_its_number_of_files(tmp_path):
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=f"{tmp_path} contains 3 files but no archive"):
        make_plan(PlanConfig(inputs=(str(tmp_path),)))


def test_a_uri_and_a_path_give_the_same_numbers_and_names(crawl):
    local, remote = make_plan(PlanConfig(inputs=(str(crawl),))), make_plan(PlanConfig(inputs=(f"file://{crawl}",)))
    assert [(e.warc_index, e.warc_name, e.size) for e in local.entries] == [
        (e.warc_index, e.warc_name, e.size) for e in remote.entries
    ]
    assert remote.entries[0].path == f"file://{crawl}/a.WARC"
