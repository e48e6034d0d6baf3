"""`sluice blocklist` on an archive as UT1 publishes it: folders by category, a link to a category, and other files."""

import io
import tarfile

import pytest

from sluice.commands.main import main

FILES = {
    "blacklists/gambling/domains": b"casino.example\nbet.example\n192.0.2.7\n",
    "blacklists/gambling/urls": b"news.example/poker\n",
    "blacklists/gambling/expressions": b"(casino|poker)\n",
    "blacklists/gambling/usage": b"black\n",
    "blacklists/adult/domains": b"porn.example\nno_dot_at_all\n",
    "blacklists/press/domains": b"paper.example\n",
    "blacklists/README": b"UT1\n",
}


@pytest.fixture
def ut1(tmp_path):
    path = tmp_path / "blacklists.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("blacklists/porn")
        link.type, link.linkname = tarfile.SYMTYPE, "adult"
        archive.addfile(link)
    return str(path)


def test_one_command_makes_a_block_list_of_the_published_archive(ut1, tmp_path, capsys):
    out = str(tmp_path / "blocked.bin")
    assert main(["blocklist", "build", out, ut1, "--only", "adult,gambling", "--skip-broken"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line.split()[1:] in (["adult"], ["gambling"])] == [
        ["4", "gambling"],
        ["1", "adult"],
    ]
    assert any("no_dot_at_all" in line for line in lines)
    assert "not used: blacklists/gambling/expressions (regular expressions)" in lines
    urls = ["http://www.casino.example/a", "http://192.0.2.7/", "http://news.example/poker/1", "http://paper.example/"]
    assert main(["blocklist", "check", out, *urls]) == 0
    assert [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["gambling", "domain"],
        ["gambling", "domain"],
        ["gambling", "url"],
        ["-", "-"],
    ]


def test_an_invalid_line_is_an_error_that_names_the_remedy(ut1, tmp_path, capsys):
    assert main(["blocklist", "build", str(tmp_path / "blocked.bin"), ut1]) == 3
    said = capsys.readouterr().err
    assert "blacklists/adult/domains" in said and "--skip-broken" in said
    assert not (tmp_path / "blocked.bin").exists()


def test_a_category_that_the_archive_lacks_is_an_error(ut1, tmp_path, capsys):
    assert main(["blocklist", "build", str(tmp_path / "blocked.bin"), ut1, "--only", "casino"]) == 3
    assert "no entries of casino" in capsys.readouterr().err
