#!/usr/bin/env bash
# Write the locked requirements of the images, every file with its hash: `make lock`. The argument is the `uv` to use.
# PyTorch and its CUDA libraries are left out of the export image's: its Dockerfile takes the small CPU build.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=("${1:-uv}" pip compile --quiet --universal --python-version 3.11 --upgrade
  --generate-hashes --no-header --no-annotate --no-emit-index-url)
folder=deploy/requirements

"${lock[@]}" pyproject.toml --extra cpu --output-file $folder/serve.txt
"${lock[@]}" pyproject.toml --extra gpu --output-file $folder/serve-cuda.txt
"${lock[@]}" pyproject.toml --extra cpu --extra export |
  awk '/^[a-z]/ { keep = !/^(torch|triton|nvidia-|cuda-)/ } keep' >$folder/export.txt
"${lock[@]}" --output-file $folder/build.txt - <<<"setuptools>=77"
