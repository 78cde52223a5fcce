"""The page of an experiment: functions of its template, and missing runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jinja2
import numpy as np
import pytest
from PIL import Image

from tests.reporting.runs import finished, scored, written
from tfvae.errors import InputError
from tfvae.figures import Figure
from tfvae.files import write_json
from tfvae.reporting.claims import Claim, Value
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import samples_side_by_side
from tfvae.reporting.page import render, write_page
from tfvae.reporting.records import find_runs
from tfvae.training.config import Training, VariantConfig
from tfvae.training.published import Published
from tfvae.training.settings import Preset, Report, Settings
from tfvae.training.variant import Variant

CONFIGS = {name: VariantConfig(training=Training(epochs=5)) for name in ("vae", "ae", "sweep-1", "sweep-2")}
SETTINGS = Settings(
    name="example",
    report=Report(7, title="An example", heading="Example", compares="models"),
    description="",
    configs=CONFIGS,
    default=("vae", "ae"),
    presets={"report": Preset(), "quick": Preset({"training.epochs": 2}), "smoke": Preset()},
)
EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[Variant(name, config, build=lambda *_: None) for name, config in CONFIGS.items()],  # type: ignore[arg-type, return-value]
    page=Path("page.md.j2"),
    shown={"elbo": "goal: -95", "prior/fid": ""},
    claims=[
        Claim("The VAE is good.", Value("elbo", of="vae") > -101),
        Claim("The sweep is good.", Value("elbo", of="sweep-1") > Value("elbo", of="sweep-2")),
    ],
    published=[
        Published("elbo", -98.0, "vae", "table 1"),
        Published("prior/fid_inception", 18.24, "vae", "table 3"),
    ],
)


class Page:
    """A folder of runs, and pages of it by a template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.experiment = EXPERIMENT

    def add(self, variant: str, metrics: dict | None = None, *, figures: tuple[str, ...] = (), **fields) -> None:
        run = finished(variant, metrics or {}, **{"experiment": "example", **fields})
        written(self.folder, run)
        for name in figures:
            path = self.folder / variant / f"seed-{run.seed}" / "figures" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            path.touch()

    def __call__(self, template: str) -> str:
        path = self.folder / "page.md.j2"
        path.write_text(template)
        return render(replace(self.experiment, page=path), find_runs(self.folder), self.folder)


@pytest.fixture
def page(tmp_path) -> Page:
    return Page(tmp_path)


def test_page_has_no_runs_of_empty_lines(page):
    page.add("vae")
    assert (
        page("# {{ report.heading }}\n\n\n\n{{ fallback() }}\n\n{% if false %}\n{% endif %}\n\nend")
        == "# Example\n\nend\n"
    )


def test_unknown_name_in_a_template_raises(page):
    page.add("vae")
    with pytest.raises(jinja2.UndefinedError):
        page("{{ numbrs() }}")


def test_has_and_value(page):
    page.add("vae", {"elbo": -100.0})
    page.add("vae", {"elbo": -102.0}, seed=1)
    text = page("{{ has('vae') }} {{ has('vae', 'ae') }} {{ value('elbo', 'vae') }} {{ value('elbo', 'ae') }}")
    assert text == "True False -101.0 ± 1.4 (2) -\n"


def test_numbers_have_columns_in_the_named_order(page):
    page.add("vae", {"elbo": -100.0})
    page.add("ae", {"prior/fid": scored(2.0)})
    lines = page("{{ numbers('ae', 'vae') }}").splitlines()
    assert lines == [
        "| metric | ae | vae | the report, or the goal |",
        "| --- | --- | --- | --- |",
        "| elbo | - | -100.0 | -98 vae; goal: -95 |",
        "| prior/fid | 2.000 | - |  |",
    ]
    assert page("{{ numbers('vae', metrics=['elbo', 'none']) }}").count("\n") == 3


def test_tables_of_missing_variants_are_empty(page):
    page.add("vae", {"elbo": -100.0})
    assert page("{{ numbers('ae') }}{{ variants_table('sweep-*', columns={'E': 'elbo'}) }}").strip() == ""
    assert page("{{ samplers_table('ae', samplers={'prior': 'p'}, metrics={'FID': 'fid'}) }}").strip() == ""
    assert page("{{ best_and_mean('ae', metrics={'elbo': 'E'}) }}{{ figure('codes', 'ae') }}").strip() == ""
    assert page("{{ extremes('sweep-*', metric='elbo') }}{{ snapshots('samples', 'ae') }}").strip() == ""


