"""Report 1: ELBO-VAE against MMD-VAE, and class-conditional generators from the statistics of their codes."""
