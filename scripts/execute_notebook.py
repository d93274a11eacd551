"""Executes a notebook in a new kernel, in the notebook's folder.

usage: python3 execute_notebook.py NOTEBOOK OUTPUT
"""

import pathlib
import sys

import nbformat
from nbclient import NotebookClient

source, target = map(pathlib.Path, sys.argv[1:])
notebook = nbformat.read(source, as_version=4)
NotebookClient(
    notebook,
    kernel_name="deno",
    startup_timeout=120,
    # A kernel that computes may be late with its outputs, which would be left out.
    iopub_timeout=120,
    raise_on_iopub_timeout=True,
    resources={"metadata": {"path": str(source.parent)}},
).execute()
nbformat.write(notebook, target)
