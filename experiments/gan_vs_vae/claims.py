"""Report 4: its numbers, its claims, and the metrics that decide them."""

from __future__ import annotations

from tfvae.reporting.claims import AllOf, Budget, Claim, Ratio, Value
from tfvae.training.published import Published

TRAINED = Budget(epochs=5, images=10_000)
GANS = {"dcgan": "The DCGAN", "dcgan-r1": "The DCGAN with R1 penalty", "dcgan-slim": "The slim DCGAN"}

PUBLISHED = [
    Published("prior/fid_inception", 18.24, "dcgan", "section 3.8", epochs=100),
    Published("prior/fid_inception", 28.56, "vae", "section 3.8", epochs=100),
    Published("prior/inception_score_inception", 2.76, "dcgan", "section 3.8.1", epochs=100),
    *(
        Published(error, 0.092, "vae", "section 3.8.2, which does not say what error it is", epochs=100)
        for error in ("reconstruction_bce", "reconstruction_mse")
    ),
]

CLAIMS = [
    *(
        Claim(
            f"{words} generates more realistic images than the VAE: its FID is lower by more than the report's ratio.",
            Ratio("prior/fid", of="vae", to=name) > 28.56 / 18.24,
            quote="more realistic-looking images than the VAE model",
            budget=TRAINED,
            refuted="The report's ratio is of FIDs in Inception's feature space, after 100 epochs of each model.",
        )
        for name, words in GANS.items()
    ),
    *(
        Claim(
            f"{words} and the VAE generate recognizable digits: the classifier is unsure of less than a tenth.",
            AllOf(*(Value("prior/unrecognizable_share", of=variant) <= 0.1 for variant in (name, "vae"))),
            quote="recognizably digits",
            budget=TRAINED,
        )
        for name, words in GANS.items()
    ),
    Claim(
        "The VAE's reconstruction error is not above the report's, read as binary cross-entropy per pixel.",
        Value("reconstruction_bce", of="vae") <= 0.092,
        budget=TRAINED,
        holds="Gray pixels have an entropy of their own, below which no cross-entropy comes.",
    ),
    Claim(
        "The GAN has the larger networks.",
        Value("parameters", of="dcgan") > Value("parameters", of="vae"),
        quote="GANs typically have larger and more complex networks than VAEs",
        budget=TRAINED,
    ),
    Claim(
        "The GAN takes more training time.",
        Value("seconds_per_epoch", of="dcgan") > Value("seconds_per_epoch", of="vae"),
        quote="they may require more training time than VAEs",
        budget=TRAINED,
    ),
    *(
        Claim(
            f"A DCGAN of a tenth of the parameters is as good as {large}.",
            AllOf(
                Value("prior/fid", of="dcgan-slim") <= Value("prior/fid", of=large),
                Ratio("parameters", of="dcgan-slim", to=large) <= 0.1,
            ),
            budget=TRAINED,
            ours=True,
        )
        for large in ("dcgan", "dcgan-r1")
    ),
]

SHOWN = {
    "prior/fid": "goal: VAE / DCGAN > 1.57",
    "prior/fid_ratio": "1 = as good as real images; goal: slim <= 3",
    "prior/kid": "",
    "prior/inception_score": "goal: slim >= 9.6",
    **dict.fromkeys(("prior/precision", "prior/recall"), ""),
    "prior/density": "1 = as real images",
    "prior/coverage": "",
    "prior/mode_coverage": "goal: 10",
    "prior/rarest_class_share": "goal: >= 0.05",
    "prior/unrecognizable_share": '"recognizably digits"',
    "prior/category_purity": "not in the report",
    "prior/near_copy_ratio": "1 = as new as test images, 0 = copies",
    "prior/near_copy_share": "0.01 = as new as test images",
    **dict.fromkeys(("reconstruction_bce", "reconstruction_mse", "elbo"), ""),
    **{f"{network}_parameters": "" for network in ("generator", "discriminator", "encoder", "decoder")},
    "weights_mb": "",
    "peak_memory_mb": "of the process",
    "images_per_second": "when sampling",
    **dict.fromkeys(("prior/fid_inception", "prior/inception_score_inception"), ""),
}
