"""Secrets, workspace webhooks and the workspace's settings.

Source: elevenlabs.io/docs, API reference: workspace secrets, workspace webhooks, settings (2026-11).
"""

from typing import Any

from tests.fakes.elevenlabs.merge import merged
from tests.fakes.elevenlabs.routes import Ask, Operation
from tests.fakes.elevenlabs.rules import Json, refused
from tests.fakes.elevenlabs.schema import filled, named
from tests.fakes.elevenlabs.state import Secret, Webhook, Workspace, page_of

SETTINGS = named("GetConvAISettingsResponseModel")


def _secret(space: Workspace, ask: Ask) -> Secret:
    secret = space.secrets.get(ask.params["secret_id"])
    if secret is None:
        raise refused(404, "secret_not_found", "Secret not found")
    return secret


def _stored(space: Workspace, secret: Secret) -> Json:
    users = [
        {
            "type": "available",
            "id": agent_id,
            "name": space.agents[agent_id]["name"],
            "created_at_unix_secs": space.agents[agent_id]["metadata"]["created_at_unix_secs"],
            "access_level": "admin",
            "referenced_resource_ids": [],
        }
        for agent_id in space.agents_with("secret_id", secret.id)
    ]
    others = ["conversation_initiation_webhook"]
    used_by = {
        "tools": [],
        "agents": users,
        "phone_numbers": [],
        "others": others if space.is_in_settings("secret_id", secret.id) else [],
    }
    whole = {"type": "stored", "secret_id": secret.id, "name": secret.name, "used_by": used_by}
    return dict(filled(named("ConvAIWorkspaceStoredSecretConfig"), whole))


def _create_secret(space: Workspace, ask: Ask) -> Json:
    secret_id = space.add_secret(ask.body["name"], ask.body["value"])
    return {"type": "stored", "secret_id": secret_id, "name": ask.body["name"]}


def _list_secrets(space: Workspace, ask: Ask) -> Json:
    wanted = ask.query.get("search", "")
    found = [s for s in space.secrets.values() if s.name.startswith(wanted)]
    rows, cursor = page_of(found, ask.query, 100)
    return {"secrets": [_stored(space, s) for s in rows], "next_cursor": cursor}


def _get_secret(space: Workspace, ask: Ask) -> Json:
    return _stored(space, _secret(space, ask))


def _update_secret(space: Workspace, ask: Ask) -> Json:
    secret = _secret(space, ask)
    secret.name, secret.value = ask.body["name"], ask.body["value"]
    return {"type": "stored", "secret_id": secret.id, "name": secret.name}


def _delete_secret(space: Workspace, ask: Ask) -> None:
    secret = _secret(space, ask)
    used_by = _stored(space, secret)["used_by"]
    if used_by["agents"] or used_by["others"]:
        raise refused(space.in_use_status, "secret_in_use", "Secret is in use by other resources")
    del space.secrets[secret.id]


# -- webhooks ----------------------------------------------------------------------------


def _webhook(space: Workspace, ask: Ask) -> Webhook:
    webhook = space.webhooks.get(ask.params["webhook_id"])
    if webhook is None:
        raise refused(404, "webhook_not_found", "Webhook not found")
    return webhook


def _usage(space: Workspace, webhook: Webhook) -> list[Json]:
    kinds = []
    if space.agents_with("post_call_webhook_id", webhook.id):
        kinds.append({"usage_type": "ConvAI Agent Settings"})
    if space.is_in_settings("post_call_webhook_id", webhook.id):
        kinds.append({"usage_type": "ConvAI Settings"})
    return kinds


def _create_webhook(space: Workspace, ask: Ask) -> Json:
    told = ask.body["settings"]
    if not told["webhook_url"].startswith("https://"):
        raise refused(400, "invalid_webhook_url", "Webhook URL must be HTTPS")
    webhook = space.webhooks[space.add_webhook(told["name"], told["webhook_url"])]
    webhook.request_headers = told.get("request_headers")
    return {"webhook_id": webhook.id, "webhook_secret": webhook.secret}


def _list_webhooks(space: Workspace, ask: Ask) -> Json:
    with_usages = ask.query.get("include_usages", "false").lower() == "true"

    def row(webhook: Webhook) -> Json:
        return {
            "name": webhook.name,
            "webhook_id": webhook.id,
            "webhook_url": webhook.url,
            "is_disabled": webhook.is_disabled,
            "is_auto_disabled": False,
            "created_at_unix": webhook.created_at_s,
            "auth_type": "hmac",
            "usage": _usage(space, webhook) if with_usages else None,
            "events": webhook.events if with_usages else None,
            "most_recent_failure_error_code": None,
            "most_recent_failure_timestamp": None,
        }

    return {"webhooks": [row(webhook) for webhook in space.webhooks.values()]}


def _update_webhook(space: Workspace, ask: Ask) -> Json:
    webhook = _webhook(space, ask)
    webhook.name, webhook.is_disabled = ask.body["name"], ask.body["is_disabled"]
    if "request_headers" in ask.body:
        webhook.request_headers = ask.body["request_headers"]
    if ask.body.get("retry_enabled") is not None:
        webhook.retry_enabled = ask.body["retry_enabled"]
    if ask.body.get("events") is not None:
        webhook.events = list(ask.body["events"])
    return {"status": "ok"}


def _delete_webhook(space: Workspace, ask: Ask) -> Json:
    webhook = _webhook(space, ask)
    if _usage(space, webhook):
        raise refused(space.in_use_status, "webhook_in_use", "Webhook is in use")
    del space.webhooks[webhook.id]
    return {"status": "ok"}


# -- settings --------------------------------------------------------------------------------


def _get_settings(space: Workspace, ask: Ask) -> Json:
    return space.settings


def _update_settings(space: Workspace, ask: Ask) -> Json:
    space.check_references(ask.body)
    changed: Any = merged(SETTINGS, space.settings, ask.body, maps=space.maps)
    space.settings = filled(SETTINGS, changed)
    return space.settings


_SECRETS, _SECRET = "/v1/convai/secrets", "/v1/convai/secrets/{secret_id}"
_HOOKS, _HOOK = "/v1/workspace/webhooks", "/v1/workspace/webhooks/{webhook_id}"

OPERATIONS = (
    Operation("POST", _SECRETS, "convai_write", _create_secret),
    Operation("GET", _SECRETS, "convai_read", _list_secrets),
    Operation("GET", _SECRET, "convai_read", _get_secret),
    Operation("PATCH", _SECRET, "convai_write", _update_secret),
    Operation("DELETE", _SECRET, "convai_write", _delete_secret),
    Operation("POST", _HOOKS, "workspace_write", _create_webhook),
    Operation("GET", _HOOKS, "workspace_read", _list_webhooks),
    Operation("PATCH", _HOOK, "workspace_write", _update_webhook),
    Operation("DELETE", _HOOK, "workspace_write", _delete_webhook),
    Operation("GET", "/v1/convai/settings", "convai_read", _get_settings),
    Operation("PATCH", "/v1/convai/settings", "convai_write", _update_settings),
)
