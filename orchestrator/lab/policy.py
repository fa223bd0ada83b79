"""Changes to the rules and weights of the business."""

from omnisource.models import changes
from omnisource.models.policy import Policy
from omnisource.models.scenario import Scenario
from omnisource.models.world import World
from omnisource.orchestrator.folder.head import validated
from omnisource.orchestrator.lab.rows import Turn


def replace_keys(world: World, change: changes.PolicyChange, _: Turn) -> World:
    """The keys that are named replace those of the policy."""
    return world.replace(scenario=with_keys(world, change.policy, "policy"))


def with_keys(world: World, named: Policy, where: str) -> Scenario:
    """Return the world's scenario under a policy whose stated keys replace its own.

    Raises:
        UnusableInput: a key does not go with what stays.
    """
    keys = {key: getattr(named, key) for key in named.model_fields_set}
    policy = validated(Policy, dict(world.policy) | keys, where)
    return world.scenario.model_copy(update={"policy": policy})
