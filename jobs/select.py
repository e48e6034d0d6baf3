"""Decide by rules which documents are good enough.

spark-submit jobs/select.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Rules look at the signals that jobs/extract.py has stored and, where rules.scores names the output of jobs/score.py on
OUT/extract/docs, at `bits_per_byte`: how unlikely a language model finds a document. One without a score is not judged.
"""

if __name__ == "select":
    # Python puts the folder of a job on its path, so `import select` anywhere in a job finds this file; it stands
    # aside for the standard library's module.
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    from pathlib import Path

    spec = PathFinder.find_spec("select", [p for p in sys.path if Path(p).resolve() != Path(__file__).parent.resolve()])
    assert spec and spec.loader
    sys.modules["select"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["select"])

else:
    from sluice.core.cli import job
    from sluice.core.config import Config
    from sluice.spark import stages
    from sluice.spark.run import Run
    from sluice.spark.session import open_session

    @job
    def main(config: Config, force: bool) -> None:
        run = Run(config)
        with open_session(config.spark, "select") as spark:
            stages.select(spark, run, force=force)

    if __name__ == "__main__":
        raise SystemExit(main())
