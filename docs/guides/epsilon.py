"""Draws the pictures of epsilon.md and prints its table: one simulated city, released at epsilon 0.5, 1 and 3.

    python docs/guides/epsilon.py [--devices 60000] [--city FOLDER]      some minutes

Everything in the pictures is read from releases. The dashed lines are a fourth one, at epsilon 900 and without loss by
bounding, which only a simulation may have: what the devices reported. The table's errors are against the same.
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import polars as pl

import shoal
from shoal.release.read import Table
from shoal.simulate import simulate

HERE = Path(__file__).parent
EPSILONS = ("0.5", "1", "3")
WISHES = """
[statistics.presence]
share = 4
{0}
[statistics.visits]
share = 1
{1}
"""
NO_LOSS = ("bound = 13", "bound = 60")
INK, BAND, TRUTH = "#1b4965", "#9ecae1", "#c8553d"


def released(city: Path, epsilon: str, bounds: tuple[str, str] = ("", "")) -> shoal.Release:
    """The city's week at one epsilon, each time with an account of its own."""
    text = (city / "plan.toml").read_text().split("[statistics.")[0]
    old = next(line for line in text.splitlines() if line.startswith("epsilon = "))
    plan = city / f"epsilon-{epsilon}.toml"
    plan.write_text(text.replace(old, f"epsilon = {epsilon}", 1) + WISHES.format(*bounds))
    return shoal.release(
        shoal.Plan.load(plan), state=city / f"state-{epsilon}", out=city / f"out-{epsilon}", tell=lambda _: None
    )


def draw(releases: dict[str, shoal.Release], reported: shoal.Release, to: Path) -> None:
    """Maps of Tuesday at 8, and the days of a busy and of a quiet zone, one column an epsilon."""
    truth = reported["presence"].to_polars()
    morning = truth["hour"].unique().sort()[24 + 8]
    sizes = truth.group_by("zone").agg(pl.col("estimate").mean()).sort("estimate", descending=True)
    zones = {"a busy zone": sizes["zone"][0], "a quiet zone": sizes["zone"][sizes.height // 3]}
    top = float(truth.filter(pl.col("hour") == morning)["estimate"].quantile(0.995) or 1)
    figure, axes = plt.subplots(3, len(releases), figsize=(11, 10), height_ratios=(1.7, 1, 1), layout="constrained")
    for column, (epsilon, release) in enumerate(releases.items()):
        table = release["presence"]
        places = table.to_geopandas()
        places[places["hour"] == morning].plot(
            "consistent", ax=axes[0, column], cmap="YlGnBu", vmin=0, vmax=top, edgecolor="none"
        )
        axes[0, column].set_axis_off()
        axes[0, column].set_title(f"epsilon {epsilon}\nusual interval of an hour: ±{table.facts.usual_width:,.0f}")
        for row, (name, zone) in enumerate(zones.items(), 1):
            axis, at = axes[row, column], range(72)
            own = table.to_polars().filter(pl.col("zone") == zone).sort("hour").head(72)
            real = truth.filter(pl.col("zone") == zone).sort("hour").head(72)
            axis.fill_between(at, own["lower"], own["upper"], color=BAND, lw=0, label="estimate, 95 %")
            axis.plot(at, own["consistent"], color=INK, lw=1.4, label="consistent")
            axis.plot(at, real["estimate"], color=TRUTH, lw=1, ls="--", label="reported")
            axis.axhline(0, color="#999999", lw=0.6)
            axis.set_xticks([0, 24, 48], ["Monday", "Tuesday", "Wednesday"], ha="left")
            axis.set_title(name, fontsize=9, loc="left")
    for row in (1, 2):
        ends = [axis.get_ylim() for axis in axes[row]]
        for axis in axes[row]:
            axis.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
    axes[1, 0].legend(fontsize=8, frameon=False, loc="upper left")
    figure.suptitle("One simulated city: Tuesday 8:00, and three days of two zones. SYNTHETIC.", fontsize=11)
    figure.savefig(to, dpi=100)


def error(table: Table, reported: Table, column: str) -> float:
    """Median relative error of numbers of at least 100, against what the devices reported."""
    truth = reported.to_polars()["estimate"]
    own = table.to_polars().with_columns(truth=truth).filter(pl.col("truth") >= 100)
    return float(((own[column] - own["truth"]).abs() / own["truth"]).median() or 0.0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--devices", type=int, default=60_000)
    options.add_argument("--city", type=Path, help="folder of the city; kept, and used again where it is there")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        city = chosen.city or Path(scratch) / "city"
        if not (city / "plan.toml").exists():
            simulate(city, devices=chosen.devices, days=7, seed=11, records_per_day=60)
        releases = {epsilon: released(city, epsilon) for epsilon in EPSILONS}
        reported = released(city, "900", NO_LOSS)
        draw(releases, reported, HERE / "epsilon.png")
        print("| epsilon | table | usual interval | `estimate` off by | `consistent` off by | given back |")
        print("|---|---|---|---|---|---|")
        for epsilon, release in releases.items():
            for name in release.tables:
                facts, table = release[name].facts, release[name]
                off = [f"{error(table, reported[name], c):.1%}" for c in ("estimate", "consistent")]
                back = "" if facts.corrected is None else f"{facts.corrected:.0%}"
                print(f"| {epsilon} | `{name}` | ±{facts.usual_width:,.0f} | {off[0]} | {off[1]} | {back} |")


if __name__ == "__main__":
    main()
