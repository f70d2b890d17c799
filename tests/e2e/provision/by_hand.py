"""What somebody changes by hand, in a dashboard or in the state folder."""

from tests.e2e.provision.office import Office


def link_elsewhere(office: Office) -> None:
    (number,) = office.platform.numbers.values()
    number.agent_id = office.platform.add_agent("Other")


def unlink(office: Office) -> None:
    (number,) = office.platform.numbers.values()
    number.agent_id = None


def switch_off(office: Office) -> None:
    (webhook,) = office.platform.webhooks.values()
    webhook.is_disabled = True


def remove_webhook(office: Office) -> None:
    office.platform.webhooks.clear()


def remove_number(office: Office) -> None:
    office.platform.numbers.clear()


def lose_the_webhooks_secret(office: Office) -> None:
    (office.state / "post-call-secret").unlink()
