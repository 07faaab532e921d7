"""Configs: each file defines get_config(variant) -> ConfigDict."""
