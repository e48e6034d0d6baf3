import os
import stat

import pytest

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.storage import remote


@pytest.fixture(params=["", "file://"], ids=["path", "uri"])
def root(request, tmp_path):
    """A folder as a local path, and as a URI opened by pyarrow."""
    for name, data in [("a.txt", b"hello"), ("b/c.txt", b"you"), ("b/d/e.bin", b""), ("b/f[1].txt", b"1")]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "empty").mkdir()
    return f"{request.param}{tmp_path}"


def local(root):
    return root.removeprefix("file://")


@pytest.mark.parametrize(
    ("parts", "joined"),
    [(("/a",), "/a"), (("/a/", "b"), "/a/b"), (("s3://k/a", "/b/", "c"), "s3://k/a/b/c"), (("a", "b/c"), "a/b/c")],
)
def test_join_inserts_one_slash(parts, joined):
    assert storage.join(*parts) == joined


def test_a_file_is_read_completely_or_from_any_offset(root):
    assert storage.read_bytes(f"{root}/a.txt") == b"hello"
    with storage.open_read(f"{root}/a.txt") as stream:
        stream.seek(3)
        assert stream.read(1) == b"l"
        assert stream.tell() == 4
        assert stream.read() == b"o"
        assert stream.read(1) == b""


def test_reading_an_empty_file_returns_no_bytes(root):
    assert storage.read_bytes(f"{root}/b/d/e.bin") == b""
    assert storage.size(f"{root}/b/d/e.bin") == 0


def test_size_is_in_bytes(root):
    assert storage.size(f"{root}/a.txt") == 5
    assert isinstance(storage.size(f"{root}/a.txt"), int)


@pytest.mark.parametrize("call", [storage.open_read, storage.read_bytes, storage.size, storage.list_files])
def test_a_missing_file_is_an_error_with_its_name(root, call):
    with pytest.raises(InputError) as e:
        call(f"{root}/none.txt")
    assert f"{root}/none.txt" in str(e.value)


@pytest.mark.parametrize("call", [storage.read_bytes, storage.size])
def test_reading_a_directory_as_a_file_is_an_error(root, call):
    with pytest.raises(InputError) as e:
        call(f"{root}/b")
    assert f"{root}/b" in str(e.value)


def test_exists_is_true_for_files_and_directories_only(root):
    assert storage.exists(f"{root}/a.txt")
    assert storage.exists(f"{root}/b")
    assert storage.exists(f"{root}/empty")
    assert not storage.exists(f"{root}/none")
    assert not storage.exists(f"{root}/a.txt/deeper")


def test_a_directory_is_listed_recursively_in_order(root):
    assert storage.list_files(root) == [f"{root}/{name}" for name in ("a.txt", "b/c.txt", "b/d/e.bin", "b/f[1].txt")]


def test_a_file_lists_itself(root):
    assert storage.list_files(f"{root}/a.txt") == [f"{root}/a.txt"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["a.txt"]),  # a star does not match a slash
        ("**.txt", ["a.txt", "b/c.txt", "b/f[1].txt"]),
        ("**/*.txt", ["a.txt", "b/c.txt", "b/f[1].txt"]),  # `**/` also matches no folder
        ("**/d/*", ["b/d/e.bin"]),
        ("b/[!f]*", ["b/c.txt"]),
        ("b?c.txt", []),
        ("b/*.txt", ["b/c.txt", "b/f[1].txt"]),
        ("b/?.txt", ["b/c.txt"]),
        ("[ab]*/?/*.bin", ["b/d/e.bin"]),
        ("b/d/e.*", ["b/d/e.bin"]),
    ],
)
def test_a_glob_lists_its_matches(root, pattern, names):
    if not names:
        with pytest.raises(InputError):
            storage.list_files(f"{root}/{pattern}")
        return
    assert storage.list_files(f"{root}/{pattern}") == [f"{root}/{name}" for name in names]