def test_costs_of_missing_variants_are_empty(page):
    page.add("vae")
    assert page("{{ costs('ae') }}").strip() == ""


def test_variants_table_takes_names_with_a_star(page):
    page.add("sweep-2", {"elbo": -2.0})
    page.add("sweep-1", {"elbo": -1.0})
    page.add("vae", {"elbo": -100.0})
    text = page("{{ variants_table('vae', 'sweep-*', columns={'ELBO': 'elbo'}) }}")
    assert [line.split(" | ")[0] for line in text.splitlines()[2:]] == ["| vae", "| sweep-1", "| sweep-2"]


def test_extremes_name_the_lowest_and_the_highest(page):
    page.add("sweep-1", {"elbo": -1.0})
    page.add("sweep-2", {"elbo": -2.0})
    assert (
        page("{{ extremes('sweep-*', metric='elbo') }}") == "lowest elbo: sweep-2, -2.000; highest: sweep-1, -1.000\n"
    )


def test_best_and_mean_over_seeds(page):
    for seed, accuracy in enumerate((0.5, 1.0)):
        page.add("vae", {"accuracy": accuracy}, seed=seed)
    lines = page("{{ best_and_mean('vae', metrics={'accuracy': 'matched', 'none': 'none'}) }}").splitlines()
    assert lines[2:] == ["| vae | matched | 1.000 | 0.7500 ± 0.3536 (2) |"]


def test_alerts_warn_above_and_below_bounds(page):
    page.add("vae", {"unused": 3.0, "kept": 7.0})
    page.add("ae", {"unused": 0.0})
    template = "{{ alerts('unused', above=0, text='{unused} unused, {kept} kept.') }}"
    assert page(template) == "> vae, seed 0: 3 unused, 7 kept.\n"
    assert page("{{ alerts('kept', 'vae', below=8, text='few') }}") == "> vae, seed 0: few\n"
    assert page("{{ alerts('kept', 'vae', below=7, text='few') }}").strip() == ""


def test_claims_of_missing_variants_are_counted(page):
    page.add("vae", {"elbo": -100.0})
    assert page("{{ claims() }}") == (
        "- **Holds:** The VAE is good. We measure: elbo -100.0 (vae); asked: > -101.\n"
        "- Not judged, since sweep-1, sweep-2 were not run: 1 more claims.\n"
    )


def test_published_number_without_a_counterpart_is_listed_with_its_place(page):
    page.add("vae", {"elbo": -100.0, "prior/fid": scored(4.0)})
    assert page("{{ published_elsewhere() }}") == "- prior/fid_inception of vae: 18.24 (table 3)\n"
    page.add("vae", {"elbo": -100.0, "prior/fid_inception": scored(20.0)})
    assert page("{{ published_elsewhere() }}").strip() == ""


def test_figures_of_several_variants_stand_side_by_side(page):
    page.add("vae", figures=("codes",))
    page.add("vae", seed=1, figures=("codes",))
    page.add("ae", figures=("codes", "other"))
    assert page("{{ figure('codes', 'ae', 'vae', alt='Codes') }}") == (
        "![Codes](ae/seed-0/figures/codes.png) ![Codes](vae/seed-0/figures/codes.png)\n"
    )
    assert page("{{ figure('other', 'ae', 'vae') }}") == "![other](ae/seed-0/figures/other.png)\n"


def test_overview_is_linked_where_it_was_drawn(page):
    page.add("vae")
    assert page("{{ overview() }}").strip() == ""
    (page.folder / "overview.png").touch()
    assert page("{{ overview() }}") == "![Samples of the models](overview.png)\n"


def test_snapshots_go_from_left_to_right(page):
    page.add("vae", figures=("epoch-010_samples", "epoch-002_samples", "epoch-002_codes"))
    assert page("{{ snapshots('samples', 'vae') }}") == (
        "Epochs 2, 10, from left to right.\n\n"
        "![epoch-002_samples](vae/seed-0/figures/epoch-002_samples.png) "
        "![epoch-010_samples](vae/seed-0/figures/epoch-010_samples.png)\n"
    )


