"""Report 0: its claims, and the metrics that decide them. The report itself prints no number."""

from __future__ import annotations

from tfvae.reporting.claims import AllOf, Budget, Claim, Difference, Increasing, Ratio, Value

TRAINED = Budget(epochs=8, images=10_000)
SHRUNK = "class_gaussian@1.5"
FACTORS = ("class_gaussian", SHRUNK, "class_gaussian@3")

CLAIMS = [
    Claim(
        "The center loss separates the classes in the latent space (figures 2 and 4).",
        Difference("silhouette", of="center-6", to="vanilla-6") >= 0.2,
        quote="well-separated",
        budget=TRAINED,
        refuted="The weight or the step of the centers may be too small: codes and centers shrink together.",
    ),
    Claim(
        "Without a KL term the encoder's noise vanishes: the center model is an autoencoder in all but name, and its "
        "codes need the mixture to be sampled from.",
        Ratio("posterior_deviation", of="center-6", to="vanilla-6") <= 0.1,
        budget=TRAINED,
        ours=True,
    ),
    Claim(
        "Fewer samples are unrecognizable (figures 3 and 5).",
        Ratio(f"{SHRUNK}/unrecognizable_share", of="center-6", to=("vanilla-6", "prior/unrecognizable_share")) <= 0.5,
        quote="a noticeable reduction in the number of redundant images",
        budget=TRAINED,
        holds="The table shows how much of it the same Gaussians give on the plain VAE's codes.",
    ),
    Claim(
        "Dividing the variance makes samples more likely to be of their class.",
        Increasing(tuple(f"{factor}/class_accuracy" for factor in FACTORS), of="center-6"),
        quote="more likely to belong",
        budget=TRAINED,
        holds="It costs variety: the cosine similarity within a class rises with it.",
    ),
    Claim(
        "The center model's samples are better images than those of the VAE, from N(0, I) or from the same Gaussians.",
        AllOf(
            Value(f"{SHRUNK}/fid", of="center-6") < Value("prior/fid", of="vanilla-6"),
            Value(f"{SHRUNK}/fid", of="center-6") < Value(f"{SHRUNK}/fid", of="vanilla-6"),
        ),
        budget=TRAINED,
        refuted="We suspect that dividing the variance costs most where the codes of a class are spread least, and "
        "that the distance between classes is paid for in reconstruction.",
    ),
]

SHOWN = {
    "elbo": "goal after 50 epochs >= -111 (vanilla-6)",
    "nll": "",
    "reconstruction_bce": "",
    "reconstruction_mse": "",
    "silhouette": '"well-separated"; goal: center >= vanilla + 0.2',
    "active_units": "",
    "posterior_deviation": "0 = no noise left in the encoder",
    "prior/unrecognizable_share": "samples of N(0, I)",
    f"{SHRUNK}/unrecognizable_share": '"noticeable reduction"; goal: center < half of vanilla\'s prior',
    "class_gaussian/class_accuracy": "",
    f"{SHRUNK}/class_accuracy": '"more likely to belong"; goal: center >= 0.94',
    "class_gaussian@3/class_accuracy": "",
    **{f"{factor}/cosine_similarity": "" for factor in FACTORS},
    "prior/fid": "",
    "prior/fid_ratio": "1 = as good as real images",
    "prior/kid": "",
    "prior/inception_score": "",
    f"{SHRUNK}/fid": "",
    f"{SHRUNK}/fid_ratio": "",
    f"{SHRUNK}/kid": "",
    f"{SHRUNK}/inception_score": "",
    "class_gaussian/fid": "",
    "mixture/fid": "",
    "mixture@1.5/fid": "",
    "mixture@1.5/class_accuracy": "",
    "class_mixture/fid": "",
    "class_mixture/fid_ratio": "",
    "class_mixture/class_accuracy": "",
}
