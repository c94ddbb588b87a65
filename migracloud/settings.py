"""All settings, from the environment (and `.env` in the project's root); README.md lists the variables.

Decides: what each variable sets, with defaults that are safe in production. Not: whether a value is sound
(environment.py) or how PostgreSQL is had (database.py).
"""

import os
import sys
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from migracloud import database, metrics_files
from migracloud.environment import Environment
from migracloud.logs import logging_settings
from migracloud.openapi.config import SPECTACULAR

django_stubs_ext.monkeypatch()  # before any model: type parameters on Django's classes

ROOT = Path(__file__).resolve().parent.parent
env = Environment(ROOT)

# Security: everything is closed unless the environment opens it.

DEBUG = env.truth("DEBUG", False)
SECRET_KEY = env.secret_key()
SECRETS_KEYS = env.secrets_keys()  # seal cluster tokens and mark keys in the database; the first one seals
ALLOWED_HOSTS = env.allowed_hosts(debug=DEBUG)
CSRF_TRUSTED_ORIGINS = env.origins()

# Plain HTTP is for a loopback demo only: cookies without `secure`, no redirect to HTTPS, no HSTS.
INSECURE_HTTP = env.truth("INSECURE_HTTP", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not INSECURE_HTTP
# A proxy that ends TLS has to say so; without this variable a forged header is not believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.truth("BEHIND_TLS_PROXY", False) else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin: its templates; the plain one would replace our site
    "migracloud.admin_config.MigraCloudAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "django_q",
    "core",
    "audit",
    "tenants",
    "ipam",
    "operations",
    "clusters",
    "pods",
    "migracloud",
]

MIDDLEWARE = [
    "migracloud.request_id.RequestId",
    "migracloud.probes.Probes",  # before the host's name is judged and HTTP sent on to HTTPS
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "migracloud.content_security.ContentSecurityPolicy",
    "migracloud.odd_requests.OddRequests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "migracloud.urls"
WSGI_APPLICATION = "migracloud.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# PostgreSQL: site and workers log in as the service role, migrations as the owner (alias `owner`).

# The `database` command itself must not start what it is asked to stop or to describe.
_database_command = len(sys.argv) > 1 and sys.argv[1] == "database"
try:
    _urls = database.urls(env.mapping, database.data_dir(env.mapping), start=not _database_command)
    DATABASES = {"default": database.django_settings(_urls.service)}
    if _urls.owner:
        _owner = database.django_settings(_urls.owner, "DATABASE_OWNER_URL")
        DATABASES["owner"] = {**_owner, "TEST": {"MIRROR": "default"}}
except database.DatabaseError as error:
    raise ImproperlyConfigured(str(error)) from error
EMBEDDED_DATABASE = _urls.embedded
# Of the service only: a migration may hold a transaction for as long as it takes.
DATABASES["default"]["OPTIONS"] = database.with_its_end(DATABASES["default"]["OPTIONS"])
DATABASES["default"]["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}}
for _database in DATABASES.values():
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] |= {"connect_timeout": 10, "application_name": "migracloud"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"  # of Django's own tables; ours have UUIDs

AUTH_USER_MODEL = "tenants.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"  # unfold's login form carries no `next`

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["migracloud.strict_json.StrictJSON"],
    "DEFAULT_PAGINATION_CLASS": "core.pagination.NewestFirst",
    "EXCEPTION_HANDLER": "core.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "migracloud.openapi.schema.TableSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = SPECTACULAR

# Workers: django-q2 carries hints. A task is short (it never sleeps on Proxmox), so its time-out is generous.
WORKERS = env.whole("WORKERS", 2, least=1, most=64)
Q_CLUSTER = {
    "name": "migracloud",
    "orm": "default",
    "workers": WORKERS,
    "timeout": 300,
    "retry": 360,
    "max_attempts": 1,  # the controller sends hints again; a task is never worth a second try
    "ack_failures": True,
    "poll": 0.1,
    "bulk": 1,
    "save_limit": -1,  # results are in our own rows
    "scheduler": False,
    "catch_up": False,
    "label": "Workers",
}

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = env.time_zone()

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / ".data" / "static"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True  # the demo needs no collectstatic

LOG_FORMAT = env.log_format()
LOGGING = logging_settings(LOG_FORMAT, env.log_level())

# /metrics: who has the token, or asks from one of the networks, is answered; nobody when neither is set.
METRICS_TOKEN = env.metrics_token()
METRICS_NETWORKS = env.metrics_networks()
# A heartbeat monitor elsewhere, which hears from a healthy fleet only (monitor.py). Empty: none.
HEARTBEAT_URL = env.heartbeat_url()
HEARTBEAT_PERIOD = env.whole("HEARTBEAT_PERIOD", 60, least=10, most=3600)
# Of prometheus_client, which reads it when it is first imported: where each process keeps what it has counted.
os.environ[metrics_files.VARIABLE] = str(metrics_files.folder_in(database.data_dir(env.mapping)))

from migracloud.unfold import UNFOLD  # noqa: E402, F401  (the admin's dress, in a file of its own)
