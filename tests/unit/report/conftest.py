import json

import pytest

from sluice.report.build import write_report


@pytest.fixture
def run(tmp_path):
    """Returns a function that writes the given summaries and model files, and returns page and data of their report."""

    def write(model=None, **summaries):
        for stage, summary in summaries.items():
            (tmp_path / stage).mkdir(exist_ok=True)
            (tmp_path / stage / "_summary.json").write_text(json.dumps({"stage": stage, **summary}))
        for name, text in (model or {}).items():
            (tmp_path / "model").mkdir(exist_ok=True)
            (tmp_path / "model" / name).write_text(text)
        write_report(str(tmp_path))
        return (tmp_path / "report.html").read_text(), json.loads((tmp_path / "report.json").read_text())

    return write
