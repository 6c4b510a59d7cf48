"""The proxies' configuration: rendered, checked by HAProxy, installed, reloaded."""
