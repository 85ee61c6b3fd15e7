"""MLflow's first page, as `fustercluck ui` serves it."""

import warnings

from fc_pipeline.tracking.server import create_app


def test_the_first_page_opens_on_training() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        create_app()
        from mlflow.server import app

        page = app.test_client().get("/").get_data(as_text=True)
    assert page.index("localStorage.setItem(mode, '\"machine_learning\"')") < page.index("<script defer")
    assert page.rstrip().endswith("</html>")
