import re
import time

from engineroom.model import ids


def test_ids_have_the_prefix_of_the_contract_and_a_version_7_uuid() -> None:
    """Contract sheet, section 1.10."""
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(f"process-{uuid}", ids.new_background_process_id())
    assert re.fullmatch(f"inst-{uuid}", ids.new_instance_id())
    assert re.fullmatch(f"env-{uuid}", ids.new_environment_id())
    assert re.fullmatch(f"app-{uuid}", ids.new_application_id())
    assert re.fullmatch(f"org-{uuid}", ids.new_organization_id())


def test_later_ids_sort_behind_earlier_ones() -> None:
    earlier = ids.uuid7()
    time.sleep(0.002)
    assert earlier < ids.uuid7()
