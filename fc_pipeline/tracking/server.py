"""MLflow's own server, whose pages open on training runs. `fustercluck ui` starts it by its entry point `mlflow.app`.

MLflow's pages have two modes, for agents and for training. The browser remembers the mode; a new one begins with agents
and their traces, where a training has nothing to show. No setting of the server changes that, only the page can.
"""

from pathlib import Path
from typing import Any

_MODE = """<script>
try {
  const mode = "mlflow.workflowType_v1";
  if (localStorage.getItem(mode) === null) localStorage.setItem(mode, '"machine_learning"');
} catch {}
if (location.hash === "" || location.hash === "#/") location.hash = "#/experiments";
</script>"""


def create_app() -> Any:
    """MLflow's ASGI app. Its first page sets the mode unless the person has chosen one, and opens the experiments."""
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app

    index = Path(pages.static_folder or "", "index.html")

    def serve() -> str:
        return index.read_text("utf-8").replace("<head>", f"<head>{_MODE}", 1)

    if index.is_file():
        pages.view_functions["serve"] = serve
    return app