@pytest.mark.parametrize("pattern", ["*.gz", "none/*", "B/*"])
def test_a_glob_without_matches_is_an_error_with_its_pattern(root, pattern):
    with pytest.raises(InputError) as e:
        storage.list_files(f"{root}/{pattern}")
    assert f"{root}/{pattern}" in str(e.value)


def test_listing_an_empty_directory_is_an_error(root):
    with pytest.raises(InputError, match="empty"):
        storage.list_files(f"{root}/empty")


@pytest.mark.parametrize(
    ("pattern", "names"), [("b/*.txt", ["b/c.txt", "b/f[1].txt"]), ("a*", ["a.txt"]), ("?.t*", ["a.txt"])]
)
def test_a_relative_glob_gives_relative_paths(root, pattern, names, monkeypatch):
    monkeypatch.chdir(local(root))
    assert storage.list_files(pattern) == names


def test_a_glob_lists_only_below_its_fixed_part(root, monkeypatch):
    walked = []
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda top: walked.append(top) or walk(top))
    storage.list_files(f"{local(root)}/b/*.txt")
    assert walked == [f"{local(root)}/b"]


def test_a_local_file_with_glob_characters_in_its_name_is_found(root):
    path = f"{local(root)}/b/f[1].txt"
    assert storage.list_files(path) == [path]


def test_writing_creates_the_file_and_its_parents_and_nothing_else(root):
    storage.write_atomic(f"{root}/new/deep/x.bin", b"\0data")
    assert storage.read_bytes(f"{root}/new/deep/x.bin") == b"\0data"
    assert os.listdir(f"{local(root)}/new/deep") == ["x.bin"]


def test_writing_again_replaces_the_file(root):
    storage.write_atomic(f"{root}/a.txt", b"2")
    assert storage.read_bytes(f"{root}/a.txt") == b"2"


@pytest.mark.parametrize("name", ["a.txt", "new.txt"])
def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(root, name):
    before = sorted(os.listdir(local(root)))
    with pytest.raises(ZeroDivisionError), storage.atomic_writer(f"{root}/{name}") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert sorted(os.listdir(local(root))) == before
    assert storage.read_bytes(f"{root}/a.txt") == b"hello"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("b", "Is a directory"), ("a.txt/x", "Not a directory|File exists"), ("a.txt/x/y", "Not a dir")],
)
def test_an_unwritable_path_is_an_error_before_the_work_starts(root, name, reason):
    began = False
    with pytest.raises(InputError, match=f"Cannot write .*{name}: ({reason})"), storage.atomic_writer(f"{root}/{name}"):
        began = True
    assert not began
    assert storage.read_bytes(f"{root}/a.txt") == b"hello"


def test_a_file_is_not_visible_before_the_writer_is_closed(root):
    with storage.atomic_writer(f"{root}/new.txt") as stream:
        stream.write(b"x" * 100_000)
        assert not storage.exists(f"{root}/new.txt")
    assert storage.size(f"{root}/new.txt") == 100_000


def test_a_written_file_is_readable_by_other_users(root):
    storage.write_atomic(f"{root}/new.txt", b"x")
    assert stat.S_IMODE(os.stat(f"{local(root)}/new.txt").st_mode) & 0o444 == 0o444


def test_deleting_a_tree_keeps_its_neighbours(root):
    storage.delete_tree(f"{root}/b")
    assert not storage.exists(f"{root}/b")
    assert storage.read_bytes(f"{root}/a.txt") == b"hello"


def test_deleting_a_missing_tree_is_not_an_error(root):
    storage.delete_tree(f"{root}/none")


def test_deleting_a_tree_never_deletes_a_file(root):
    storage.delete_tree(f"{root}/a.txt")
    assert storage.exists(f"{root}/a.txt")


