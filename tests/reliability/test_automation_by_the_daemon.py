"""What a real daemon builds by itself: new files, a schedule, changed bytes, a backfill of dumps."""

from typing import Any

import dagster as dg
import pytest

from tests.factories.waiting import wait_until
from tests.reliability.processes import Place, Services

START_SENSOR = """mutation Start($selector: SensorSelector!) { startSensor(sensorSelector: $selector) {
    __typename ... on PythonError { message } } }"""
START_SCHEDULE = """mutation Start($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) {
    __typename ... on PythonError { message } } }"""
STOP_SCHEDULE = """mutation Stop($id: String!) { stopRunningSchedule(id: $id) {
    __typename ... on PythonError { message } } }"""
SCHEDULES = """query Of($selector: ScheduleSelector!) { scheduleOrError(scheduleSelector: $selector) {
    ... on Schedule { scheduleState { id } } } }"""
BACKFILL = """mutation Fill($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
FRESH = """query Fresh($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { internalFreshnessPolicy { __typename } } } }"""
LOCATION = {"repositoryLocationName": "fustercluck", "repositoryName": "__repository__"}


def turn_on(services: Services, sensor: str) -> None:
    answer = services.ask(START_SENSOR, selector={**LOCATION, "sensorName": sensor})
    assert answer["startSensor"]["__typename"] == "Sensor", answer


def builds(place: Place, key: str, partition: str | None = None) -> int:
    """How often an asset was materialized."""
    records = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(key.split("/")), asset_partitions=[partition] if partition else None
    )
    return len(place.instance.fetch_materializations(records, limit=100).records)


def settled(place: Place) -> bool:
    return bool(place.runs()) and all(run.is_finished for run in place.runs())


def tick(services: Services, name: str, query: str) -> Any:
    return services.ask(query, selector={**LOCATION, "scheduleName": name})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("place", [{}], indirect=True)
def test_daemon_builds(place):
    """Shards follow files; stages follow changed bytes only."""
    (place.fc_home / "inbox").mkdir()
    (place.fc_home / "inbox" / "a.txt").write_text("first words")
    services = Services(place, workspace="automated_workspace.yaml")
    turn_on(services, "inbox")
    turn_on(services, "changed_content")

    # A file in the inbox: the shards are built, and then, because their bytes are new, the stage.
    wait_until(lambda: builds(place, "toy/shards") == 1, "the inbox sensor has the shards built")
    wait_until(lambda: builds(place, "toy/stages/one") == 1, "new bytes ask for the stage")
    assert place.metrics("toy/stages/one")["documents"] == 1
    wait_until(lambda: settled(place), "nothing runs")

    # Renamed: the source is built again, its bytes are equal, and no stage is asked for.
    (place.fc_home / "inbox" / "a.txt").rename(place.fc_home / "inbox" / "b.txt")
    wait_until(lambda: builds(place, "toy/shards") == 2, "the sensor asks for the shards again")

    # The schedule: nothing has changed, so nothing but the shards is looked at.
    answer = tick(services, "toy_shards_schedule", START_SCHEDULE)["startSchedule"]
    assert answer["__typename"] == "ScheduleStateResult", answer
    wait_until(lambda: builds(place, "toy/shards") >= 3, "a tick of the schedule has the shards built")
    state = tick(services, "toy_shards_schedule", SCHEDULES)["scheduleOrError"]["scheduleState"]
    services.ask(STOP_SCHEDULE, id=state["id"])
    wait_until(lambda: settled(place), "nothing runs")
    assert builds(place, "toy/stages/one") == 1

    # Other words: the stage is built once more, and only once.
    (place.fc_home / "inbox" / "c.txt").write_text("other words")
    wait_until(lambda: builds(place, "toy/stages/one") == 2, "changed bytes ask for the stage")
    assert place.metrics("toy/stages/one")["documents"] == 2

    # A backfill from the UI: every dump its own partition.
    params = {"assetSelection": [{"path": ["corpus", "c", "dumps", "filtered"]}], "partitionNames": ["one", "two"]}
    answer = services.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    for partition in ("one", "two"):
        wait_until(lambda name=partition: builds(place, "corpus/c/dumps/filtered", name) == 1, f"dump {partition}")
    wait_until(lambda: settled(place), "nothing runs")
    assert {run.status.value for run in place.runs()} == {"SUCCESS"}

    fresh = services.ask(FRESH, key={"path": ["toy", "shards"]})["assetNodeOrError"]["internalFreshnessPolicy"]
    assert fresh["__typename"] == "TimeWindowFreshnessPolicy"
    services.stop()
