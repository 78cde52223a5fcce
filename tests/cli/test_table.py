"""`tfvae table`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.runs import assert_refused, fid, record
from tfvae.metrics import Measurement


class TestTable:
    @pytest.fixture
    def runs(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.chdir(tmp_path)
        elbo = Measurement(-100.0, samples=10_000, split="test", reported=-98.0, source="table 1").as_dict()
        self.write(record("a", 0, {"elbo": elbo, "prior/fid": fid(1.0)}))
        self.write(record("a", 1, {"elbo": elbo, "prior/fid": fid(2.0)}))
        self.write(record("a", 2, {"elbo": elbo, "prior/fid": fid(6.0)}))
        self.write(record("b", 0, {"prior/fid": fid(7.0), "mixture/fid": fid(8.0, extractor="inception")}))
        return tmp_path / "runs"

    def write(self, content: dict, folder: str = "runs") -> None:
        path = Path(folder, content["experiment"], content["variant"], f"seed-{content['seed']}", "metrics.json")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))

    def test_renders_every_run(self, runs, tfvae_command):
        """1, 2 and 6 have mean 3 and deviation sqrt((4 + 1 + 9) / 2) = sqrt(7)."""
        code, output, errors = tfvae_command("table", "runs")
        assert (code, errors) == (0, "")
        assert output == (
            "## tiny: mnist, preset report, 5 epochs\n"
            "\n"
            "mnist (sha256 0123456789ab), preset report, 5 epochs, CPU, TensorFlow 2.21.0, Keras 3.15.1, "
            "commit cccccccccccc.\n"
            "\n"
            "| metric | a | b | the report | label |\n"
            "| --- | --- | --- | --- | --- |\n"
            "| elbo | -100.0 ± 0 (3) | - | -98.00 (table 1) | (1) |\n"
            "| parameters | 1,234 | 1,234 | - |  |\n"
            "| seconds per epoch | 3.000 ± 1.000 (3) | 2.000 | - |  |\n"
            "\n"
            "| metric of samples | a | b | label |\n"
            "| --- | --- | --- | --- |\n"
            "| prior/fid | 3.000 ± 2.646 (3) | 7.000 | (2) |\n"
            "| mixture/fid | - | 8.000 | (3) |\n"
            "\n"
            "(1) 10,000 samples, test split  \n"
            "(2) cnn (sha256 abababababab), 1,000 samples, test split  \n"
            "(3) inception (sha256 abababababab), 1,000 samples, test split\n"
        )

    def test_a_lower_precision_is_named_with_the_device(self, runs, tfvae_command):
        self.write(record("c", 0, {"prior/fid": fid(1.0)}, precision="bfloat16"))
        output = tfvae_command("table", "runs")[1]
        assert "5 epochs, CPU, TensorFlow" in output and "5 epochs, CPU, bfloat16, TensorFlow" in output

    def test_large_counts_have_thousands_separators(self, runs, tfvae_command):
        counts = {"generator_parameters": Measurement(79_733_249.0).as_dict(), "elbo": Measurement(-9999.4).as_dict()}
        self.write(record("d", 0, counts))
        output = tfvae_command("table", "runs")[1]
        assert "| generator_parameters | - | - | 79,733,249 |" in output and " -9999 " in output

    def test_numbers_of_two_feature_spaces_share_no_row(self, runs, tfvae_command):
        self.write(record("b", 1, {"prior/fid": fid(900.0, extractor_sha256="cd" * 32)}))
        output = tfvae_command("table", "runs")[1]
        assert "| prior/fid | 3.000 ± 2.646 (3) | 7.000 | (2) |" in output
        assert "| prior/fid | - | 900.0 | (3) |" in output

    def test_data_sets_presets_and_lengths_share_no_section(self, runs, tfvae_command):
        self.write(record("a", 0, {"prior/fid": fid(5.0)}, dataset="digits", fallback_for="mnist"), "runs/other")
        self.write(record("a", 9, {"prior/fid": fid(5.0)}, epochs=50))
        self.write(record("a", 8, {"prior/fid": fid(5.0)}, preset="quick"))
        output = tfvae_command("table", "runs")[1]
        assert re.findall(r"^## tiny: (.+)$", output, flags=re.MULTILINE) == [
            "digits, preset report, 5 epochs",
            "mnist, preset report, 5 epochs",
            "mnist, preset quick, 5 epochs",
            "mnist, preset report, 50 epochs",
        ]
        assert output.count("**Not mnist: digits stood in for it.**") == 1

    def test_runs_of_two_machines_are_told_apart(self, runs, tfvae_command):
        self.write(record("b", 1, {"prior/fid": fid(5.0)}, device="GPU"))
        output = tfvae_command("table", "runs")[1]
        assert ", GPU, TensorFlow 2.21.0, Keras 3.15.1, commit cccccccccccc: b seed 1.\n" in output
        assert ": a seed 0, a seed 1, a seed 2, b seed 0.\n" in output

    def test_into_replaces_what_stands_between_the_markers(self, runs, tfvae_command):
        page = Path("page.md")
        page.write_text("# Résultats\n<!-- results: begin -->\nold\n<!-- results: end -->\nend\n", encoding="utf-8")
        tables = tfvae_command("table", "runs")[1]
        for _ in range(2):
            assert tfvae_command("table", "runs", "--into", page) == (0, "Written: page.md\n", "")
            text = page.read_text(encoding="utf-8")
            begin, end = "<!-- results: begin -->", "<!-- results: end -->"
            assert text == f"# Résultats\n{begin}\n\n{tables}\n{end}\nend\n"
        assert sorted(path.name for path in Path().iterdir()) == ["page.md", "runs"]

    @pytest.mark.parametrize(
        "text",
        [
            "no markers",
            "<!-- results: begin -->",
            "<!-- results: end -->\n<!-- results: begin -->",
            "<!-- results: begin -->\n<!-- results: begin -->\n<!-- results: end -->",
        ],
    )
    def test_a_page_without_the_pair_of_markers_is_left_alone(self, runs, tfvae_command, text):
        Path("page.md").write_text(text)
        assert_refused(tfvae_command("table", "runs", "--into", "page.md"), "<!-- results: begin -->", "page.md")
        assert Path("page.md").read_text() == text

    def test_other_mistakes_are_refused(self, runs, tfvae_command):
        assert_refused(tfvae_command("table", "nowhere"), "nowhere")
        assert_refused(tfvae_command("table", "runs", "--into", "missing.md"), "missing.md")
        assert_refused(tfvae_command("table", "runs", "--into", "runs"), "Received: runs")
        Path("empty").mkdir()
        assert_refused(tfvae_command("table", "empty"), "no metrics.json")
        path = Path("runs/tiny/a/seed-0/metrics.json")
        path.write_text(json.dumps({"experiment": "tiny", "variant": "a", "seed": 0, "metrics": {}}))
        assert_refused(tfvae_command("table", "runs"), str(path), "without preset, dataset, ")
        path.write_text("{")
        assert_refused(tfvae_command("table", "runs"), str(path))
