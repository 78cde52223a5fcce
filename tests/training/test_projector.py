"""The projector's files: read back by TensorBoard's own plugin, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from PIL import Image
from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin, _read_tensor_tsv_file

from tfvae.errors import InputError
from tfvae.evaluation.evaluation import Projection
from tfvae.training.projector import check_projection, write_projection

CODES = np.array([[0.125, -2.0, 3.0], [1e-5, 0.0, 1.0], [4.0, 5.0, -6.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
COLUMNS = {"label": np.array([0, 1, 2, 1, 0]), "name of it": ["zero", "one\tone", "two", "one", "zero"]}


def pictures(count: int = 5, height: int = 2, width: int = 3) -> np.ndarray:
    values = np.arange(count)[:, np.newaxis, np.newaxis, np.newaxis] * 10
    return np.broadcast_to(values, (count, height, width, 1)).astype(np.uint8)


def test_projector_plugin_reads_codes_metadata_and_sprite(tmp_path):
    write_projection(Projection(CODES, COLUMNS, pictures()), tmp_path)
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    np.testing.assert_allclose(_read_tensor_tsv_file(str(tmp_path / embedding.tensor_path)), CODES, rtol=1e-3)
    assert list(embedding.tensor_shape) == [5, 3]
    lines = (tmp_path / embedding.metadata_path).read_text().splitlines()
    assert [line.split("\t") for line in lines[:3]] == [["label", "name of it"], ["0", "zero"], ["1", "one one"]]
    assert len(lines) == 6
    # Width and then height, as the plugin reads them; five pictures make a sheet of three by three.
    assert list(embedding.sprite.single_image_dim) == [3, 2]
    sprite = np.asarray(Image.open(tmp_path / embedding.sprite.image_path))
    assert sprite.shape == (6, 9)
    assert [int(sprite[2 * (k // 3), 3 * (k % 3)]) for k in range(5)] == [0, 10, 20, 30, 40]


def test_projector_tab_is_active_for_a_run_with_a_projection(tmp_path):
    write_projection(Projection(CODES, COLUMNS), tmp_path / "run")
    with tf.summary.create_file_writer(str(tmp_path / "run")).as_default(step=0):
        tf.summary.scalar("loss", 1.0)
    multiplexer = EventMultiplexer({"run": str(tmp_path / "run")})
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    plugin = ProjectorPlugin(TBContext(logdir=str(tmp_path), data_provider=provider))
    plugin._update_configs()
    (embedding,) = plugin._configs["run"].embeddings
    assert embedding.tensor_name == "codes of the test split" and not embedding.HasField("sprite")
    assert embedding.tensor_path == "projector/codes.tsv"


@pytest.mark.parametrize("name", ['codes of "faces"', "codes of 'faces'", "back\\slash", "ü: {codes}"])
def test_name_of_points_survives_quotes_and_other_signs(name, tmp_path):
    write_projection(Projection(CODES, COLUMNS, name=name), tmp_path)
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8"), ProjectorConfig())
    assert [embedding.tensor_name for embedding in config.embeddings] == [name]


def test_metadata_of_a_single_column_has_no_header(tmp_path):
    write_projection(Projection(CODES, {"label": COLUMNS["label"]}), tmp_path)
    assert (tmp_path / "projector/metadata.tsv").read_text() == "0\n1\n2\n1\n0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CODES[:, :1], COLUMNS), "D >= 2"),
        ((np.where(CODES == 3, np.inf, CODES), COLUMNS), "finite codes"),
        ((CODES, {}), "Received: none"),
        ((CODES, {"label": [1, 2]}), "of 5 values"),
        ((CODES, COLUMNS, pictures(4)), "Received: 4 of 2 x 3"),
        ((CODES, COLUMNS, pictures(5, height=3000)), "at most 8192"),
        ((CODES, COLUMNS, pictures().astype(np.float32)), "uint8"),
    ],
)
def test_points_that_the_tab_cannot_show_are_refused(arguments, said, tmp_path):
    for action in (check_projection, lambda projection: write_projection(projection, tmp_path)):
        with pytest.raises(InputError, match=said):
            action(Projection(*arguments))
    assert list(tmp_path.iterdir()) == []
