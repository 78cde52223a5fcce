"""Files of earlier versions, with names since changed, load and give the same samples.

`old_files/` was written at commit f84d550 (options `draws`, `grain`, `normalise`, `top_share`; layer `Grain`): one
update of each model, `model.save`, zipped again with compression; `samples.npz` has `model.sample(2, seed=0)` of each.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.models.dcgan import DCGAN

FOLDER = Path(__file__).parent / "old_files"
NAMES = ("clustering_gmvae", "dcgan", "gamix_vae")


@pytest.mark.parametrize("name", NAMES)
def test_old_file_loads_and_gives_same_samples(name, tmp_path):
    model = keras.saving.load_model(FOLDER / f"{name}.keras")
    expected = np.load(FOLDER / "samples.npz")[name]
    np.testing.assert_allclose(model.sample(2, seed=0), expected, atol=1e-5)
    assert [optimizer.iterations.numpy() for optimizer, _ in model.optimizers_and_variables()] == [1] * (
        1 if name == "clustering_gmvae" else 2
    )
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.sample(2, seed=0), model.sample(2, seed=0))


def test_old_files_have_the_old_names():
    configs = {}
    for name in NAMES:
        with zipfile.ZipFile(FOLDER / f"{name}.keras") as archive:
            configs[name] = archive.read("config.json").decode()
    assert json.loads(configs["clustering_gmvae"])["config"]["draws"] == 2
    assert json.loads(configs["dcgan"])["config"]["top_share"] == 1.0
    assert "tfvae>Grain" in configs["gamix_vae"] and '"normalise": false' in configs["gamix_vae"]


def test_dcgan_trained_with_top_share_is_rejected():
    config = keras.saving.load_model(FOLDER / "dcgan.keras").get_config()
    assert "top_share" not in config
    with pytest.raises(InputError, match=THREE_PARTS):
        DCGAN.from_config({**config, "top_share": 0.5})
