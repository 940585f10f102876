"""What each kind of credential looks like, and what only looks like one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from genai_guard.guards import Secrets
from genai_guard.guards.credentials import CREDENTIALS
from guards.keys import ALPHABETS, SHAPES, made

GUARD = Secrets(action="flag")
REDACTING = Secrets()
AROUND = [
    ("", ""),
    ("Use ", " for now."),
    ("key: '", "'\n"),
    ("(", ")"),
    ("`", "`,"),
    ("é", " é"),
    ("a\n", "\nb"),
    ('{"k":"', '"}'),
]


@pytest.mark.parametrize(("kind", "shape"), [(kind, shape) for kind, shapes in SHAPES.items() for shape in shapes])
def test_a_credential_is_found_in_the_form_that_its_provider_describes(kind: str, shape: str) -> None:
    guard = Secrets([kind], action="flag")
    for seed, (before, after) in enumerate(AROUND):
        text = before + made(shape, seed) + after
        found = [finding.category for finding in guard.check(text).findings]
        assert found == [kind], text


@pytest.mark.parametrize(("kind", "shape"), [(kind, shape) for kind, shapes in SHAPES.items() for shape in shapes])
def test_nothing_of_a_credential_is_left_by_redact(kind: str, shape: str) -> None:
    text = f"{made(shape, 1)}\n"
    (finding,) = Secrets([kind], action="flag").check(text).findings
    secret = finding.of(text)[CREDENTIALS[kind].context(finding.of(text)) :]
    assert len(secret) >= 8
    assert secret not in REDACTING.check(text).text


def test_every_kind_is_tried() -> None:
    assert set(SHAPES) == set(CREDENTIALS)
    assert len(CREDENTIALS) >= 60


@pytest.mark.parametrize(
    "kind", [kind for kind, shapes in SHAPES.items() if not any("{crc}" in each for each in shapes)]
)
def test_a_credential_that_is_one_character_too_long_is_another_thing(kind: str) -> None:
    rule = CREDENTIALS[kind].rule
    if not rule.max_length or rule.max_length - 2 != rule.min_length:
        return
    text = made(SHAPES[kind][0], 0)
    assert Secrets([kind], action="flag").check(f"{text}x {text}-a").findings == ()


@pytest.mark.parametrize("kind", ["GITHUB_TOKEN", "NPM_TOKEN"])
def test_a_wrong_checksum_is_no_token(kind: str) -> None:
    for shape in SHAPES[kind]:
        token = made(shape, 3)
        wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
        assert GUARD.check(f"{token} {wrong}").findings[0].of(f"{token} {wrong}") == token
        assert len(GUARD.check(f"{token} {wrong}").findings) == 1


def random(alphabet: str, length: int, seed: int = 0) -> str:
    return "".join(Random(seed).choices(ALPHABETS[alphabet], k=length))


HASHES = [
    f"{before}{random('h', length, length)}{after}"
    for length in (32, 40, 56, 64, 96, 128)
    for before, after in [
        ("", ""), ("commit ", "\n"), ("sha256:", ""), ("md5 = ", ""), ('"hash": "', '"'), ('etag: W/"', '"'), ("ETag=", ""),
        ("image@sha256:", ""), ("fingerprint ", " ok"), ("index ", "..HEAD 100644"), ("/objects/", "/raw"),
    ]
]  # fmt: skip
UUIDS = [
    f"{before}{random('h', 8, seed)}-{random('h', 4)}-4{random('h', 3)}-a{random('h', 3)}-{random('h', 12, seed)}{after}"
    for seed in range(3)
    for before, after in [
        ("", ""), ("id=", ""), ("request_id: ", ""), ('"trace_id": "', '"'), ("token: ", ""), ("user ", " left"), ("urn:uuid:", ""),
        ("secret=", ""), ("/v1/jobs/", "/logs"), ("{", "}"),
    ]
]  # fmt: skip
LOCKS = [
    f'"integrity": "sha512-{random("b", 86)}==",',
    f"integrity sha512-{random('b', 86, 1)}==",
    f'"resolved": "https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz#{random("h", 40)}",',
    f'{{file = "regex-2024.11.6.tar.gz", hash = "sha256:{random("h", 64)}"}},',
    f"    --hash=sha256:{random('h', 64, 2)} \\",
    f"golang.org/x/net v0.33.0 h1:{random('b', 43)}=",
    f"golang.org/x/net v0.33.0/go.mod h1:{random('b', 43, 1)}=",
    f'checksum = "{random("h", 64, 3)}"',
    f'source = "registry+https://github.com/rust-lang/crates.io-index#{random("h", 40, 4)}"',
    f"  revision: {random('h', 40, 5)}\n  specs:\n    rails (7.1.2)",
    f'lodash@^4.17.21:\n  version "4.17.21"\n  integrity sha1-{random("b", 27)}=',
    f'"_resolved": "git+ssh://git@github.com/org/repo.git#{random("h", 40, 6)}"',
    f'<script src="a.js" integrity="sha384-{random("b", 64)}" crossorigin="anonymous"></script>',
    f"FROM python:3.11@sha256:{random('h', 64, 7)}",
    f"- uses: actions/checkout@{random('h', 40, 8)} # v4",
]
BLOBS = [
    f"data:image/png;base64,iVBORw0KGgo{random('b', 900)}==",
    f'<img src="data:image/jpeg;base64,/9j/{random("b", 600)}=">',
    f"url(data:font/woff2;base64,d09GMg{random('b', 700)})",
    f'"image": "{random("b", 800)}="',
    f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{random('b', 43)} bob",
    f"ssh-rsa AAAAB3NzaC1yc2E{random('b', 356)} bob",
    f"-----BEGIN CERTIFICATE-----\n{random('b', 64)}\n{random('b', 64, 1)}\n-----END CERTIFICATE-----",
    f"-----BEGIN PUBLIC KEY-----\n{random('b', 64)}\n{random('b', 64, 1)}\n-----END PUBLIC KEY-----",
    f"-----BEGIN PGP SIGNATURE-----\n\n{random('b', 64)}\n={random('b', 4)}\n-----END PGP SIGNATURE-----",
    f"//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpb{random('b', 300)}",
    f"Content-Transfer-Encoding: base64\n\n{random('b', 76)}\n{random('b', 76, 1)}\n{random('b', 40)}==",
]
PLACEHOLDERS = [
    "AKIA" + "IOSFODNN7EXAMPLE", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "api_key = '<your-token>'",
    "password=changeme", "password: changeme123", "password = 'your_password_1'", "PASSWORD=********", "token = 'xxxxxxxxxxxxxxxx'",
    "API_KEY=your-api-key-here-123", "secret: ${JWT_SECRET_2024}", "password: {{ vault_password_1 }}", "password=$DB_PASSWORD_1",
    "password = os.environ['DB_PASSWORD']", "token: ${{ secrets.GITHUB_TOKEN }}", "api_key=process.env.OPENAI_API_KEY",
    "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx", "sk_test_...", "AIzaSy...",
    "glpat-xxxxxxxxxxxxxxxxxxxx", "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "password='<password>'",
    "postgres://user:password@localhost/db", "postgres://user:${PASSWORD}@db/x", "redis://:{password}@cache", "https://user:pass@example.com",
    "mysql://root:<password>@host", "mongodb://user:xxxxx@host", "Authorization: Bearer <token>", "Authorization: Bearer $TOKEN",
    "Authorization: Basic <credentials>", "Bearer YOUR_ACCESS_TOKEN_GOES_HERE", "dapi0000000000" + "0000000000000000000000",
    "SK00000000000000000000000000000000", "key-12345678901234567890123456789012", "password=example-password-123", "secret_key=REDACTED-2024",
    "eyJhbGciOi...", "token = abcdefghijklmnop1234567890",
]  # fmt: skip
CODE = [
    "password = getpass.getpass('Password: ')", "const token = await getAccessToken(user.id2);", "self.password = password1", "token: string;",
    "secret = request.headers.get('X-Secret')", "api_key: str | None = None", "token_type: bearer", "passwd:x:1000:1000::/home/x:/bin/sh",
    "def reset_password(token: ResetToken2) -> None:", "password_field = By.ID", "if (password.length < 12) throw new Error('too short')",
    "tokens = tokenizer.encode(text, max_length=512)", "max_tokens=4096, temperature=0.2", "token = tokens[index_12345678]",
    "password: z.string().min(8).max(128)", '<input type="password" id="password-field-2">', "secret: false", "pass: 17, fail: 0",
    ".btn-primary-outline-2x:hover{background-color:#ff8000;transition:all .2s ease-in-out}", "api_key=settings.api_keys.primary1",
    "grid-template-columns:repeat(auto-fill,minmax(240px,1fr));", "function e(t,n){return t[n]||(t[n]=Object.create(null))}",
    '!function(t,e){"object"==typeof exports&&"undefined"!=typeof module?e(exports):e((t=self).x={})}(this,function(t){});',
    "get_user_by_email_address_and_tenant_id_v2(request)", "org.springframework.web.servlet.mvc.method.annotation",
    "sk_live_mode_enabled = True", "npm_config_cache_folder_for_all_users_of_this", "hf_hub_download(repo_id, filename)",
    "key-value-store-of-the-session-backend", "sk-learn and scikit-learn", "github_pat_format", "AKIA is the prefix of access keys",
    "EAAA is no word", "SKU1234567890", "ACCOUNT_NUMBER_OF_THE_CUSTOMER_1", "CLOUDFLARE_API_TOKEN=", "password:", "password=\n",
    "token: Optional[str] = Field(default=None)", "--password-stdin", "docker login -u bob --password-stdin",
    "private_key: ed25519.Ed25519PrivateKey",
    "credential: _win32typing.PyCredHandle",
    "passphrase: ask the office", "Secret: the trick is to rest the dough", "password: at least 12 characters, one digit",
    "The access token expires_in: 3600", "auth_token_ttl_seconds=86400000", "private_key: /etc/ssl/private/server1.key",
    "credentials: 'same-origin-2'", "signing_key: arn:aws:kms:eu-west-1:111122223333:key/x", "secret: https://vault.internal/v1/x1",
    "https://example.com:8443/a@b", "http://localhost:3000/@scope/pkg", "ssh://git@github.com:22/org/repo", "git@github.com:org/repo.git",
    "The basic authentication scheme", "a basic understanding of it", "bearer of good news and of standing ovations", "Basic plan: 20 EUR",
    "eyJ is how base64 of JSON begins", "a.b.c eyJhbGciOiJub25l", "1/2 cup; 3/4 tsp: mix", "12345678:AAPL shares", "T0/B0 hooks.slack.com",
]  # fmt: skip
LOGS = [
    "2026-11-21T10:30:45.123456Z INFO [worker-17] GET /api/v1/orders/79190?page=2&size=50 200 12ms trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "Nov 21 10:30:45 host sshd[812]: Accepted publickey for bob from 10.0.0.74 port 51234 ssh2: ED25519 SHA256:"
    + random("b", 43),
    "diff --git a/x.py b/x.py\nindex 4f2a9c1..8b7d6f5 100644\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,4 @@\n+token_count = 12",
    "s3://bucket-of-the-shop/2026/11/21/part-00000-" + random("h", 8) + "-c000.snappy.parquet",
    "arn:aws:iam::111122223333:role/service-role/AWSGlueServiceRoleDefault",
    "requestId=" + random("u", 26) + " spanId=" + random("h", 16),
    "Set-Cookie: theme=dark; Path=/; HttpOnly; SameSite=Lax",
    "chunk-" + random("u", 8) + ".js 143.2 kB | main." + random("h", 20) + ".css 12 kB",
    "Docker image ghcr.io/org/app:v1.2.3-" + random("h", 7) + " pushed",
    "msg_"
    + random("a", 24)
    + " chatcmpl-"
    + random("a", 29)
    + " req_"
    + random("h", 32)
    + " cus_"
    + random("a", 14)
    + " pi_"
    + random("a", 24),
    "pk_live_" + random("a", 24) + " pk_test_" + random("a", 24) + " pk.eyJ1IjoiYm9iIn0." + random("w", 22),
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ and https://docs.google.com/document/d/1" + random("w", 43) + "/edit",
    "0x" + random("h", 64) + " 0x" + random("h", 40),
    "bc1q" + random("l", 38) + " and 1" + random("a", 33),
    "The meeting of the internationalization-and-localization-working-group is at ten.",
]
NEGATIVES = [*HASHES, *UUIDS, *LOCKS, *BLOBS, *PLACEHOLDERS, *CODE, *LOGS]


@pytest.mark.parametrize("text", NEGATIVES)
def test_what_only_looks_like_a_credential_is_left_alone(text: str) -> None:
    assert [(finding.rule, finding.of(text)) for finding in GUARD.check(text).findings] == []


def test_there_are_enough_negatives() -> None:
    contexts = ["{}", "see {} there", "x = '{}'", "  - {}\n"]
    texts = {context.format(text) for text in [*HASHES, *UUIDS, *LOCKS, *BLOBS, *LOGS] for context in contexts}
    assert len(texts | {*NEGATIVES}) >= 2 * sum(map(len, SHAPES.values()))
    assert [GUARD.check(text).findings for text in texts] == [()] * len(texts)


def test_the_reference_names_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/guards/secrets.md").read_text(encoding="utf-8")
    assert [kind for kind in CREDENTIALS if f"`{kind}`" not in page] == []
