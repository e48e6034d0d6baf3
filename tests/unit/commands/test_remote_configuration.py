"""Configurations, lists of archives and rule files in an object store, for jobs and commands."""

import gzip
import http.server
import threading

import pytest

from sluice.commands.main import main
from sluice.core.config.load import config_with
from sluice.core.config.plan import PlanConfig
from sluice.core.errors import ConfigError, InputError
from sluice.data import storage
from sluice.data.plan.inputs import make_plan
from sluice.text.rules.rule import load_rules, read_description
from tests.helpers import s3_server


@pytest.fixture(scope="module")
def moto():
    with s3_server.moto() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def bucket(moto, tmp_path):
    with s3_server.bucket(moto, "settings", tmp_path) as uri:
        yield uri


def answer(arguments, capsys):
    """Exit code, standard output and standard error of a command."""
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_job_reads_configurations_from_a_bucket_in_the_given_order(bucket, tmp_path, capsys):
    storage.write_atomic(f"{bucket}/a.yaml", "name: 本\nshards: {seq_len: 7, count: 3}\n".encode())
    (tmp_path / "b.yaml").write_text("shards: {count: 5}\n")
    for command in (["run", "pipeline"], ["train"], ["publish"]):
        files = ["--conf", f"{bucket}/a.yaml", "--conf", str(tmp_path / "b.yaml")]
        code, out, _ = answer([*command, *files, "--print-config"], capsys)
        assert code == 0
        assert "name: 本\n" in out
        assert "  seq_len: 7\n" in out
        assert "  count: 5\n" in out


def test_the_list_of_settings_reads_a_configuration_from_a_bucket(bucket, capsys):
    storage.write_atomic(f"{bucket}/a.yaml", b"shards: {seq_len: 7}\n")
    code, out, _ = answer(["config", "shards.seq_len", "--conf", f"{bucket}/a.yaml"], capsys)
    assert code == 0
    assert "\nshards.seq_len=7    (" in out


def test_pages_reads_a_configuration_from_a_bucket(bucket, sample, capsys):
    storage.write_atomic(f"{bucket}/a.yaml", b"extract: {languages: [fr]}\n")
    archive = str(sample / "cx-extractor.warc.gz")
    code, _, err = answer(["pages", archive, "--conf", f"{bucket}/a.yaml"], capsys)
    assert code == 0, err
    assert "24 HTML pages, 0 documents; dropped: language 24;" in err


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_local_configuration_may_have_a_scheme(scheme, tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("name: crawl\n")
    code, out, _ = answer(["run", "pipeline", "--conf", f"{scheme}{tmp_path}/a.yaml", "--print-config"], capsys)
    assert (code, out.splitlines()[0]) == (0, "name: crawl")


def test_a_configuration_is_read_from_a_web_server_and_errors_do_not_show_its_signature(tmp_path, capsys):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = b"name: web\n" if self.path.startswith("/good.yaml?key=secret") else b"name: {"
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data if self.command == "GET" else b"")

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        good = answer(["train", "--conf", f"{url}/good.yaml?key=secret", "--print-config"], capsys)
        bad = answer(["train", "--conf", f"{url}/bad.yaml?key=secret", "--print-config"], capsys)
        server.shutdown()
    assert (good[0], good[1].splitlines()[0]) == (0, "name: web")
    assert bad[0] == 2
    assert bad[2].startswith(f"sluice: {url}/bad.yaml is not valid YAML at line 1")
    assert "secret" not in bad[2]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("s3://settings/none.yaml", "it is not a file; check the path"),
        ("s3://nobucket/a.yaml", "the bucket 'nobucket' does not exist; check its name, region and AWS_ENDPOINT_URL"),
        ("zzz://settings/a.yaml", "Cannot open the storage of zzz://settings/"),
    ],
)
@pytest.mark.parametrize("command", [["run", "pipeline"], ["config"], ["pages", "x.warc.gz"], ["train"]])
def test_a_missing_remote_configuration_is_an_error_of_one_line(bucket, path, problem, command, capsys):
    code, out, err = answer([*command, "--conf", path], capsys)
    assert (code, out) == (2, "")
    assert problem in err
    assert err.startswith("sluice: Cannot ")
    assert err.count("\n") == 1


def test_the_python_api_reads_a_configuration_from_a_bucket(bucket):
    storage.write_atomic(f"{bucket}/a.yaml", b"train: {run: {epochs: 4}}\n")
    config = config_with({"train.run.out": "x"}, [f"{bucket}/a.yaml"], storage.read_bytes)
    assert (config.train.run.epochs, config.train.run.out) == (4, "x")


# lists of archives


def test_a_list_in_a_bucket_names_archives_beside_it_and_elsewhere(bucket):
    for name in ("crawl/a.warc.gz", "crawl/b.warc.gz", "other/c.warc.gz"):
        storage.write_atomic(f"{bucket}/{name}", b"xyz")
    lines = f"b.warc.gz\n{bucket}/other/c.warc.gz\n\na.warc.gz\n"
    storage.write_atomic(f"{bucket}/crawl/warc.paths.gz", gzip.compress(lines.encode()))
    plan = make_plan(PlanConfig(inputs=(f"{bucket}/crawl/warc.paths.gz",)))
    assert [(entry.path, entry.size) for entry in plan.entries] == [
        (f"{bucket}/crawl/a.warc.gz", 3),
        (f"{bucket}/crawl/b.warc.gz", 3),
        (f"{bucket}/other/c.warc.gz", 3),
    ]
    assert plan.ignored == (f"{bucket}/crawl/warc.paths.gz:3: blank line",)


def test_a_missing_list_is_an_error_with_its_name(bucket):
    with pytest.raises(InputError, match=rf"{bucket}/none\.paths\.gz: it is not a file"):
        make_plan(PlanConfig(inputs=(f"{bucket}/none.paths.gz",)))
    with pytest.raises(InputError, match="the bucket 'nobucket' does not exist"):
        make_plan(PlanConfig(inputs=("s3://nobucket/warc.paths.gz",)))


# rules


def test_rules_are_read_from_a_bucket_and_may_include_presets_and_other_files(bucket, capsys):
    one, two = f"{bucket}/one.yaml", f"{bucket}/two.yaml"
    storage.write_atomic(one, b"description: one\nlanguages: [en]\nrules: [{name: a, signal: n_words, min: 1}]\n")
    text = f"description: two\ninclude: ['{one}', c4]\nwithout: [c4_sentences]\nrules: []\n"
    storage.write_atomic(two, text.encode())
    assert [rule.name for rule in load_rules([two])] == ["a", "c4_lorem_ipsum", "c4_curly_bracket"]
    assert read_description(two) == "two"


@pytest.mark.parametrize("path", ["s3://settings/none.yaml", "s3://nobucket/rules.yaml"])
def test_missing_rules_are_an_error_of_one_line(bucket, path, capsys):
    code, out, err = answer(["rules", path], capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"sluice: Cannot read {path}: ")
    assert err.count("\n") == 1


def test_rules_that_are_not_valid_are_an_error_with_their_uri(bucket):
    storage.write_atomic(f"{bucket}/bad.yaml", b"description: x\nrules: 3\n")
    with pytest.raises(ConfigError, match=f"The rules in {bucket}/bad.yaml are invalid"):
        load_rules([f"{bucket}/bad.yaml"])
