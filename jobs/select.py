"""Apply quality rules to the documents of a run.

spark-submit jobs/select.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run select --help. The body: sluice.spark.jobs:select.
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
    import sys

    from sluice.commands.jobs import main_of

    main = main_of("select")

    if __name__ == "__main__":
        sys.exit(main())
