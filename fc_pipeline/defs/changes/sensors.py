"""Training follows the data: assets whose inputs changed are built."""

from fc_pipeline.components.automation import changed_content_sensor

changed_content = changed_content_sensor()