@pytest.mark.parametrize("path", ["nosuch://host/x", "nosuch://host/*.gz"])
def test_an_unknown_scheme_is_an_error_with_the_path(path):
    with pytest.raises(InputError, match="nosuch://host"):
        storage.list_files(path)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("abfss://crawl@account.dfs.core.windows.net/a/b.gz", "crawl/a/b.gz"),
        ("gs://crawl/a/b.gz", "crawl/a/b.gz"),
        ("file:///a/b.gz", "/a/b.gz"),
    ],
)
def test_a_uri_is_a_key_of_its_filesystem_and_back(uri, key):
    assert remote.split(uri)[1] == key
    assert remote.uri_of(uri, key) == uri
    assert remote.uri_of(uri.rpartition("/")[0], key) == uri


def test_hdfs_without_its_native_client_is_an_error_with_the_variables_to_set(monkeypatch):
    monkeypatch.setenv("CLASSPATH", "x")
    for name in ("JAVA_HOME", "HADOOP_HOME"):
        monkeypatch.setenv(name, "/nowhere")
    with pytest.raises(InputError, match=r"hdfs://name:8020/.*Set JAVA_HOME, HADOOP_HOME \(whose.*CLASSPATH") as e:
        storage.exists("hdfs://name:8020/x")
    assert "\n" not in str(e.value) and len(str(e.value)) < 800


def test_names_may_contain_unicode_and_blanks(root):
    storage.write_atomic(f"{root}/语料 1.txt", b"x")
    assert f"{root}/语料 1.txt" in storage.list_files(root)
    assert storage.read_bytes(f"{root}/语料 1.txt") == b"x"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA7", "AWS_PROFILE": "p"}, "rejected the credentials in AWS_ACCESS_KEY_ID"),
        ({"AWS_PROFILE": "crawler"}, "rejected the credentials of AWS_PROFILE 'crawler'"),
        ({"AWS_SHARED_CREDENTIALS_FILE": __file__}, f"rejected the credentials in {__file__}"),
        ({"AWS_ROLE_ARN": "arn:x"}, "rejected the role of this machine"),
        ({}, "requires credentials, but there are none in the environment or in ~/.aws"),
    ],
)
def test_an_error_about_credentials_names_their_source_and_never_shows_them(monkeypatch, tmp_path, environment, words):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reason = remote.reason(OSError("AWS Error ACCESS_DENIED during HeadObject operation: No response body."))
    assert f"No response body. The storage {words}. Set AWS_ACCESS_KEY_ID and" in reason
    assert "AKIA7" not in reason


def test_data_below_a_directory_excludes_hidden_files(tmp_path):
    names = ("a.jsonl", "b/c.jsonl", "._a.jsonl", "_SUCCESS", "_temporary/0/d.jsonl", ".ipynb_checkpoints/a.jsonl")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    shown = [f"{tmp_path}/a.jsonl", f"{tmp_path}/b/c.jsonl"]
    assert storage.list_data(str(tmp_path)) == shown
    assert storage.list_data(f"{tmp_path}/**.jsonl") == shown
    assert storage.list_data(f"{tmp_path}/._a.jsonl") == [f"{tmp_path}/._a.jsonl"]
    assert storage.list_data(f"{tmp_path}/_temporary") == [f"{tmp_path}/_temporary/0/d.jsonl"]
    assert storage.list_data(f"{tmp_path}/_temporary/*/*.jsonl") == [f"{tmp_path}/_temporary/0/d.jsonl"]
    assert storage.list_data(f"{tmp_path}/**/_temp*/0/*") == [f"{tmp_path}/_temporary/0/d.jsonl"]
    assert len(storage.list_files(str(tmp_path))) == 6


def test_a_directory_of_hidden_files_only_is_an_error(tmp_path):
    (tmp_path / "_SUCCESS").touch()
    with pytest.raises(InputError, match=r"names of all 1 files at .* begin with \. or _"):
        storage.list_data(str(tmp_path))
