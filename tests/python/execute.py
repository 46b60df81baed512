"""Executes a notebook with nbclient, as nbconvert and papermill do: execute.py IN OUT."""

import os
import sys

import nbclient
import nbformat


def main(source, out):
    notebook = nbformat.read(source, as_version=4)
    nbformat.validate(notebook)
    resources = {"metadata": {"path": os.path.dirname(os.path.abspath(source))}}
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="candlewick", resources=resources).execute()
    nbformat.validate(notebook)
    nbformat.write(notebook, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