def test_warnings_of_the_history_are_listed_by_epoch(page):
    page.add("vae")
    page.add("ae")
    rows = [{"epoch": epoch, "watched": {"classes": count}} for epoch, count in ((1, 10), (2, 4), (3, 3))]
    write_json(page.folder / "vae/seed-0/history.json", rows)
    write_json(page.folder / "ae/seed-0/history.json", rows[:1])

    def warning(history):
        count = history[-1]["epoch_metrics"]["classes"]
        return f"{count} classes" if count < 10 else None

    with pytest.raises(InputError, match="warning"):
        page("{{ warnings('vae') }}")
    page.experiment = replace(EXPERIMENT, warning=warning)
    assert page("{{ warnings('vae', 'ae') }}") == (
        "- vae seed 0: warned at epochs 2, 3; the last: 3 classes.\n- ae seed 0: no warning in 1 epochs.\n"
    )


def test_replaced_data_set_is_said(page):
    page.add("vae")
    assert page("{{ fallback() }}").strip() == ""
    page.add("ae", dataset="digits", fallback_for="mnist")
    assert page("{{ fallback() }}") == "> NOT mnist: these are numbers of digits, which replaced it.\n"


def test_provenance_has_commands_conditions_and_labels(page):
    page.add("vae", {"prior/fid": scored(2.0), "prior/kid": scored(1.0, samples=500), "elbo": -100.0})
    page.add("ae", {"prior/fid": scored(2.0)})
    text = page("{{ provenance() }}")
    assert "Made by:\n\n- `python -m experiments.example --data-dir DIR`\n" in text
    assert "Measured on:\n\n- mnist (sha256 0123456789ab), preset report, 5 epochs, CPU, " in text
    assert "cnn (sha256 abababababab), 1,000 samples" in text and "500 samples" in text
    assert "500 samples" not in page("{{ provenance('fid') }}")


@pytest.mark.parametrize(
    ("runs", "commands"),
    [
        ([("vae", {}), ("ae", {}), ("vae", {"seed": 1})], [" --variants vae --seeds 0 1", " --variants ae"]),
        ([("vae", {})], [" --variants vae"]),
        ([("vae", {"preset": "quick", "epochs": 2}), ("ae", {"preset": "quick", "epochs": 2})], [" --preset quick"]),
        (
            [("vae", {"epochs": 20, "precision": "bfloat16"}), ("sweep-1", {"seed": 3})],
            [" --variants sweep-1 --seeds 3", " --variants vae --precision bfloat16 --training.epochs 20"],
        ),
    ],
)
def test_commands_say_what_differs_from_the_default(page, runs, commands):
    for variant, fields in runs:
        page.add(variant, **fields)
    text = page("{{ provenance() }}")
    assert {line for line in text.splitlines() if line.startswith("- `")} == {
        f"- `python -m experiments.example --data-dir DIR{command}`" for command in commands
    }


def test_written_page_lies_beside_its_figures(page):
    page.add("ae")
    page.add("vae")
    template = page.folder / "page.md.j2"
    template.write_text("{{ overview() }}{{ overview('none') }}end\n")
    drawn = []

    def overview(runs):
        drawn.append([run.variant for run in runs])
        return Figure(figsize=(1, 1))

    figures = {"overview": overview, "none": lambda runs: None}
    path = write_page(replace(EXPERIMENT, page=template, figures=figures), page.folder)
    assert path == page.folder / "report.md" and drawn == [["vae", "ae"]], "in the experiment's order"
    assert path.read_text() == "![Samples of the models](overview.png)\nend\n"
    with Image.open(page.folder / "overview.png") as picture:
        assert picture.size[0] > 0
    assert not (page.folder / "none.png").exists()


def test_samples_side_by_side_need_every_variant_that_was_run(tmp_path):
    runs = written(tmp_path, finished("a", {}), finished("b", {}))
    titles = {"b": "B", "a": "A", "c": "not run"}
    drawing = {"count": 4, "columns": 2, "title": "Samples"}
    assert samples_side_by_side(runs, titles, **drawing) is None, "no samples.npz"
    for number, run in enumerate(runs):
        np.savez(run.folder.samples, images=np.full((6, 4, 4, 1), 100 * number, np.uint8))
    figure = samples_side_by_side(runs, titles, **drawing)
    assert figure is not None
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert [text for text in texts if text in ("A", "B")] == ["B", "A"] and "not run" not in texts
    assert samples_side_by_side([], titles, **drawing) is None
