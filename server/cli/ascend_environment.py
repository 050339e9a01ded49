"""The environment of CANN and the SDK, for `doctor` and for ATC; server/settings.py has the settings of this project."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class AscendEnvironment(BaseSettings):
    """The variables of set_env.sh of CANN and of the SDK, and others that affect them, as far as `doctor` checks them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    path: str = ""
    ld_library_path: str = ""
    pythonpath: str = ""
    ascend_toolkit_home: str = ""
    ascend_home_path: str = ""
    ascend_visible_devices: str = ""
    ascend_docker_runtime: str = ""
    mx_sdk_home: str = ""
    gst_plugin_path: str = ""
    gst_plugin_scanner: str = ""
    gst_registry: str = ""
    gst_registry_1_0: str = ""
    xdg_cache_home: str = ""
    home: str = ""
    tmpdir: str = ""

    def variables(self) -> dict[str, str]:
        """The variables by their names in the environment."""
        return {name.upper(): value for name, value in self.model_dump().items()}
