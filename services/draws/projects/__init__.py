"""Tender projects (招标项目) and their lots (标段)."""
