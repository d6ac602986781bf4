"""Adapters, one package for each outside system; they speak in their own records and know no job."""
