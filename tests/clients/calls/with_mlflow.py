"""With MLflow: a model that `gatescope convert` has written is loaded and predicts, without a service."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas

_, repository, _ = sys.argv
with TemporaryDirectory() as name:
    folder = Path(name) / "model"
    command = (sys.executable, "-m", "gatescope", "convert", folder, "--to", "mlflow", "--repository", repository)
    subprocess.run(command, check=True, capture_output=True)
    model = mlflow.pyfunc.load_model(str(folder))
    said = model.predict(pandas.DataFrame({"text": ["a good film", "dull"]}))
print(f"pyfunc.load_model, predict\t{[each['label'] for each in said]}")
