"""Starts `bqemulator` without the extensions of DuckDB that it would download, for geography and files of Avro."""

from bqemulator.cli import main
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda self: None
DuckDBEngine._load_format_extensions = lambda self: None
main()
