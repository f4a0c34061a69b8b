from dataclasses import replace

from sqlalchemy import Connection

from engineroom.model.applications.deployment import Commit, DeploymentStatus
from engineroom.model.ids import new_environment_id, new_organization_id
from engineroom.store.queries import deployments, environments
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_deployment, an_environment

NO_FILTERS = dict.fromkeys(deployments.FILTERS)
SUCCEEDED, FAILED = DeploymentStatus.DEPLOYMENT_SUCCEEDED, DeploymentStatus.DEPLOYMENT_FAILED


def test_a_deployment_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    stored = a_deployment(shop.environment.id, created_at=NOW, build_command="make", uses_octane=True)
    deployments.add(connection, stored)
    assert deployments.find(connection, shop.organization, stored.id) == stored

    failed = replace(
        stored,
        status=FAILED,
        commit=Commit(),
        failure_reason="It did not start.",
        started_at=NOW,
        finished_at=NOW + SECOND,
    )
    deployments.replace(connection, failed)
    assert deployments.find(connection, shop.organization, stored.id) == failed


def test_one_is_found_by_its_organization_until_its_environment_is_deleted(
    connection: Connection, shop: Shop
) -> None:
    stored = a_deployment(shop.environment.id)
    deployments.add(connection, stored)
    assert deployments.find(connection, new_organization_id(), stored.id) is None
    environments.mark_deleted(connection, shop.environment.id, NOW)
    assert deployments.find(connection, shop.organization, stored.id) is None


def test_a_list_is_newest_first_and_filtered(connection: Connection, shop: Shop) -> None:
    for number, (status, branch) in enumerate([(SUCCEEDED, "main"), (FAILED, "next"), (SUCCEEDED, "next")]):
        commit = Commit(hash=str(number))
        at = NOW + number * SECOND
        deployments.add(
            connection,
            a_deployment(shop.environment.id, status=status, branch=branch, commit=commit, created_at=at),
        )

    def listed(**filters: str) -> list[str]:
        page = deployments.page(connection, shop.environment.id, 1, {**NO_FILTERS, **filters})
        return [each.commit.hash for each in page.items]

    assert listed() == ["2", "1", "0"]
    assert listed(status="deployment.succeeded") == ["2", "0"]
    assert listed(branch_name="next", commit_hash="1") == ["1"]
    current = deployments.current(connection, shop.environment.id)
    assert current is not None
    assert current.commit.hash == "2"
    assert [each.commit.hash for each in deployments.newest(connection, shop.environment.id)] == listed()


def test_an_environment_that_was_never_deployed_runs_no_deployment(
    connection: Connection, shop: Shop
) -> None:
    deployments.add(connection, a_deployment(shop.environment.id, status=FAILED))
    assert deployments.current(connection, shop.environment.id) is None
    assert deployments.newest(connection, new_environment_id()) == []


def test_no_more_than_the_newest_are_included_with_an_environment(connection: Connection, shop: Shop) -> None:
    for number in range(deployments.MAX_INCLUDED + 1):
        at = NOW + number * SECOND
        deployments.add(connection, a_deployment(shop.environment.id, created_at=at))
    newest = deployments.newest(connection, shop.environment.id)
    assert [each.created_at for each in newest] == [
        NOW + number * SECOND for number in range(deployments.MAX_INCLUDED, 0, -1)
    ]


def test_those_under_way_are_oldest_first_of_one_environment_or_of_all(
    connection: Connection, shop: Shop
) -> None:
    other = an_environment(shop.application.id, "other")
    environments.add(connection, other)
    running = a_deployment(other.id, status=DeploymentStatus.DEPLOYMENT_RUNNING, created_at=NOW)
    pending = a_deployment(shop.environment.id, created_at=NOW + SECOND)
    for each in (pending, running, a_deployment(other.id, status=SUCCEEDED)):
        deployments.add(connection, each)
    assert deployments.under_way(connection) == [running, pending]
    assert deployments.under_way(connection, other.id) == [running]
