"""What the specification has is served, or known not to be."""

import coverage_table
from specification import operations


def test_every_operation_is_served_or_listed_with_a_reason(cluster):
    served = {operation.id for operation in operations().values() if operation.key in coverage_table.routes(cluster.programs)}
    listed = set(coverage_table.reasons())
    assert listed <= set(operations()), "not operations of the specification"
    assert not served & listed, "served, and listed as not served"
    assert not set(operations()) - served - listed, "neither served nor listed"


def test_the_table_is_up_to_date(cluster):
    assert coverage_table.DOCUMENT.read_text() == coverage_table.table(cluster.programs), "run 'make coverage'"
