"""`tfvae show`, `tfvae export`, and what every command has in common."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from tests.cli.runs import assert_refused


def test_show_prints_config_metrics_figures_and_samplers(run, tfvae_command):
    code, output, errors = tfvae_command("show", run)
    assert (code, errors) == (0, "")
    words = re.sub(r"[\s│┃]+", " ", output)
    for phrase in (
        "training.batch_size 50",
        "dataset digits",
        "elbo -151.2 (1) ",
        "prior/fid 12.50 ± 0.2500 (2) ",
        "(1) 100 samples, test split (2) cnn (sha256 abababababab), 1,000 samples, test split",
        "preset report, 5 epochs, CPU",
        str(run / "figures" / "samples.png"),
        "Samplers: class_gaussian@1.5, prior",
    ):
        assert phrase in words


def test_show_reads_the_files_of_version_0_1(run, tfvae_command):
    record, config = (json.loads((run / name).read_text()) for name in ("metrics.json", "config.json"))
    names = {"elbo": "prior/unrecognisable_share", "prior/fid": "medium1@prioritised/fid"}
    record["metrics"] = {names[name]: metric for name, metric in record["metrics"].items()}
    (run / "metrics.json").write_text(json.dumps(record))
    (run / "config.json").write_text(json.dumps({"identity": config.pop("fingerprint"), **config}))
    output = tfvae_command("show", run)[1]
    assert "prior/unrecognizable_share" in output and "medium1@prioritized/fid" in output
    assert "training.batch_size" in output and "prioritised" not in output


def test_export_writes_versions_and_says_how_to_serve_them(run, tfvae_command):
    code, output, errors = tfvae_command("export", run, "served")
    assert (code, errors) == (0, "")
    assert output.startswith("SavedModel: served/1\n")
    assert "generate_class: labels int64 [batch], seed int64 [] -> codes float32 [batch, 2], images" in output
    assert f'-v "{Path("served").absolute()}:/models/vae-2"' in output
    body = json.loads(re.search(r"-d '(.+)'", output).group(1))
    loaded = tf.saved_model.load("served/1")
    endpoint = loaded.signatures[body["signature_name"]]
    dtypes = {name: spec.dtype for name, spec in endpoint.structured_input_signature[1].items()}
    answer = endpoint(**{name: tf.constant(value, dtypes[name]) for name, value in body["inputs"].items()})
    assert answer["images"].shape == (3, 28, 28, 1)
    Path("file").touch()
    assert_refused(tfvae_command("export", run, "file"), "a file")
    assert_refused(tfvae_command("export", "nowhere", "served"), "nowhere")
    assert [path.name for path in Path("served").iterdir()] == ["1"]


@pytest.mark.parametrize(
    ("words", "phrases"),
    [
        ([], ["sample, evaluate, show, export, table"]),
        (["smaple"], ["smaple", "sample, evaluate, show, export, table"]),
        (["sample"], ["RUN", "--count"]),
        (["sample", "run", "--count", "many"], ["--count", "many"]),
        (["show", "run", "--verbose"], ["--verbose"]),
    ],
)
def test_a_command_line_that_cannot_be_read_is_refused(tfvae_command, words, phrases):
    code, output, errors = tfvae_command(*words)
    assert (code, output) == (2, "")
    for phrase in phrases:
        assert phrase in errors


@pytest.mark.parametrize("command", ["sample", "evaluate", "show", "export", "table"])
def test_help_has_an_example(tfvae_command, command):
    assert f"tfvae {command} " in tfvae_command("--help")[1]
    code, output, errors = tfvae_command(command, "--help")
    assert (code, errors) == (0, "")
    assert f"\n    tfvae {command} " in output


def test_an_interruption_is_no_traceback(tfvae_command, monkeypatch):
    def interrupt(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfvae.cli.table.find_runs", interrupt)
    assert tfvae_command("table", ".") == (130, "", "")


PARSING = """
import sys, types
# The package without its __init__.py, whose imports are another matter.
package = types.ModuleType("tfvae")
package.__path__ = ["tfvae"]
sys.modules["tfvae"] = package
from tfvae.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print("code", ended.code)
print("imported", sorted({"tensorflow", "keras", "tensorflow_probability", "sklearn", "matplotlib"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["sample", "--help"], 0),
        (["evaluate", "--help"], 0),
        (["show", "--help"], 0),
        (["export", "--help"], 0),
        (["table", "--help"], 0),
        (["sample", "RUN", "--cuont", "3"], 2),
        (["smaple"], 2),
    ],
)
def test_help_and_usage_errors_import_no_tensorflow(words, code):
    ended = subprocess.run(
        [sys.executable, "-c", PARSING, *words], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert f"code {code}\nimported []\n" in ended.stdout, ended.stderr


def test_as_a_process_it_prints_its_message_and_nothing_of_tensorflow_s(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [sys.executable, "-m", "tfvae", "show", str(tmp_path / "nowhere")],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert_refused((ended.returncode, ended.stdout, ended.stderr), "nowhere, which is no folder")
