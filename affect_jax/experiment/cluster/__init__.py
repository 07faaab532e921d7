"""Trainings on clusters: batch scripts for Slurm and manifests for Kubernetes, rendered from a config."""
