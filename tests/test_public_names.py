"""What `import tfvae` brings, in a process of its own: in this one, other tests have imported everything."""

from __future__ import annotations

import subprocess
import sys

CLASSES_THAT_COME_LATER = """
import importlib, pkgutil
import keras, tfvae
known = set(keras.saving.get_custom_objects())
for module in pkgutil.walk_packages(tfvae.__path__, "tfvae."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(len(known), sorted(set(keras.saving.get_custom_objects()) - known))
"""


def test_every_class_of_a_saved_model_is_known_after_import_tfvae():
    """Keras finds no class that was never imported: `tfvae export` and `keras.models.load_model` would fail."""
    words = [sys.executable, "-c", CLASSES_THAT_COME_LATER]
    count, later = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split(maxsplit=1)
    assert int(count) > 15 and later.strip() == "[]"


def test_every_public_name_is_there():
    import tfvae

    assert sorted(tfvae.__all__) == sorted(set(tfvae.__all__))
    assert all(hasattr(tfvae, name) for name in tfvae.__all__)
