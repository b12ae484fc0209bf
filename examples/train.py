"""Train a small network on scikit-learn's digits, and say how it goes."""

from __future__ import annotations

import argparse
import json

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import jupyter_compute_run as run


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--hidden", type=int, default=32, help="units of the hidden layer")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    images, labels = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(images / 16, labels, random_state=arguments.seed)
    model = MLPClassifier(
        (arguments.hidden,),
        solver="sgd",
        learning_rate_init=arguments.learning_rate,
        random_state=arguments.seed,
    )
    run.tag("data", "digits")
    for epoch in range(1, arguments.epochs + 1):
        model.partial_fit(X, y, classes=np.unique(labels))
        loss = log_loss(y_test, model.predict_proba(X_test))
        accuracy = model.score(X_test, y_test)
        run.log("loss", loss, step=epoch)
        run.log("accuracy", accuracy, step=epoch)
        run.progress(epoch / arguments.epochs, f"epoch {epoch}")
        print(f"epoch {epoch:3}  loss {loss:.3f}  accuracy {accuracy:.3f}", flush=True)

    confusion = confusion_matrix(y_test, model.predict(X_test))
    for digit, row in enumerate(confusion):
        run.log_row("recall", digit=digit, images=row.sum(), recognized=row[digit])
    weights = np.hstack([column.reshape(8, 8) for column in model.coefs_[0].T[:8]])
    shown = np.kron((weights - weights.min()) / np.ptp(weights), np.ones((6, 6)))
    run.log_image("weights", shown)

    outputs = run.outputs_dir()
    np.savez(outputs / "weights.npz", *model.coefs_, *model.intercepts_)
    report = {"accuracy": accuracy, "loss": loss, **vars(arguments)}
    (outputs / "report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
