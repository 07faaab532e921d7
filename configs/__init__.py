"""Configs: get_config(variant) -> ConfigDict."""
