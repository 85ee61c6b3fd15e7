"""Training follows the data: what has an input with other bytes is built."""

from fc_pipeline.components.automation import changed_content_sensor

changed_content = changed_content_sensor()
