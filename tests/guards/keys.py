"""Keys that open nothing: made at random from the formats that providers describe.

No key stands in a file, so that no scanner takes the tests for a leak.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from zlib import crc32

BASE62 = digits + ascii_uppercase + ascii_lowercase
ALPHABETS = {
    "d": digits,
    "h": digits + "abcdef",
    "H": digits + "ABCDEF",
    "a": BASE62,
    "l": digits + ascii_lowercase,
    "u": digits + ascii_uppercase,
    "L": ascii_letters,
    "w": BASE62 + "_-",
    "b": BASE62 + "+/",
    "2": ascii_uppercase + "234567",
    "5": ascii_lowercase + "234567",
    "g": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
UUID = "{h8}-{h4}-{h4}-{h4}-{h12}"
SHAPES = {
    "AWS_ACCESS_KEY_ID": ["AKIA{216}", "ASIA{216}"],
    "AWS_SECRET_ACCESS_KEY": ["aws_secret_access_key = {b40}", '"SecretAccessKey": "{b40}"', "AWS_SECRET_ACCESS_KEY={b40}"],
    "AWS_BEDROCK_API_KEY": ["ABSK" + "QmVkcm9ja0FQSUtleS{b112}=="],
    "GOOGLE_API_KEY": ["AIza{w35}"],
    "GOOGLE_OAUTH_SECRET": ["GOCSPX-{w28}"],
    "GOOGLE_OAUTH_TOKEN": ["ya29.{w150}"],
    "GOOGLE_PRIVATE_KEY_ID": ['"type": "service_account", "private_key_id": "{h40}"'],
    "AZURE_STORAGE_KEY": ["DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={b86}==;EndpointSuffix=core.windows.net"],
    "AZURE_SHARED_ACCESS_KEY": ["Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=all;SharedAccessKey={b43}="],
    "AZURE_SAS_SIGNATURE": ["https://shop.blob.core.windows.net/a?sv=2023-01-03&sp=r&sig={a43}%3D"],
    "AZURE_CLIENT_SECRET": ["AZURE_CLIENT_SECRET={a3}8Q~{w34}", "clientSecret: '{a3}8Q~{w31}'"],
    "ALIBABA_ACCESS_KEY_ID": ["LTAI{a20}"],
    "DIGITALOCEAN_TOKEN": ["dop_v1_{h64}", "doo_v1_{h64}", "dor_v1_{h64}"],
    "HEROKU_API_KEY": [f"HEROKU_API_KEY={UUID}"],
    "HEROKU_TOKEN": ["HRKU-AA{w58}"],
    "CLOUDFLARE_TOKEN": ["CLOUDFLARE_API_TOKEN={w40}"],
    "CLOUDFLARE_API_KEY": ["cloudflare_api_key: {h37}"],
    "CLOUDFLARE_ORIGIN_CA_KEY": ["v1.0-{h24}-{h146}"],
    "FASTLY_TOKEN": ["FASTLY_API_TOKEN={w32}"],
    "NETLIFY_TOKEN": ["nfp_{a36}"],
    "FLY_TOKEN": ["FlyV1 fm2_{b200}"],
    "RENDER_API_KEY": ["rnd_{a28}"],
    "YANDEX_TOKEN": ["AQVN{w36}"],
    "DATABRICKS_TOKEN": ["dapi{h32}", "dapi{h32}-2"],
    "GITHUB_TOKEN": ["ghp_{crc}", "gho_{crc}", "ghu_{crc}", "ghs_{crc}", "ghr_{crc}"],
    "GITHUB_FINE_GRAINED_TOKEN": ["github_pat_{a22}_{a59}"],
    "GITLAB_TOKEN": ["glpat-{w20}", "gldt-{w20}", "glrt-{w20}", "glpat-{w27}.{l2}.{l9}"],
    "BITBUCKET_APP_PASSWORD": ["ATBB{a24}{H8}"],
    "NPM_TOKEN": ["npm_{crc}"],
    "PYPI_TOKEN": ["pypi-AgEI" + "cHlwaS5vcmc{w140}"],
    "RUBYGEMS_API_KEY": ["rubygems_{h48}"],
    "CRATES_TOKEN": ["cio{a32}"],
    "CLOJARS_TOKEN": ["CLOJARS_{h60}"],
    "DOCKER_TOKEN": ["dckr_pat_{w27}", "dckr_oat_{w32}"],
    "NUGET_API_KEY": ["oy2{543}"],
    "JFROG_API_KEY": ["AKCp{a69}"],
    "SOURCEGRAPH_TOKEN": ["sgp_{h40}", "sgp_{h16}_{h40}"],
    "BUILDKITE_TOKEN": ["bkua_{h40}"],
    "CIRCLECI_TOKEN": ["CCIPAT_{a22}_{h40}"],
    "SONAR_TOKEN": ["squ_{h40}", "sqp_{h40}"],
    "POSTMAN_API_KEY": ["PMAK-{h24}-{h34}"],
    "TYPEFORM_TOKEN": ["tfp_{w59}"],
    "STRIPE_KEY": ["sk_live_{a24}", "sk_test_{a99}", "rk_live_{a99}"],
    "STRIPE_WEBHOOK_SECRET": ["whsec_{a32}"],
    "SHOPIFY_TOKEN": ["shpat_{h32}", "shpca_{h32}", "shppa_{h32}", "shpss_{h32}"],
    "SQUARE_TOKEN": ["EAAA{w60}"],
    "SQUARE_SECRET": ["sq0csp-{w43}", "sq0atp-{w22}"],
    "PAYPAL_BRAINTREE_TOKEN": ["access_token$production${l16}${h32}"],
    "EASYPOST_KEY": ["EZAK{a54}", "EZTK{a54}"],
    "FLUTTERWAVE_KEY": ["FLWSECK_TEST-{h32}-X", "FLWSECK-{h32}-X"],
    "PAYSTACK_KEY": ["sk_live_{h40}"],
    "RAZORPAY_KEY_ID": ["rzp_live_{a14}"],
    "PLAID_SECRET": ["PLAID_SECRET={h30}"],
    "PLAID_ACCESS_TOKEN": [f"access-production-{UUID}"],
    "SHIPPO_TOKEN": ["shippo_live_{h40}"],
    "VAULT_TOKEN": ["hvs.{w90}", "hvb.{w150}"],
    "VAULT_LEGACY_TOKEN": ["VAULT_TOKEN=s.{a24}"],
    "TERRAFORM_TOKEN": ["{a14}.atlasv1.{a67}"],
    "PULUMI_TOKEN": ["pul-{h40}"],
    "DOPPLER_TOKEN": ["dp.pt.{a43}", "dp.st.prd.{a43}"],
    "INFISICAL_TOKEN": ["st.{h24}.{h32}.{h32}"],
    "AGE_SECRET_KEY": ["AGE-SECRET-KEY-1{g58}"],
    "TAILSCALE_KEY": ["tskey-auth-{a17}-{a32}", "tskey-api-{a17}-{a32}"],
    "ONEPASSWORD_SERVICE_TOKEN": ["ops_eyJ{a800}"],
    "ONEPASSWORD_SECRET_KEY": ["A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}"],
    "SUPABASE_TOKEN": ["sbp_{h40}"],
    "SUPABASE_SECRET_KEY": ["sb_secret_{w22}_{a8}"],
    "PLANETSCALE_TOKEN": ["pscale_tkn_{a43}", "pscale_pw_{a43}", "pscale_oauth_{a43}"],
    "NEON_API_KEY": ["napi_{l64}"],
    "PREFECT_API_KEY": ["pnu_{a36}"],
    "SCALEWAY_ACCESS_KEY": ["SCW{u17}"],
    "DYNATRACE_TOKEN": ["dt0c01.{u24}.{u64}"],
    "OKTA_TOKEN": ["Authorization: SSWS: 00{w40}", "OKTA_API_TOKEN=00{w40}"],
    "SNYK_TOKEN": [f"SNYK_TOKEN={UUID}"],
    "SLACK_TOKEN": ["xoxb-{d12}-{d12}-{a24}", "xoxp-{d12}-{d12}-{d12}-{h32}", "xoxa-2-{d12}-{d12}-{d12}-{h32}"],
    "SLACK_APP_TOKEN": ["xapp-1-A{u10}-{d13}-{h64}"],
    "SLACK_WEBHOOK": ["https://hooks.slack.com/services/T{u8}/B{u10}/{a24}"],
    "DISCORD_BOT_TOKEN": ["M{a23}.{a6}.{w27}", "N{a25}.{a6}.{w38}"],
    "DISCORD_WEBHOOK": ["https://discord.com/api/webhooks/{d18}/{w68}"],
    "TEAMS_WEBHOOK": [f"https://acme.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{{h32}}/{UUID}"],
    "TELEGRAM_BOT_TOKEN": ["{d10}:AA{w33}"],
    "TWILIO_AUTH_TOKEN": ["TWILIO_AUTH_TOKEN={h32}"],
    "TWILIO_API_KEY": ["SK{h32}"],
    "TWILIO_ACCOUNT_SID": ["AC{h32}"],
    "SENDGRID_API_KEY": ["SG.{w22}.{w43}"],
    "MAILGUN_API_KEY": ["key-{h32}"],
    "MAILCHIMP_API_KEY": ["{h32}-us12"],
    "BREVO_API_KEY": ["xkeysib-{h64}-{a16}"],
    "RESEND_API_KEY": ["re_{a8}_{a24}"],
    "FACEBOOK_TOKEN": ["EAAB{a180}"],
    "INTRA42_SECRET": ["s-s4t2ud-{h64}"],
    "OPENAI_API_KEY": ["sk-{a20}T3BlbkFJ{a20}", "sk-proj-{w74}T3BlbkFJ{w74}", "sk-svcacct-{w58}T3BlbkFJ{w58}"],
    "ANTHROPIC_API_KEY": ["sk-ant-api03-{w93}AA", "sk-ant-admin01-{w93}AA"],
    "OPENROUTER_API_KEY": ["sk-or-v1-{h64}"],
    "DEEPSEEK_API_KEY": ["sk-{h32}"],
    "HUGGING_FACE_TOKEN": ["hf_{L34}", "api_org_{L34}"],
    "REPLICATE_TOKEN": ["r8_{a37}"],
    "GROQ_API_KEY": ["gsk_{a52}"],
    "XAI_API_KEY": ["xai-{a80}"],
    "PERPLEXITY_API_KEY": ["pplx-{a48}"],
    "NVIDIA_API_KEY": ["nvapi-{w64}"],
    "PINECONE_API_KEY": ["pcsk_{a6}_{a63}"],
    "LANGSMITH_API_KEY": ["lsv2_pt_{h32}_{h10}"],
    "LANGFUSE_SECRET_KEY": [f"sk-lf-{UUID}"],
    "E2B_API_KEY": ["e2b_{h40}"],
    "TAVILY_API_KEY": ["tvly-{a32}", "tvly-dev-{a32}"],
    "FIREWORKS_API_KEY": ["fw_{a24}"],
    "COHERE_API_KEY": ["CO_API_KEY={a40}", "cohere_api_key: '{a40}'"],
    "MISTRAL_API_KEY": ["MISTRAL_API_KEY={a32}"],
    "TOGETHER_API_KEY": ["TOGETHER_API_KEY={h64}"],
    "WANDB_API_KEY": ["export WANDB_API_KEY={h40}"],
    "DATADOG_API_KEY": ["DD_API_KEY={h32}", "datadog_api_key: {h32}"],
    "DATADOG_APP_KEY": ["DD_APP_KEY={h40}"],
    "NEW_RELIC_KEY": ["NRAK-{u27}"],
    "GRAFANA_CLOUD_TOKEN": ["glc_eyJ{a120}=="],
    "GRAFANA_SERVICE_TOKEN": ["glsa_{a32}_{h8}"],
    "SENTRY_TOKEN": ["sntryu_{h64}"],
    "SENTRY_ORG_TOKEN": ["sntrys_eyJ{a140}_{b43}", "sntrys_eyJ{a142}==_{b43}"],
    "POSTHOG_KEY": ["phx_{a43}"],
    "LAUNCHDARKLY_KEY": [f"sdk-{UUID}", f"api-{UUID}"],
    "HONEYCOMB_KEY": ["hcaik_{l58}"],
    "AIRTABLE_TOKEN": ["pat{a14}.{h64}"],
    "ATLASSIAN_TOKEN": ["ATATT3{w180}={H8}"],
    "ATLASSIAN_CONNECT_SECRET": ["ATCTT3{w180}={H8}"],
    "ASANA_TOKEN": ["1/{d16}:{h32}", "2/{d16}/{d16}:{h32}"],
    "DROPBOX_TOKEN": ["sl.{w135}", "sl.u.{w800}"],
    "FIGMA_TOKEN": ["figd_{w40}"],
    "LINEAR_API_KEY": ["lin_api_{a40}"],
    "NOTION_TOKEN": ["ntn_{d11}{a35}"],
    "NOTION_SECRET": ["secret_{a43}"],
    "MAPBOX_SECRET_TOKEN": ["sk.eyJ1{a80}.{w22}"],
    "HUBSPOT_TOKEN": [f"pat-na1-{UUID}"],
    "CONTENTFUL_TOKEN": ["CFPAT-{w43}"],
    "FRAMEIO_TOKEN": ["fio-u-{w64}"],
    "README_API_KEY": ["rdme_{l70}"],
    "CLICKUP_TOKEN": ["pk_{d8}_{u32}"],
    "ALGOLIA_ADMIN_KEY": ["ALGOLIA_ADMIN_KEY={h32}"],
    "ZENDESK_TOKEN": ["ZENDESK_API_TOKEN={a40}"],
    "PRIVATE_KEY": [
        "-----BEGIN RSA PRIVATE KEY-----\n{b64}\n{b64}\n{b40}\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{b70}\n{b70}\n-----END OPENSSH PRIVATE KEY-----",
        '"-----BEGIN PRIVATE KEY-----\\n{b64}\\n{b64}\\n-----END PRIVATE KEY-----\\n"',
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 2\n\n{b64}\n{b64}\n={b4}\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
    "JWT": ["{jwt}"],
    "CONNECTION_STRING": [
        "postgres://shop:{a16}@db.internal:5432/shop", "mysql+pymysql://root:{a12}@10.0.0.74/shop",
        "mongodb+srv://app:{a20}@cluster0.mongodb.net", "redis://:{a24}@cache:6379/0", "amqps://mq:{a16}@mq.internal",
        "https://deploy:{a20}@git.internal/shop.git",
    ],
    "BASIC_AUTH": ["Authorization: Basic {basic}"],
    "BEARER_TOKEN": ["Authorization: Bearer {w40}", "'authorization': 'bearer {h48}'"],
    "PASSWORD": ["password = '{mix12}'", "DB_PASSWORD={mix16}", '"password": "{mix10}"', "pwd: {mix14}", "smtpPassword := {mix12}"],
    "SECRET": [
        "api_key = '{a32}'", "client_secret: {w40}", "X-Api-Key: {h40}", "JWT_SECRET={a48}", '"accessToken": "{w64}"',
        "secret_key => '{b50}'", "token={h40}&page=2",
    ],
}  # fmt: skip
"""What each kind looks like. `{h40}` stands for forty characters of the alphabet `h`."""


def checksummed(rng: Random) -> str:
    body = "".join(rng.choices(BASE62, k=30))
    value, check = crc32(body.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        check = BASE62[digit] + check
    return body + check


def jwt(rng: Random) -> str:
    parts = [b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"%d","admin":true}' % rng.getrandbits(40), rng.randbytes(32)]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def mixed(rng: Random, length: int) -> str:
    """A password of `length` different characters: of both cases, digits and signs."""
    signs = rng.sample("!#%*+-", 2)
    chars = signs + rng.sample(ascii_lowercase, 3) + rng.sample(ascii_uppercase, 2) + rng.sample(digits[2:], length - 7)
    rng.shuffle(chars)
    return "Q" + "".join(chars[1:]) if not chars[0].isalnum() else "".join(chars)


def made(shape: str, seed: int) -> str:
    """A text of a shape."""
    rng = Random(f"{shape} {seed}")

    def expand(match: re.Match[str]) -> str:
        what = match[1]
        if what == "crc":
            return checksummed(rng)
        if what == "jwt":
            return jwt(rng)
        if what == "basic":
            return b64encode(f"shop:{mixed(rng, 12)}".encode()).decode()
        if what.startswith("mix"):
            return mixed(rng, min(int(what[3:]), 14))
        body = "".join(rng.choices(ALPHABETS[what[0]], k=int(what[1:]) - 1))
        return body + rng.choice([char for char in ALPHABETS[what[0]] if char.isalnum()])

    return re.sub(r"\{(\w+)\}", expand, shape)
