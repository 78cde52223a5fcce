"""`tfvae export`: a finished run as a SavedModel for TF Serving."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from tfvae import serving
from tfvae.cli.arguments import Export
from tfvae.cli.printing import say
from tfvae.files import read_json
from tfvae.training.saved_run import finished_run, saved_model, saved_sampler, value_range_of


def export(arguments: Export, console: Console) -> None:
    """Exports model and samplers, and prints the endpoints and how to serve them.

    Raises:
        InputError: if there is no finished run, or the folder cannot be written.
    """
    folder = finished_run(arguments.run)
    index = read_json(folder.samplers / "index.json")
    model = saved_model(folder)
    sampler = saved_sampler(folder, index["sampler"], model)
    class_sampler = saved_sampler(folder, index["class_sampler"], model) if index["class_sampler"] else None
    version = serving.export(
        model, arguments.dir, sampler=sampler, class_sampler=class_sampler, value_range=value_range_of(folder)
    )
    lines = [f"SavedModel: {version}", ""]
    lines += [f"  {name}: {signature}" for name, signature in serving.signatures(version).items()]
    lines += ["", *_serving_example(folder.path.parent.name, arguments.dir.absolute(), class_sampler is not None)]
    say(console, "\n".join(lines))


def _serving_example(name: str, folder: Path, by_class: bool) -> list[str]:
    endpoint, inputs = ("generate_class", '"labels": [0, 1, 2]') if by_class else ("generate", '"count": 3')
    return [
        "Serve it, and ask for images:",
        f'  docker run -p 8501:8501 -e MODEL_NAME={name} -v "{folder}:/models/{name}" tensorflow/serving',
        f"""  curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "{endpoint}", """
        f""""inputs": {{{inputs}, "seed": 7}}}}'""",
    ]
