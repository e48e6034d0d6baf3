"""Plan which archives and records are read, and say what that will take. Needs no Spark.

python jobs/plan.py --set plan.inputs=[warc.paths.gz] --set 'plan.index=[INDEX]' --set output=OUT

Writes OUT/plan, which extract reads from; prints requests, bytes, core-hours and dollars for reading whole archives,
for reading the wanted places only, and for what was chosen.
"""

from sluice.core.cli import job_with
from sluice.core.config import Config
from sluice.data.estimate import table
from sluice.data.plan_table import estimates, make_plan_table


@job_with(probe="read the beginning of the first archive, and estimate again with the speeds measured")
def main(config: Config, force: bool, *, probe: bool) -> None:
    transport = config.extract.transport
    plan = make_plan_table(config.output, config.plan, transport, force=force)
    works = estimates(config.output, config.plan)
    print(table(works, config.plan.cost, transport.requests_per_s))
    if unknown := sum(entry.size is None for entry in plan.entries):
        each = f"plan.cost.archive_bytes = {config.plan.cost.archive_bytes:,}"
        print(f"{unknown:,} archives were not asked for their length: {each} is taken for each")
    if probe:
        from sluice.text.probe import measure  # planning alone needs none of the page libraries

        speed = measure(config, plan)
        print(f"\nmeasured on {speed}\n{table(works, speed.apply(config.plan.cost), transport.requests_per_s)}")


if __name__ == "__main__":
    raise SystemExit(main())
