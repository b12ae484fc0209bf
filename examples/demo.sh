#!/usr/bin/env bash
# Execute the quickstart in a real kernel and show what ran. `make demo` calls it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export PATH="$BIN:$PATH"
export JUPYTER_COMPUTE_HOME="$DEMO/compute"

rm -rf "$DEMO/examples"
mkdir -p "$DEMO"
cp -r "$here" "$DEMO/examples"
cd "$DEMO/examples"

echo "Executing quickstart.ipynb in a real kernel …"
jupyter execute --inplace --kernel_name=python3 --timeout=600 quickstart.ipynb

echo
jupyter compute runs
cat <<TXT

The executed notebook:   $DEMO/examples/quickstart.ipynb
Its runs and their logs: $JUPYTER_COMPUTE_HOME
See it in JupyterLab:    JUPYTER_COMPUTE_HOME=$JUPYTER_COMPUTE_HOME $BIN/jupyter lab $DEMO/examples/quickstart.ipynb
Start a fresh one:       make lab
TXT
