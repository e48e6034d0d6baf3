"""The function of the job `plan`. It needs neither Spark nor, without --probe, the libraries that parse pages."""

from sluice.core.config.schema import Config
from sluice.data.plan.cost import table
from sluice.data.plan.table import estimates, make_plan_table


def plan(config: Config, force: bool, *, probe: bool) -> None:
    """Writes the plan table and prints estimates; with `probe`, also estimates from speeds measured on an archive."""
    transport = config.extract.transport
    made = make_plan_table(config.output, config.plan, transport, force=force)
    works = estimates(config.output, config.plan)
    print(table(works, config.plan.cost, transport.requests_per_s))
    if unknown := sum(entry.size is None for entry in made.entries):
        each = f"plan.cost.archive_bytes = {config.plan.cost.archive_bytes:,}"
        print(f"{unknown:,} archives have an unknown size: {each} is assumed for each")
    if probe:
        from sluice.text.pages.probe import measure  # planning alone does not need the page libraries

        speed = measure(config, made)
        print(f"\nmeasured on {speed}\n{table(works, speed.apply(config.plan.cost), transport.requests_per_s)}")
